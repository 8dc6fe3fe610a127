"""What the ledger holds: lines, their place and the proof of their past."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.model.certificates import Attestation


@dataclass(frozen=True, slots=True)
class LedgerLink:
    """The `ledger` member of every predicate that we record: place in the ledger and proof of its past.

    `sequence` counts from 0; `previous` is the sha256 of the line before (None: genesis); the RFC 6962
    tree of `tree_size` lines before this one has `root_hash`, and `peaks` are the roots of its perfect
    subtrees, largest first (all hex).
    """

    id: str
    entry_id: str
    sequence: int
    previous: str | None
    tree_size: int
    root_hash: str
    peaks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger that was verified as an attestation; `line` are its bytes without newline."""

    line: bytes
    attestation: Attestation
    link: LedgerLink


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as a store holds it: the key of its note (40 hex digits) and its bytes."""

    note: str
    line: bytes


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """What a store holds, unverified: tips of notes ref and mirror (None: absent), and the lines at the notes' tip.

    `removed` names what the mirror's history once had and its tip has not (None: nothing),
    with the commit that removed it.
    """

    notes: str | None
    mirror: str | None
    lines: tuple[StoredLine, ...]
    removed: str | None = None


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """RFC 6962 section 2.1.1: `hashes` (hex) lead from the leaf at `index` to `root_hash` of `tree_size` leaves."""

    index: int
    tree_size: int
    root_hash: str
    hashes: tuple[str, ...]
