"""The part `identities` of a policy file: who may build and who may decide, never the same (R34).

Forms and what they mean: docs/policy-reference.md. Where a certificate is held against them: `identity.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal import digests, yaml_subset
from counterseal.forges import ForgeKind, kind_of, ref_matches
from counterseal.model import BuilderIdentity, GateIdentity, OwnGate
from counterseal.yaml_subset import Scalar

if TYPE_CHECKING:
    from counterseal.yaml_subset import Node

_WORKFLOW = re.compile(r"\.github/workflows/[A-Za-z0-9_][A-Za-z0-9._-]*\.ya?ml\Z")
_REF_PATTERN = re.compile(r"refs/(?:heads|tags)/[A-Za-z0-9._/*+-]+\Z")
_PIPELINE = re.compile(r"(?!.*\.\.)(?:[A-Za-z0-9_.-]+/)*\.?[A-Za-z0-9_][A-Za-z0-9._-]*\.ya?ml\Z")
_BRANCH = re.compile(r"refs/heads/[A-Za-z0-9._/+-]+\Z")
_BUILDER_FORM: Final = {
    ForgeKind.GITHUB: ("workflow", "workflow", _WORKFLOW, ".github/workflows/release.yml"),
    ForgeKind.GITLAB: ("file", "pipeline", _PIPELINE, ".gitlab-ci.yml"),
}


def load(node: Node, ledger_id: str) -> tuple[BuilderIdentity, GateIdentity]:
    """Return builder and gate of a policy for the ledger of this id, which says at which forge they are.

    Raises:
        PolicyError: They are not usable, or one identity for both.
    """
    identities = yaml_subset.fields(node, "identities", ("builder", "gate"))
    builder = _builder(identities["builder"], ledger_id.split("/", maxsplit=1)[0])
    return builder, _gate(identities["gate"], ledger_id, builder)


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
