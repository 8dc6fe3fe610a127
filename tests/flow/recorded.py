"""What the ledger at the forge says, read from the repository's own disk and verified by nobody."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from counterseal.formats import digests
from counterseal.identifiers import NOTES_REF
from counterseal.ledger import merkle
from counterseal_sandbox.demo.site import NAME

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld


def lines(world: FlowWorld) -> list[str]:
    """Return the lines of all notes."""
    git = world.sandbox.forge.repository(NAME).git
    listed = (line.split() for line in git.text("ls-tree", "-r", NOTES_REF).splitlines())
    blobs = [blob for _, _, blob, path in listed if not path.startswith("evidence/")]
    return [line for blob in blobs for line in git.text("cat-file", "blob", blob).splitlines() if line]


def payload(line: str) -> bytes:
    """Return what a line's signature is about."""
    return base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"])


def statements(world: FlowWorld) -> list[dict[str, Any]]:
    """Return what each entry says, in their order."""
    said: list[dict[str, Any]] = [json.loads(payload(line)) for line in lines(world)]
    return sorted(said, key=lambda statement: int(statement["predicate"]["ledger"]["sequence"]))


def ordered(world: FlowWorld) -> list[bytes]:
    """Return the lines in the order of their entries."""
    placed = {json.loads(payload(line))["predicate"]["ledger"]["sequence"]: line for line in lines(world)}
    return [placed[number].encode() for number in range(len(placed))]


def events(world: FlowWorld) -> list[str]:
    """Return the kinds of the entries that are no decisions, in their order."""
    said = (statement["predicate"] for statement in statements(world))
    return [predicate["kind"] for predicate in said if "kind" in predicate]


def next_place(world: FlowWorld) -> dict[str, Any]:
    """Return the place of the next entry, as somebody who can count would write it."""
    written = ordered(world)
    peaks: tuple[bytes, ...] = ()
    for size, line in enumerate(written):
        peaks = merkle.append(peaks, size, merkle.leaf(line))
    return {
        "entryId": "e1" * 32,
        "sequence": len(written),
        "treeSize": len(written),
        "previous": digests.sha256(written[-1]),
        "rootHash": merkle.root_of_peaks(peaks).hex(),
        "peaks": [peak.hex() for peak in peaks],
    }
