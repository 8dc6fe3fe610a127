"""The policy file → `Policy`, strictly: an unknown key is an error with the near miss (docs/policy-reference.md).

Knows no rule: the table of rules comes in as an argument. Reads no file: the bytes come from a recorded
commit of the protected branch (R03).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping as MappingType
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from counterseal import digests, yaml_subset
from counterseal.forges import ForgeKind, kind_of, ref_matches
from counterseal.identifiers import POLICY_API_VERSION
from counterseal.model import BuilderIdentity, GateIdentity, Member, OwnGate, Policy, RuleUse, Stage
from counterseal.yaml_subset import Mapping, Node, Place, Scalar

if TYPE_CHECKING:
    from counterseal.rule import RuleSpec

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::[1-9][0-9]{0,4})?\Z")
_LEDGER_ID = re.compile(r"([a-z0-9.:-]+)/([1-9][0-9]{0,18})/[0-9a-f]{32}\Z")
_LOGIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253})(?:\[bot\])?\Z")
_WORKFLOW = re.compile(r"\.github/workflows/[A-Za-z0-9_][A-Za-z0-9._-]*\.ya?ml\Z")
_REF_PATTERN = re.compile(r"refs/(?:heads|tags)/[A-Za-z0-9._/*+-]+\Z")
_PIPELINE = re.compile(r"(?!.*\.\.)(?:[A-Za-z0-9_.-]+/)*\.?[A-Za-z0-9_][A-Za-z0-9._-]*\.ya?ml\Z")
_BUILDER_FORM: Final = {
    ForgeKind.GITHUB: ("workflow", "workflow", _WORKFLOW, ".github/workflows/release.yml"),
    ForgeKind.GITLAB: ("file", "pipeline", _PIPELINE, ".gitlab-ci.yml"),
}
_BRANCH = re.compile(r"refs/heads/[A-Za-z0-9._/+-]+\Z")


def new_ledger_id(host: str, repository_id: int, random_bytes: bytes) -> str:
    """Return an id for a new ledger: host, repository id and 128 random bits.

    Args:
        host: The forge, such as `github.com`.
        repository_id: The repository's number there.
        random_bytes: 16 bytes from a good source.
    """
    if len(random_bytes) != 16:
        raise ValueError("a ledger id has 128 random bits")
    return f"{host}/{repository_id}/{random_bytes.hex()}"


def load(data: bytes, *, rules: MappingType[str, RuleSpec], name: str = "policy.yml") -> Policy:
    """Return the policy in `data`.

    Args:
        data: The file as it lies in git; the policy's digest is its sha256.
        rules: Every rule by name.
        name: Name of the file, for messages.

    Raises:
        PolicyError: It is no valid policy; the message begins with `NAME:LINE:COLUMN: `.
    """
    root = yaml_subset.mapping(yaml_subset.load(data, name), "the policy")
    version = root.items.get("apiVersion")
    if version is not None and yaml_subset.text(version, "apiVersion") != POLICY_API_VERSION:
        raise version.place.error(f"this counterseal reads {POLICY_API_VERSION} only", fix="upgrade counterseal")
    required = ("apiVersion", "ledger", "people", "identities", "stages")
    fields = yaml_subset.fields(root, "the policy", required, ("publish-names",))
    ledger_id, host = _ledger(fields["ledger"])
    groups = _people(fields["people"], host)
    identities = yaml_subset.fields(fields["identities"], "identities", ("builder", "gate"))
    publish_names = fields.get("publish-names")
    return Policy(
        ledger_id=ledger_id,
        groups=groups,
        builder=(builder := _builder(identities["builder"], host)),
        gate=_gate(identities["gate"], ledger_id, builder),
        stages=_stages(fields["stages"], groups, rules),
        publish_names=yaml_subset.boolean(publish_names, "publish-names") if publish_names else False,
        digest=digests.sha256(data),
    )


# --- the parts -------------------------------------------------------------------------------


def _ledger(node: Node) -> tuple[str, str]:
    found = yaml_subset.fields(node, "ledger", ("id",))["id"]
    match = _LEDGER_ID.match(text := yaml_subset.text(found, "ledger.id"))
    if not match or not _HOST.match(match.group(1)):
        raise found.place.error(
            f"{yaml_subset.shown(text)} is no ledger id",
            why="it is host/repository id/32 hex digits",
            fix="take the one that `counterseal policy check` prints",
        )
    return text, match.group(1)


def _people(node: Node, host: str) -> dict[str, tuple[Member, ...]]:
    people = yaml_subset.mapping(node, "people")
    if not people.items:
        raise people.place.error("people needs at least one group", fix="maintainers: [{id: 1001, login: alice}]")
    groups = {}
    for name, entry in people.items.items():
        _check_name(name, people.keys[name], "group")
        seen: dict[tuple[str, int], Place] = {}
        members = []
        for item in yaml_subset.sequence(entry, f"the group {name}").items:
            member = _member(item, host)
            if first := seen.get(member.key):
                raise item.place.error(
                    f"{member.login} ({member.host} id {member.id}) stands twice in {name}",
                    why=f"first in line {first.line}",
                    fix="remove one of them",
                )
            seen[member.key] = item.place
            members.append(member)
        if not members:
            raise entry.place.error(f"the group {name} is empty", fix="list its members or remove it")
        groups[name] = tuple(members)
    return groups


def _member(node: Node, host: str) -> Member:
    fields = yaml_subset.fields(node, "a member", ("id", "login"), ("host",))
    login, own_host = yaml_subset.text(fields["login"], "login"), host
    if not _LOGIN.match(login):
        raise fields["login"].place.error(f"{yaml_subset.shown(login)} is no login")
    if "host" in fields:
        own_host = yaml_subset.text(fields["host"], "host")
        if not _HOST.match(own_host):
            raise fields["host"].place.error(
                f"{yaml_subset.shown(own_host)} is no host", fix="write it like github.com"
            )
    return Member(own_host, yaml_subset.number(fields["id"], "id"), login)


def _builder(node: Node, host: str) -> BuilderIdentity:
    kind = kind_of(host)
    forms = yaml_subset.mapping(node, "identities.builder")
    for other in ForgeKind:
        if other is not kind and other in forms.items:
            raise forms.keys[other].error(
                f"a builder on {other} cannot build for a ledger at {host}", fix=f"write `builder: {{{kind}: …}}`"
            )
    form = yaml_subset.fields(node, "identities.builder", (kind,))[kind]
    key, kind_name, pattern, example = _BUILDER_FORM[kind]
    fields = yaml_subset.fields(form, kind, (key, "refs"))
    file = yaml_subset.text(fields[key], key)
    if not pattern.match(file):
        raise fields[key].place.error(
            f"{yaml_subset.shown(file)} is no {kind_name} file", fix=f"write it like {example}"
        )
    refs = yaml_subset.texts(fields["refs"], "refs")
    for text, place in refs:
        if not _REF_PATTERN.match(text):
            raise place.error(
                f"{yaml_subset.shown(text)} is no full ref", fix="write it like refs/tags/v* or refs/heads/main"
            )
    return BuilderIdentity(file, tuple(text for text, _ in refs))


def _gate(node: Node, ledger_id: str, builder: BuilderIdentity) -> GateIdentity:
    host, number, _ = ledger_id.split("/")
    if kind_of(host) is ForgeKind.GITLAB:
        return GateIdentity(own=_own_gate(node, int(number), builder))
    if isinstance(node, Scalar):
        if node.text != "counterseal":
            raise node.place.error(f"unknown gate {yaml_subset.shown(node.text)}", fix="write `gate: counterseal`")
        return GateIdentity()
    forms = yaml_subset.mapping(node, "identities.gate")
    for own in ForgeKind:
        if own in forms.items:
            raise forms.keys[own].error(
                f"an own gate cannot decide for a ledger at {host}",
                why="there counterseal's reusable workflow can, which a caller cannot alter",
                fix="gate: counterseal",
            )
    form = yaml_subset.fields(node, "identities.gate", ("counterseal",))["counterseal"]
    revisions = yaml_subset.texts(yaml_subset.fields(form, "counterseal", ("revisions",))["revisions"], "revisions")
    for text, place in revisions:
        if not digests.is_revision(text):
            raise place.error(f"{yaml_subset.shown(text)} is no full commit id", why="it has 40 lower-case hex digits")
    return GateIdentity(tuple(text for text, _ in revisions))


def _own_gate(node: Node, project: int, builder: BuilderIdentity) -> OwnGate:
    """Return the gate of a GitLab project: one file at one branch, and never what builds (R34)."""
    if isinstance(node, Scalar):
        raise node.place.error(
            f"the gate {yaml_subset.shown(node.text)} does not exist on GitLab",
            why="GitLab's certificates name the project's own pipeline file, never an included one",
            fix=f"gate: {{gitlab: {{project: {project}, file: .gitlab-ci.yml, ref: refs/heads/main}}}}",
        )
    form = yaml_subset.fields(node, "identities.gate", (ForgeKind.GITLAB,))[ForgeKind.GITLAB]
    fields = yaml_subset.fields(form, "gitlab", ("project", "file", "ref"))
    if (named := yaml_subset.number(fields["project"], "project")) != project:
        raise fields["project"].place.error(
            f"the gate's project is {named}, the ledger's {project}",
            why="a gate in a project of its own is not supported yet",
            fix=f"project: {project}",
        )
    file = yaml_subset.text(fields["file"], "file")
    if not _PIPELINE.match(file):
        raise fields["file"].place.error(
            f"{yaml_subset.shown(file)} is no pipeline file", fix="write it like .gitlab-ci.yml"
        )
    ref = yaml_subset.text(fields["ref"], "ref")
    if not _BRANCH.match(ref):
        raise fields["ref"].place.error(
            f"{yaml_subset.shown(ref)} is no branch",
            why="an own gate runs on one exact branch, never on a tag or a pattern (R34)",
            fix="ref: refs/heads/main",
        )
    if file == builder.workflow and any(ref_matches(pattern, ref) for pattern in builder.refs):
        raise fields["ref"].place.error(
            f"{file} at {ref} is the builder as well",
            why="builder and gate have to be two identities (R34)",
            fix="let the builder run on tags: refs: [refs/tags/v*]",
        )
    return OwnGate(project, file, ref)


# --- stages and rules ------------------------------------------------------------------------


def _stages(
    node: Node, groups: MappingType[str, tuple[Member, ...]], rules: MappingType[str, RuleSpec]
) -> tuple[Stage, ...]:
    entries = yaml_subset.mapping(node, "stages")
    if not entries.items:
        raise entries.place.error("stages needs at least one stage")
    done: list[Stage] = []
    for name, entry in entries.items.items():
        _check_name(name, entries.keys[name], "stage")
        fields = yaml_subset.fields(entry, f"the stage {name}", ("rules",), ("after", "publish"))
        after = _after(name, fields.get("after"), entries, [stage.name for stage in done])
        publish = yaml_subset.boolean(fields["publish"], "publish") if "publish" in fields else False
        uses = _rules(yaml_subset.mapping(fields["rules"], "rules"), groups, rules)
        done.append(Stage(name, after, publish, uses))
    return tuple(done)


def _after(name: str, node: Node | None, entries: Mapping, above: list[str]) -> str | None:
    """Return the stage before this one. It stands above, so there are no cycles; only the first has none."""
    if node is None:
        if above:
            raise entries.keys[name].error(
                f"the stage {name} does not say after which stage it comes",
                why="only the first stage has none before it",
                fix=f"after: {above[-1]}",
            )
        return None
    after = yaml_subset.text(node, "after")
    if after in above:
        return after
    if not above:
        raise node.place.error(f"the first stage, {name}, has no stage before it", fix="remove `after`")
    if after in entries.items:
        why = "it is the stage itself" if after == name else "it stands below; a stage comes after one above it"
        raise node.place.error(f"{name} cannot come after {after}", why=why)
    raise node.place.error(f"unknown stage {yaml_subset.shown(after)}", fix=yaml_subset.near(after, above))


def _rules(
    node: Mapping, groups: MappingType[str, tuple[Member, ...]], rules: MappingType[str, RuleSpec]
) -> tuple[RuleUse, ...]:
    uses = []
    choosable = [spec.name for spec in rules.values() if not spec.always]
    for name, entry in node.items.items():
        spec = rules.get(name)
        if spec is None:
            raise node.keys[name].error(
                f"unknown rule {yaml_subset.shown(name)}", fix=yaml_subset.near(name, choosable)
            )
        if spec.always:
            raise node.keys[name].error(
                f"{name} always applies and cannot be named in a policy", fix="remove this line; it applies anyway"
            )
        options, entries = _options(entry, spec)
        problem = spec.check(options, groups) if spec.check else None
        if problem:
            place = entries.keys.get(problem.key, entries.place)
            raise place.error(problem.what, why=problem.why, fix=problem.fix)
        uses.append(RuleUse(name, options))
    return tuple(uses)


def _options(node: Node, spec: RuleSpec) -> tuple[Any, Mapping]:
    entries = yaml_subset.mapping(node, f"the options of {spec.name}")
    hints = get_type_hints(spec.options)
    fields = {each.metadata.get("key", each.name.replace("_", "-")): each for each in dataclasses.fields(spec.options)}
    required = [
        key
        for key, each in fields.items()
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
    ]
    found = yaml_subset.fields(node, spec.name, required, [key for key in fields if key not in required])
    values = {fields[key].name: _converted(item, hints[fields[key].name], key) for key, item in found.items()}
    return spec.options(**values), entries


def _converted(node: Node, hint: Any, key: str) -> Any:
    if hint is int:
        return yaml_subset.number(node, key)
    if hint is bool:
        return yaml_subset.boolean(node, key)
    if hint is str:
        return yaml_subset.text(node, key)
    if hint == tuple[str, ...]:
        return tuple(text for text, _ in yaml_subset.texts(node, key))
    if hint == MappingType[str, int]:
        return {name: yaml_subset.number(item, name) for name, item in yaml_subset.mapping(node, key).items.items()}
    raise TypeError(f"option {key}: a policy cannot hold {hint}")


def _check_name(text: str, place: Place, what: str) -> None:
    if not _NAME.match(text):
        why = "it has up to 32 characters a-z, 0-9 and -, and begins with a letter"
        raise place.error(f"{yaml_subset.shown(text)} is no name for a {what}", why=why)
