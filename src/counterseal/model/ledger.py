"""What the ledger holds: lines, their place and the proof of their past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterseal.model.certificates import Attestation


@dataclass(frozen=True, slots=True)
class LedgerLink:
    """The `ledger` member of every predicate that we record: its place, and all that it was appended to.

    Attributes:
        format: Revision of how a ledger is kept; an entry of a newer one is not read.
        id: The ledger.
        entry_id: What is recorded, so that it is recorded once.
        sequence: Counts from 0.
        previous: sha256 of the line before (None: genesis).
        commit: The commit that the entry is appended to (None: genesis).
        tree: That commit's tree (None: genesis).
        tree_size: Leaves of the RFC 6962 tree of the lines before this one.
        root_hash: Its root.
        peaks: The roots of its perfect subtrees, largest first (all hex).
        state: sha256 of the state document as it is after this entry.
    """

    format: int
    id: str
    entry_id: str
    sequence: int
    previous: str | None
    commit: str | None
    tree: str | None
    tree_size: int
    root_hash: str
    peaks: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger that was verified as an attestation; `line` are its bytes without newline."""

    line: bytes
    attestation: Attestation
    link: LedgerLink


@dataclass(frozen=True, slots=True)
class LedgerCommit:
    """A commit of the ledger's branch as git has it, unverified.

    `line` (id of the blob that has the line alone) and `since_audit` (how many entries it is after the newest audit)
    are hints in its message: they say what to fetch, and prove nothing.
    """

    id: str
    tree: str
    parents: tuple[str, ...]
    line: str | None
    since_audit: int | None


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be pushed on the ledger's branch.

    Attributes:
        base: Where the branch has to be (None: it is not there yet).
        tree: The tree after the entry.
        objects: Kind and content by id of all trees and blobs that are new, and of those of `base` in their places.
        line: The blob of the line, and `since_audit` how far the newest audit is then: the hints.
        message: For people.
    """

    base: str | None
    tree: str
    objects: Mapping[str, tuple[str, bytes]]
    line: str
    since_audit: int
    message: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """How a push ended: the commit that was to be pushed, whether the remote took it, and what is to be warned of.

    `taken` False: it may or may not be there.
    """

    commit: str
    taken: bool
    warning: str = ""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """RFC 6962 section 2.1.1: `hashes` (hex) lead from the leaf at `index` to `root_hash` of `tree_size` leaves."""

    index: int
    tree_size: int
    root_hash: str
    hashes: tuple[str, ...]
