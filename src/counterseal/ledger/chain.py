"""The chain of a ledger: what each entry has to say of those before it, and the proofs that follow from that.

Each entry carries a signed `LedgerLink`: its sequence, the sha256 of the line before, size, root and peaks of the
Merkle tree of all lines before it, and the commit, tree and state that it was appended to. So each entry vouches for
its whole past, and these hold for all entries that a `Chain` took:

1. sequences run on without gap or double; sequence = tree size of what came before;
2. `previous`, root and peaks of each entry are what the lines before it give;
3. all entries name the same ledger, and the format that this version reads.

Commits, trees and states are compared where they are read (`gate/ledger`), since a chain knows only lines. That no
entry is recorded twice follows from its key (`history/places.py`). Formats: docs/formats.md#ledger. Signatures are
verified by whoever makes the entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.errors import LedgerError
from counterseal.formats import digests
from counterseal.identifiers import LEDGER_BRANCH
from counterseal.ledger import merkle
from counterseal.ledger.entry import FORMAT, check_link, proof_file
from counterseal.model import InclusionProof, LedgerLink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.model import Entry

#: The fix where something other than a gate wrote to the ledger, or took something from it.
RESTORE: Final = (
    f"find out who pushed it, then restore the branch {LEDGER_BRANCH}: counterseal log repair says to what, "
    "if the forge's log of pushes tells"
)


class Chain:
    """The links of a ledger from an entry on, checked one by one.

    Args:
        ledger_id: The ledger.
        start: The link of the first entry that will be added, which is believed; None: from the genesis on.

    Raises:
        LedgerError: `start` contradicts itself.
    """

    def __init__(self, ledger_id: str, start: LedgerLink | None = None) -> None:
        self.id = ledger_id
        self.size = self._first = start.sequence if start else 0
        self.head = start.previous if start else None
        self._peaks: tuple[bytes, ...] = ()
        if start is not None:
            check_link(start, f"entry {start.sequence}")
            self._peaks = tuple(bytes.fromhex(peak) for peak in start.peaks)
        self._before = self._peaks
        self._leaves: list[bytes] = []

    @classmethod
    def resumed(cls, ledger_id: str, size: int, head: str, peaks: Sequence[str]) -> Chain:
        """Return the chain of so many entries, of which the sha256 of the last line and the peaks are known."""
        chain = cls(ledger_id)
        chain.size = chain._first = size
        chain.head = head
        chain._peaks = chain._before = tuple(bytes.fromhex(peak) for peak in peaks)
        return chain

    @property
    def peaks(self) -> tuple[str, ...]:
        """Return the peaks of the tree of all entries (hex)."""
        return tuple(peak.hex() for peak in self._peaks)

    @property
    def root(self) -> str:
        """Return the root over all entries (hex)."""
        return merkle.root_of_peaks(self._peaks).hex()

    def link(self, entry_id: str, commit: str | None, tree: str | None, state: str) -> LedgerLink:
        """Return the place of the next entry: on this commit with this tree, with this sha256 of the state after it."""
        return LedgerLink(
            FORMAT, self.id, entry_id, self.size, self.head, commit, tree, self.size, self.root, self.peaks, state
        )

    def add(self, entry: Entry) -> None:
        """Take the next entry.

        Raises:
            LedgerError: It is not what comes next; the message names the sequence and what differs.
        """
        link = entry.link
        check_link(link, f"entry {link.sequence}")
        if link.sequence != self.size:
            raise LedgerError(
                f"entry {link.sequence} stands where entry {self.size} belongs",
                why="entries were moved, repeated or left out",
                fix=RESTORE,
            )
        expected = self.link(link.entry_id, link.commit, link.tree, link.state)
        if link != expected:
            raise _difference(link, expected)
        leaf = merkle.leaf(entry.line)
        self.head = digests.sha256(entry.line)
        self._peaks = merkle.append(self._peaks, self.size, leaf)
        self._leaves.append(leaf)
        self.size += 1

    def copy(self) -> Chain:
        """Return a chain of its own with the same entries."""
        other = Chain(self.id)
        other.size, other.head, other._first = self.size, self.head, self._first
        other._peaks, other._before, other._leaves = self._peaks, self._before, list(self._leaves)
        return other

    def covers(self, sequence: int) -> bool:
        """Return whether `inclusion` can tell of an entry: of those before the first one only the peaks are known."""
        return self._first <= sequence < self.size

    def inclusion(self, sequence: int, tree_size: int) -> InclusionProof:
        """Return the proof that entry `sequence` is among the first `tree_size` ones.

        Raises:
            LedgerError: There are no such entries here.
        """
        if not (self.covers(sequence) and sequence < tree_size <= self.size):
            why = f"known are entries {self._first} to {self.size - 1}"
            raise LedgerError(f"no proof of entry {sequence} in {tree_size} entries", why=why)
        known = merkle.Known(self._first, self._before, self._leaves)
        hashes = tuple(sibling.hex() for sibling in known.inclusion(sequence, tree_size))
        return InclusionProof(sequence, tree_size, known.root(tree_size).hex(), hashes)

    def proof(self, decision: Entry, publication: Entry, state_note: bytes) -> bytes:
        """Return the bytes of `ledger-proof.json` for two entries, the publication being the later one.

        Args:
            decision: The entry that is proven.
            publication: The one that vouches for it.
            state_note: The ledger's note of its state, as of the publication or later.

        Raises:
            LedgerError: One of them is not here.
        """
        inclusion = self.inclusion(decision.link.sequence, publication.link.sequence)
        return proof_file(decision.line, inclusion, publication.line, state_note)


def _difference(link: LedgerLink, expected: LedgerLink) -> LedgerError:
    names = {
        "format": "format",
        "id": "ledger id",
        "previous": "previous",
        "tree_size": "tree size",
        "root_hash": "root",
    }
    names["peaks"] = "peaks"
    name = next(member for member in names if getattr(link, member) != getattr(expected, member))
    says, gives = getattr(link, name), getattr(expected, name)
    return LedgerError(
        f"entry {link.sequence}: its {names[name]} is not what the ledger gives",
        why=f"the entry says {_shown(says)}, it should be {_shown(gives)}",
        fix="a line before it was changed, or it is of another ledger: compare with a copy that you trust",
    )


def _shown(value: object) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)
