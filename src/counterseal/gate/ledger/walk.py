"""Goes from commit to commit of the ledger's branch: each is its parent and one signed line, and nothing else (R51).

What a step checks: one parent, the one that the line signs; that parent's tree, likewise; sequence, previous line,
size, root and peaks; a signer that is not of an older branch than the last one; the state document; and that the
commit's tree is the parent's with this line in its places. So from a commit that is believed all later ones follow, and
what is not in the last tree was never recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import ledger
from counterseal.errors import LedgerError
from counterseal.formats import digests
from counterseal.gate.judge import Judge
from counterseal.history import places
from counterseal.history import state as states
from counterseal.ledger import Chain, NotesTree
from counterseal.model import Entry

if TYPE_CHECKING:
    from counterseal.evaluation import Decision
    from counterseal.history.events import Event
    from counterseal.model import Certificate, LedgerCommit


def not_an_entry(commit: LedgerCommit, why: str) -> LedgerError:
    """Return the error of a commit that no gate made."""
    return LedgerError(f"commit {commit.id[:12]} of the ledger's branch is not an entry", why=why, fix=ledger.RESTORE)


@dataclass(slots=True)
class Walk:
    """Where one is: the commit (None: before the first), and the ledger as it is there."""

    chain: Chain
    tree: NotesTree
    judge: Judge
    commit: str | None = None
    state: states.State | None = None
    last: Entry | None = None

    def step(self, commit: LedgerCommit, entry: Entry, content: Decision | Event) -> None:
        """Go to the next commit, by the entry that it is said to add.

        Raises:
            LedgerError: It is not this entry appended to where we are; the message names commit and difference.
        """
        link, number = entry.link, entry.link.sequence
        if len(commit.parents) > 1:
            raise not_an_entry(commit, "it is a merge")
        self.chain.add(entry)
        if commit.parents != ((self.commit,) if self.commit else ()) or link.commit != self.commit:
            signed = (link.commit or "nothing")[:12]
            why = f"its line (entry {number}) was signed on {signed}, and lies on {', '.join(commit.parents)[:12]}"
            raise not_an_entry(commit, why)
        if link.tree != self.tree.root:
            raise not_an_entry(commit, f"its line (entry {number}) was signed on another tree than the one before it")
        last = self.last.attestation.certificate if self.last else None
        check_order(self.judge, number, last, entry.attestation.certificate)
        state = states.after(self.state, content, link.id, link.entry_id)
        document = states.document(state)
        if digests.sha256(document) != link.state:
            raise LedgerError(f"entry {number}: the state that it signs is not what follows from the entries")
        places.apply(self.tree, entry, content, document)
        if self.tree.root != commit.tree:
            why = f"its tree is not its parent's with entry {number} in its places: notes were added, changed or lost"
            raise not_an_entry(commit, why)
        self.commit, self.state, self.last = commit.id, state, entry


def check_order(judge: Judge, number: int, last: Certificate | None, new: Certificate) -> None:
    """Require that no entry was signed by a run of an older branch than the entry before it (R44).

    Args:
        judge: Knows the branch.
        number: Of the entry.
        last: Who signed the entry before it, if there is one.
        new: Who signed it.

    Raises:
        LedgerError: It was.
    """
    if last is None:
        return
    old_revision, revision = last.source_revision, new.source_revision
    if old_revision != revision and judge.is_older(revision, old_revision):
        raise LedgerError(
            f"entry {number} was signed by a run of {(revision or '')[:12]}, "
            f"older than {(old_revision or '')[:12]}, of the entry before",
            why="a run from before the branch moved was started again, and may have an old policy or gate",
            fix=ledger.RESTORE,
        )
