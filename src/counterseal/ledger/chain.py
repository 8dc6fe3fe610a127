"""The ledger: a log of signed statements, chained, under one Merkle tree. It knows nothing of decisions.

Each entry carries a signed `LedgerLink`: its sequence, the sha256 of the line before, and size, root and
peaks of the tree of all lines before it. So each entry vouches for its whole past, and these hold for
every ledger that `check` returns:

1. sequences run from 0 without gap or double; sequence = tree size of what came before;
2. `previous`, root and peaks of each entry are what the lines before it give;
3. no entry id appears twice, and all entries name the same ledger.

What the end once was, a ledger cannot tell by itself: a removed tail is found by whoever knew an entry of it (the gate
holds it against the newest release's proof). Formats: docs/formats.md#ledger. Signatures are verified by whoever makes
the entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.errors import LedgerError
from counterseal.formats import digests
from counterseal.identifiers import MIRROR_BRANCH, NOTES_REF
from counterseal.ledger import merkle
from counterseal.ledger.entry import (
    proof_file,
)
from counterseal.model import Entry, InclusionProof, LedgerLink

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The fix where something other than a gate wrote to the ledger, or took something from it.
RESTORE: Final = f"find out who pushed it, then restore {NOTES_REF} and {MIRROR_BRANCH} from a clone that has all"


@dataclass(frozen=True, slots=True)
class Ledger:
    """A checked ledger. `entries` stand in their order; `leaves` and `peaks` are raw hashes. Made by `check` only."""

    id: str
    entries: tuple[Entry, ...]
    leaves: tuple[bytes, ...]
    peaks: tuple[bytes, ...]

    @property
    def root(self) -> str:
        """Return the root over all entries (hex)."""
        return merkle.root_of_peaks(self.peaks).hex()

    @property
    def head(self) -> str | None:
        """Return the sha256 of the last line, or None if there is none."""
        return digests.sha256(self.entries[-1].line) if self.entries else None

    def next_link(self, entry_id: str) -> LedgerLink:
        """Return the place of the next entry.

        Raises:
            LedgerError: An entry with this id is recorded already.
        """
        if entry := self.find(entry_id):
            raise LedgerError(f"entry {entry_id[:12]} is recorded already, at {entry.link.sequence}")
        size = len(self.entries)
        return LedgerLink(self.id, entry_id, size, self.head, size, self.root, tuple(peak.hex() for peak in self.peaks))

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry with this id, or None."""
        return next((entry for entry in self.entries if entry.link.entry_id == entry_id), None)

    def inclusion(self, sequence: int, tree_size: int) -> InclusionProof:
        """Return the proof that entry `sequence` is among the first `tree_size` ones.

        Raises:
            LedgerError: There are no such entries.
        """
        if not 0 <= sequence < tree_size <= len(self.entries):
            raise LedgerError(
                f"no proof of entry {sequence} in {tree_size} entries", why=f"there are {len(self.entries)}"
            )
        leaves = self.leaves[:tree_size]
        hashes = tuple(sibling.hex() for sibling in merkle.inclusion(leaves, sequence))
        return InclusionProof(sequence, tree_size, merkle.root(leaves).hex(), hashes)


def check(entries: Iterable[Entry], ledger_id: str) -> Ledger:
    """Return the ledger that these entries make, whatever order they are handed over in.

    Raises:
        LedgerError: A rule of the module's docstring is broken; the message names the sequence and what differs.
    """
    ordered = sorted(entries, key=lambda entry: entry.link.sequence)
    leaves: list[bytes] = []
    peaks: tuple[bytes, ...] = ()
    previous: str | None = None
    seen: dict[str, int] = {}
    for size, entry in enumerate(ordered):
        link = entry.link
        _check_sequence(size, ordered)
        expected = LedgerLink(
            ledger_id,
            link.entry_id,
            size,
            previous,
            size,
            merkle.root_of_peaks(peaks).hex(),
            tuple(peak.hex() for peak in peaks),
        )
        if link != expected:
            raise _difference(link, expected)
        if link.entry_id in seen:
            raise LedgerError(
                f"entry {size}: its id {link.entry_id[:12]} stands at {seen[link.entry_id]} already", fix=RESTORE
            )
        seen[link.entry_id] = size
        previous = digests.sha256(entry.line)
        leaves.append(merkle.leaf(entry.line))
        peaks = merkle.append(peaks, size, leaves[-1])
    return Ledger(ledger_id, tuple(ordered), tuple(leaves), peaks)


def _check_sequence(size: int, ordered: list[Entry]) -> None:
    sequence = ordered[size].link.sequence
    if sequence == size:
        return
    if sequence < size:
        one, other = digests.sha256(ordered[size - 1].line), digests.sha256(ordered[size].line)
        if one == other:
            raise LedgerError(
                f"entry {sequence}: its line appears twice in the ledger", why=f"sha256 {one}", fix=RESTORE
            )
        raise LedgerError(
            f"entry {sequence}: two entries claim this place, a fork",
            why=f"sha256 {one} and {other}",
            fix=RESTORE,
        )
    raise LedgerError(
        f"entry {size}: it is missing, entry {sequence} comes next",
        why="a note was removed; `git notes prune` does that to notes of objects that are not in the clone",
        fix="fetch refs/notes/counterseal again; if it is missing at the forge, restore it from a copy that you trust",
    )


def _difference(link: LedgerLink, expected: LedgerLink) -> LedgerError:
    names = {"id": "ledger id", "previous": "previous", "tree_size": "tree size", "root_hash": "root", "peaks": "peaks"}
    name = next(member for member in names if getattr(link, member) != getattr(expected, member))
    says, gives = getattr(link, name), getattr(expected, name)
    return LedgerError(
        f"entry {link.sequence}: its {names[name]} is not what the ledger gives",
        why=f"the entry says {_shown(says)}, it should be {_shown(gives)}",
        fix="a line before it was changed, or it is of another ledger: compare with a copy that you trust",
    )


def _shown(value: object) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)


def build_proof(ledger: Ledger, decision: int, publication: int) -> bytes:
    """Return the bytes of `ledger-proof.json` for the entries at two sequences, the publication being the later one.

    Raises:
        LedgerError: There are no such entries.
    """
    if not 0 <= publication < len(ledger.entries):
        raise LedgerError(f"no entry {publication}", why=f"the ledger has {len(ledger.entries)}")
    proof = ledger.inclusion(decision, publication)
    lines = [ledger.entries[sequence].line for sequence in (decision, publication)]
    return proof_file(lines[0], proof, lines[1])
