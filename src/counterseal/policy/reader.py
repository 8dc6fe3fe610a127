"""The policy file → `Policy`, strictly: an unknown key is an error with the near miss (docs/policy-reference.md).

Knows no rule: the table of rules comes in as an argument. Reads no file: the bytes come from a recorded
commit of the protected branch (R03).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

from counterseal.formats import digests, names, yaml
from counterseal.identifiers import POLICY_API_VERSION
from counterseal.model import EMERGENCY_HOLD, Person, Policy, Predecessor, RuleUse, Stage
from counterseal.policy import emergency, identities, redaction

if TYPE_CHECKING:
    from counterseal.policy.rule import RuleSpec

#: The random part of the ledger id in our pages' example, which is nobody's ledger.
EXAMPLE_RANDOM: Final = "5d1c0a4be29f43d1b6a7c8d9e0f1a2b3"


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


def load(data: bytes, *, rules: Mapping[str, RuleSpec], name: str = "policy.yml") -> Policy:
    """Return the policy in `data`.

    Args:
        data: The file as it lies in git; the policy's digest is its sha256.
        rules: Every rule by name.
        name: Name of the file, for messages.

    Raises:
        PolicyError: It is no valid policy; the message begins with `NAME:LINE:COLUMN: `.
    """
    root = yaml.mapping(yaml.load(data, name), "the policy")
    version = root.items.get("apiVersion")
    if version is not None and yaml.text(version, "apiVersion") != POLICY_API_VERSION:
        raise version.place.error(f"this counterseal reads {POLICY_API_VERSION} only", fix="upgrade counterseal")
    required = ("apiVersion", "ledger", "people", "identities", "stages")
    fields = yaml.fields(root, "the policy", required, ("publish-names", "redact", "emergency"))
    ledger_id, predecessor = _ledger(fields["ledger"])
    groups = _people(fields["people"], ledger_id.partition("/")[0])
    builder, gate = identities.load(fields["identities"], ledger_id)
    publish_names, hold = fields.get("publish-names"), emergency.longest_hold(fields.get("emergency"))
    return Policy(
        ledger_id=ledger_id,
        groups=groups,
        builder=builder,
        gate=gate,
        stages=_stages(fields["stages"], groups, rules),
        publish_names=yaml.boolean(publish_names, "publish-names") if publish_names else False,
        digest=digests.sha256(data),
        redact=redaction.read(fields.get("redact")),
        predecessor=predecessor,
        emergency_hold=hold or EMERGENCY_HOLD,
        states_hold=hold is not None,
    )


# --- the parts -------------------------------------------------------------------------------


def _ledger(node: yaml.Node) -> tuple[str, Predecessor | None]:
    fields = yaml.fields(node, "ledger", ("id",), ("predecessor",))
    fix = "take the one that `counterseal policy check --new-ledger-id HOST/REPOSITORY-ID` prints"
    text = _ledger_id(fields["id"], "ledger.id", fix)
    return text, _predecessor(fields["predecessor"], text) if "predecessor" in fields else None


def _ledger_id(node: yaml.Node, name: str, fix: str) -> str:
    text = yaml.text(node, name)
    if not names.LEDGER_ID.fits(text):
        what = f"{yaml.shown(text)} is not a ledger id"
        raise node.place.error(what, why=f"it is {names.LEDGER_ID.words}", fix=fix)
    return text


def _predecessor(node: yaml.Node, own: str) -> Predecessor:
    """Return the ledger that this one follows, as far as people say that it counts."""
    fix = "take id, sequence and head from `counterseal log verify --format json` of the old ledger"
    fields = yaml.fields(node, "ledger.predecessor", ("id", "sequence", "head"))
    text = _ledger_id(fields["id"], "ledger.predecessor.id", fix)
    if text == own:
        why = "a ledger that goes on has no new id"
        raise fields["id"].place.error("a ledger cannot follow itself", why=why, fix="choose a new ledger.id")
    head = yaml.text(fields["head"], "ledger.predecessor.head")
    if not digests.is_sha256(head):
        raise fields["head"].place.error(
            f"{yaml.shown(head)} is not the head of a ledger", why=f"it is a sha256: {digests.HEX256.words}", fix=fix
        )
    return Predecessor(text, yaml.number(fields["sequence"], "ledger.predecessor.sequence", 0), head)


def _people(node: yaml.Node, host: str) -> dict[str, tuple[Person, ...]]:
    people = yaml.mapping(node, "people")
    if not people.items:
        raise people.place.error("people needs at least one group", fix="maintainers: [{id: 1001, login: alice}]")
    groups = {}
    for name, entry in people.items.items():
        _check_name(name, people.keys[name], names.GROUP)
        seen: dict[tuple[str, int], yaml.Place] = {}
        members = []
        for item in yaml.sequence(entry, f"the group {name}").items:
            member = _member(item, host)
            if first := seen.get(member.key):
                raise item.place.error(
                    f"{member.login} ({member.host} id {member.id}) appears twice in {name}",
                    why=f"first in line {first.line}",
                    fix="remove one of them",
                )
            seen[member.key] = item.place
            members.append(member)
        if not members:
            raise entry.place.error(f"the group {name} is empty", fix="list its members or remove it")
        groups[name] = tuple(members)
    return groups


def _member(node: yaml.Node, host: str) -> Person:
    fields = yaml.fields(node, "a member", ("id", "login"), ("host",))
    login, own_host = yaml.text(fields["login"], "login"), host
    if not names.LOGIN.fits(login):
        raise fields["login"].place.error(f"{yaml.shown(login)} is not a login")
    if "host" in fields:
        own_host = yaml.text(fields["host"], "host")
        if not names.HOST.fits(own_host):
            raise fields["host"].place.error(f"{yaml.shown(own_host)} is not a host", fix="write it like github.com")
    return Person(own_host, yaml.number(fields["id"], "id"), login)


# --- stages and rules ------------------------------------------------------------------------


def _stages(
    node: yaml.Node, groups: Mapping[str, tuple[Person, ...]], rules: Mapping[str, RuleSpec]
) -> tuple[Stage, ...]:
    entries = yaml.mapping(node, "stages")
    if not entries.items:
        raise entries.place.error("stages needs at least one stage")
    done: list[Stage] = []
    for name, entry in entries.items.items():
        _check_name(name, entries.keys[name], names.STAGE)
        fields = yaml.fields(entry, f"the stage {name}", ("rules",), ("after", "publish"))
        after = _after(name, fields.get("after"), entries, [stage.name for stage in done])
        publish = yaml.boolean(fields["publish"], "publish") if "publish" in fields else False
        uses = _rules(yaml.mapping(fields["rules"], "rules"), groups, rules)
        done.append(Stage(name, after, publish, uses))
    return tuple(done)


def _after(name: str, node: yaml.Node | None, entries: yaml.Mapping, above: list[str]) -> str | None:
    """Return the stage before this one. It stands above, so there are no cycles; only the first has none."""
    if node is None:
        if above:
            raise entries.keys[name].error(
                f"the stage {name} does not say after which stage it comes",
                why="only the first stage has none before it",
                fix=f"after: {above[-1]}",
            )
        return None
    after = yaml.text(node, "after")
    if after in above:
        return after
    if not above:
        raise node.place.error(f"the first stage, {name}, has no stage before it", fix="remove `after`")
    if after in entries.items:
        why = "it is the stage itself" if after == name else "it stands below; a stage comes after one above it"
        raise node.place.error(f"{name} cannot come after {after}", why=why)
    raise node.place.error(f"unknown stage {yaml.shown(after)}", fix=yaml.near(after, above))


def _rules(
    node: yaml.Mapping, groups: Mapping[str, tuple[Person, ...]], rules: Mapping[str, RuleSpec]
) -> tuple[RuleUse, ...]:
    uses = []
    choosable = [spec.name for spec in rules.values() if not spec.always]
    for name, entry in node.items.items():
        spec = rules.get(name)
        if spec is None:
            raise node.keys[name].error(f"unknown rule {yaml.shown(name)}", fix=yaml.near(name, choosable))
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


def _options(node: yaml.Node, spec: RuleSpec) -> tuple[Any, yaml.Mapping]:
    entries = yaml.mapping(node, f"the options of {spec.name}")
    hints = get_type_hints(spec.options)
    fields = {
        field.metadata.get("key", field.name.replace("_", "-")): field for field in dataclasses.fields(spec.options)
    }
    required = [
        key
        for key, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    nodes = yaml.fields(node, spec.name, required, [key for key in fields if key not in required])
    values = {}
    for key, item in nodes.items():
        least = fields[key].metadata.get("least", 1)
        values[fields[key].name] = _converted(item, _present(hints[fields[key].name]), key, least)
    return spec.options(**values), entries


def _present(hint: Any) -> Any:
    """Return the type of an option that is there: one that may be None is None where it is left out."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return kinds[0] if NoneType in get_args(hint) and len(kinds) == 1 else hint


def _converted(node: yaml.Node, hint: Any, key: str, least: int = 1) -> Any:
    if hint is int:
        return yaml.number(node, key, least)
    if hint is bool:
        return yaml.boolean(node, key)
    if hint is str:
        return yaml.text(node, key)
    if hint == tuple[str, ...]:
        return tuple(text for text, _ in yaml.texts(node, key))
    if hint == Mapping[str, int]:
        return {name: yaml.number(item, name) for name, item in yaml.mapping(node, key).items.items()}
    raise TypeError(f"option {key}: a policy cannot hold {hint}")


def _check_name(text: str, place: yaml.Place, grammar: names.Grammar) -> None:
    if not grammar.fits(text):
        raise place.error(f"{yaml.shown(text)} is not a name for a {grammar.name}", why=grammar.words)
