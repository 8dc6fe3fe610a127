"""Writes the JSON Schemas of our formats from the types that are written and read (`make docs`).

Members, lists, words and nulls follow from the types. What a type cannot say stands in one table here, `MEMBERS`, and
not in `typing.Annotated` at the types: `model/` lies below `formats/`, so its types may not know a grammar. The
grammars are those of the readers. Formats that no record is by itself have their shapes in `schema_shapes.py`, the pins
in `schema_pins.py`.
`--check` writes nothing and exits with 1 if a file would change.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools import schema_builds as builds
from tools import schema_pins as pins
from tools import schema_shapes as shapes
from tools.format_examples import pretty
from tools.schema_writer import Note, Schema, Style, Writer, pattern, words

from counterseal import ledger
from counterseal.evaluation import evidence
from counterseal.formats import digests, event_request, manifest, names, subject
from counterseal.formats.inputs import matrix, observation
from counterseal.formats.rebuilding import result
from counterseal.history import events
from counterseal.ledger import entry
from counterseal.model import LedgerLink, Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = Path(__file__).resolve().parents[1] / "src" / "counterseal" / "formats" / "schemas"


@dataclass(frozen=True)
class Format:
    """What a schema describes, who reads it, and what no type says of the whole."""

    title: str
    shape: type
    style: Style
    more: Schema = field(default_factory=dict)


def _notes(notes: tuple[Note, ...], *members: str) -> dict[str, tuple[Note, ...]]:
    return dict.fromkeys(members, notes)


_LINE: Final = names.Grammar("line", r"[^\n\r]+", f"one line, at most {ledger.MAX_LINE} bytes")
#: What the text or the number in a member has to be, by the member or, where that is not enough, by type and member.
MEMBERS: Final[Mapping[str, tuple[Note, ...]]] = {
    **_notes((digests.HEX256,), "sha256", "digest", "forge_digest", "manifest_digest", "policy_digest", "bundle"),
    **_notes((digests.HEX256,), "entry_id", "previous", "root_hash", "peaks", "hashes", "EntryReference.line"),
    **_notes((digests.HEX256,), "Manifest.sbom", "Manifest.input_matrix", "Publication.manifest", "Decision.abandoned"),
    **_notes((digests.HEX256,), "PromotionRequest.manifest", "PromotionRequest.policy"),
    **_notes((digests.REVISION,), "revision", "merge_revision", "base_revision", "tag_revision", "head", "end"),
    **_notes(({"minimum": 1},), "id", "number", "release", "repository_id", "InclusionProof.tree_size"),
    **_notes((), "Actor.id", "Review.id", "Merge.number", "RequestUse.id"),
    **_notes((names.LEDGER_ID,), "ledger_id", "LedgerLink.id"),
    **_notes((names.REF,), "ref", "base_ref"),
    "default_ref": (names.REF, {"pattern": "^refs/heads/"}),
    "host": (names.HOST,),
    "Repository.name": (names.REPOSITORY,),
    "Person.login": (names.LOGIN,),
    "tag": (names.TAG,),
    "Candidate.tag": (),  # as the forge says
    "PinnedAsset.name": (names.FILE,),
    "PinnedCandidate.assets": ({"minItems": 1, "maxItems": 4 * subject.MAX_SUBJECTS},),
    "ListedSubject.name": (names.ARTIFACT,),
    "ManifestFile.subjects": ({"minItems": 1, "maxItems": subject.MAX_SUBJECTS},),
    "ManifestFile.schema": ({"const": manifest.SCHEMA},),
    "InputMatrix.schema": ({"const": matrix.SCHEMA},),
    "ObservationFile.steps": ({"minItems": 1, "maxItems": observation.MAX_STEPS},),
    "Used.kind": ("action", "workflow", "image", "local", "project", "component", "remote", "template"),
    "ObservationFile.schema": ({"const": observation.SCHEMA},),
    "EvidenceFile.schema": ({"const": evidence.SCHEMA},),
    "EvidenceFile.permissions": (tuple(permission.name.lower() for permission in Permission),),
    "RebuildFile.schema": ({"const": result.SCHEMA},),
    "RebuiltFile.name": (names.FILE,),
    "ProofFile.schema": ({"const": entry.PROOF_SCHEMA},),
    **_notes((_LINE, {"maxLength": ledger.MAX_LINE}), "ProvenLine.line", "VouchingLine.line", "StateCopy.line"),
    "StateCopy.document": (_LINE,),
    **_notes((names.STAGE,), "PromotionRequest.stage", "Publication.stage"),
    "PromotionRequest.reason": (names.REASON,),
    "PromotionRequest.request_id": (names.REQUEST_ID,),
    "EventRequest.kind": (event_request.KINDS,),
    "EventRequest.entries": (digests.HEX256, {"maxItems": event_request.MAX_ENTRIES}),
    "EventRequest.policy": (digests.HEX256,),
    "EventRequest.reason": (names.REASON,),
    "EventRequest.request_id": (names.REQUEST_ID,),
}
#: Types that are read otherwise than the document that they stand in.
OTHER_STYLES: Final = {LedgerLink: Style.WRITTEN, shapes.TrustConfig: Style.OPEN}


def _bodies() -> Schema:
    """Return which body an event of each kind has."""
    kinds = {kind.value: {"$ref": f"#/$defs/{kind.value}"} for kind in events.EventKind}
    return {"oneOf": [{"properties": {"kind": {"const": kind}, "body": body}} for kind, body in kinds.items()]}


def _issuers(grammar: names.Grammar) -> Schema:
    return {"properties": {"issuers": {"additionalProperties": {"type": "string", "pattern": pattern(grammar)}}}}


_BY_WORLD: Final = {
    "if": {"properties": {"sandbox": {"const": True}}},
    "then": _issuers(names.SANDBOX_ISSUER),
    "else": _issuers(names.ISSUER),
}
FORMATS: Final = {
    "build-v1": Format("build file", builds.BuildFileShape, Style.BY_HAND),
    "consume-v1": Format("pins", pins.PinsFile, Style.BY_HAND),
    "decision-v1": Format("decision", shapes.DecisionPredicate, Style.OPEN),
    "event-v1": Format("event", shapes.EventPredicate, Style.OPEN, _bodies()),
    "event-request-v1": Format("request for an event", shapes.EventRequestDocument, Style.WRITTEN),
    "evidence-v1": Format("evidence", evidence.EvidenceFile, Style.WRITTEN),
    "input-matrix-v1": Format("input matrix", matrix.InputMatrix, Style.WRITTEN),
    "ledger-proof-v1": Format("ledger proof", entry.ProofFile, Style.WRITTEN),
    "manifest-v1": Format("manifest", manifest.ManifestFile, Style.WRITTEN),
    "observation-v1": Format("observation of a build", observation.ObservationFile, Style.WRITTEN),
    "policy-v1": Format("policy", shapes.PolicyFile, Style.BY_HAND),
    "rebuild-v1": Format("comparison of a second build", result.RebuildPredicate, Style.OPEN),
    "rebuild-result-v1": Format("result of a second build", result.RebuildFile, Style.WRITTEN),
    "request-v1": Format("promotion request", shapes.RequestDocument, Style.WRITTEN),
    "trust-v1": Format("trust document", shapes.TrustFile, Style.WRITTEN, _BY_WORLD),
}


def schema(name: str) -> Schema:
    """Return the schema of a format."""
    form = FORMATS[name]
    writer = Writer(form.style, MEMBERS, OTHER_STYLES)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://counterseal.dev/schemas/{name}.json",
        "title": f"counterseal {form.title}",
        "description": words(form.shape, whole=True),
        **writer.members(form.shape),
        **form.more,
        "$defs": dict(sorted(writer.definitions.items())),
    }


def main(arguments: list[str]) -> int:
    """Write or check the files; return the exit code."""
    wanted = {FOLDER / f"{name}.json": pretty(schema(name)) + "\n" for name in FORMATS}
    texts = {path: path.read_text() for path in FOLDER.glob("*.json")}
    if "--check" in arguments:
        return int(texts != wanted)
    for path in texts.keys() - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
