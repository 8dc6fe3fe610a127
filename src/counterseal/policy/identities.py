"""The part `identities` of a policy file: who may build and who may decide, never the same (R34).

Forms and what they mean: docs/policy-reference.md. Where a certificate is held against them: `evaluation/identity.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.forges import DIALECTS, RUNNERS, ForgeKind, kind_of, ref_matches
from counterseal.formats import digests, names, yaml
from counterseal.model import BuilderIdentity, GateIdentity, OwnGate

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from counterseal.errors import PolicyError

_FORM: Final = {
    ForgeKind.GITHUB: ("workflow", "workflow", names.WORKFLOW_FILE),
    ForgeKind.GITLAB: ("file", "pipeline", names.PIPELINE_FILE),
}
_NAMES: Final = {ForgeKind.GITHUB: "GitHub", ForgeKind.GITLAB: "GitLab"}
_BUILDER_EXAMPLES: Final = {ForgeKind.GITHUB: ".github/workflows/release.yml", ForgeKind.GITLAB: ".gitlab-ci.yml"}
_GATE_EXAMPLES: Final = {ForgeKind.GITHUB: ".github/workflows/promote.yml", ForgeKind.GITLAB: ".gitlab-ci.yml"}


def load(node: yaml.Node, ledger_id: str) -> tuple[BuilderIdentity, GateIdentity]:
    """Return builder and gate of a policy for the ledger of this id, which says at which forge they are.

    Raises:
        PolicyError: They are not usable, or one identity for both.
    """
    identities = yaml.fields(node, "identities", ("builder", "gate"))
    builder = _builder(identities["builder"], ledger_id.split("/", maxsplit=1)[0])
    return builder, _gate(identities["gate"], ledger_id, builder)


def _builder(node: yaml.Node, host: str) -> BuilderIdentity:
    kind = kind_of(host)
    _refuse_other_forges(yaml.mapping(node, "identities.builder"), kind, f"builder: {{{kind}: …}}", host)
    form = yaml.fields(node, "identities.builder", (kind,))[kind]
    key = _FORM[kind][0]
    fields = yaml.fields(form, kind, (key, "refs"), ("triggers", "runners", "environment"))
    file = _file(fields[key], kind, _BUILDER_EXAMPLES[kind])
    refs = yaml.texts(fields["refs"], "refs")
    for text, place in refs:
        if not names.REF_PATTERN.fits(text):
            raise place.error(
                f"{yaml.shown(text)} is not a full ref", fix="write it like refs/tags/v* or refs/heads/main"
            )
    triggers = _words(fields, "triggers", DIALECTS[kind].builder_triggers, ("push",))
    runners = _words(fields, "runners", RUNNERS, ())
    return BuilderIdentity(file, tuple(text for text, _ in refs), triggers, runners, _environment(fields))


def _words(
    fields: Mapping[str, yaml.Node], key: str, known: Collection[str], otherwise: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the words of a list, each of which has to be a known one."""
    if key not in fields:
        return otherwise
    words = yaml.texts(fields[key], key)
    for text, place in words:
        if text not in known:
            raise place.error(f"{yaml.shown(text)} is not known here", fix=yaml.near(text, sorted(known)))
    return tuple(text for text, _ in words)


def _environment(fields: Mapping[str, yaml.Node]) -> str | None:
    return yaml.text(fields["environment"], "environment") if "environment" in fields else None


def _file(node: yaml.Node, kind: ForgeKind, example: str) -> str:
    """Return the file that defines runs."""
    key, kind_name, grammar = _FORM[kind]
    file = yaml.text(node, key)
    if not grammar.fits(file):
        raise node.place.error(f"{yaml.shown(file)} is not a {kind_name} file", fix=f"write it like {example}")
    return file


def _refuse_other_forges(forms: yaml.Mapping, kind: ForgeKind, wanted: str, host: str) -> None:
    for other in ForgeKind:
        if other is not kind and other in forms.items:
            what = wanted.split(":", maxsplit=1)[0]
            raise forms.keys[other].error(
                f"the {what} is configured for {_NAMES[other]}, but the ledger is on {host}", fix=f"write `{wanted}`"
            )


def _gate(node: yaml.Node, ledger_id: str, builder: BuilderIdentity) -> GateIdentity:
    host, number, _ = ledger_id.split("/")
    kind = kind_of(host)
    if isinstance(node, yaml.Scalar):
        if kind is ForgeKind.GITHUB and node.text == "counterseal":
            return GateIdentity()
        raise _unknown_gate(node, kind, number)
    forms = yaml.mapping(node, "identities.gate")
    _refuse_other_forges(forms, kind, f"gate: {{{kind}: …}}", host)
    if kind in forms.items:
        own = yaml.fields(node, "identities.gate", (kind,))[kind]
        return GateIdentity(own=_own_gate(own, kind, int(number), builder))
    known = ("counterseal",) if kind is ForgeKind.GITHUB else (kind,)
    form = yaml.fields(node, "identities.gate", known)["counterseal"]
    revisions = yaml.texts(yaml.fields(form, "counterseal", ("revisions",))["revisions"], "revisions")
    for text, place in revisions:
        if not digests.is_revision(text):
            raise place.error(f"{yaml.shown(text)} is not a full commit id", why="it has 40 lower-case hex digits")
    return GateIdentity(tuple(text for text, _ in revisions))


def _unknown_gate(node: yaml.Scalar, kind: ForgeKind, number: str) -> PolicyError:
    if kind is ForgeKind.GITHUB:
        return node.place.error(f"unknown gate {yaml.shown(node.text)}", fix="write `gate: counterseal`")
    return node.place.error(
        f"the gate {yaml.shown(node.text)} does not exist on GitLab",
        why="GitLab's certificates name the project's own pipeline file, never an included one",
        fix=f"gate: {{gitlab: {{project: {number}, file: .gitlab-ci.yml, ref: refs/heads/main}}}}",
    )


def _own_gate(node: yaml.Node, kind: ForgeKind, number: int, builder: BuilderIdentity) -> OwnGate:
    """Return a gate of the project's own: one file at one branch, and never what builds (R34)."""
    key = _FORM[kind][0]
    project = ["project"] if kind is ForgeKind.GITLAB else []
    fields = yaml.fields(node, kind, (key, "ref", *project), ("environment",))
    if "project" in fields and (named := yaml.number(fields["project"], "project")) != number:
        raise fields["project"].place.error(
            f"the gate's project is {named}, the ledger's {number}",
            why="a gate in a project of its own is not supported yet",
            fix=f"project: {number}",
        )
    file = _file(fields[key], kind, _GATE_EXAMPLES[kind])
    ref = yaml.text(fields["ref"], "ref")
    if not names.BRANCH.fits(ref):
        raise fields["ref"].place.error(
            f"{yaml.shown(ref)} is not a branch",
            why="an own gate runs on one exact branch, never on a tag or a pattern",
            fix="ref: refs/heads/main",
        )
    if file == builder.workflow and any(ref_matches(pattern, ref) for pattern in builder.refs):
        raise fields["ref"].place.error(
            f"{file} at {ref} is the builder as well",
            why="builder and gate have to be two identities",
            fix="let the builder run on tags: refs: [refs/tags/v*]",
        )
    return OwnGate(number, file, ref, _environment(fields))
