"""Brings the note of a ledger's state out of a ledger that is at hand; nothing of it is believed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ServiceError
from counterseal.history import places
from counterseal.identifiers import LEDGER_BRANCH
from counterseal.ledger import NotesTree, keys
from counterseal.verification.knowledge import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.ports import LedgerSource


def of_ledger(source: LedgerSource, *, fetched: bool) -> Told:
    """Return the newest state of a ledger, with the way to its lines.

    Args:
        source: Where the ledger is.
        fetched: It is read where it is kept, not from a copy of it.

    Raises:
        ServiceError: There is none, or it did not come.
        LedgerError: What is there is no ledger.
    """
    commits = source.commits(1)
    tree = NotesTree(commits[0].tree, source.objects) if commits else NotesTree()
    note = tree.read(keys.STATE)
    if note is None:
        raise ServiceError(
            "there is no ledger",
            why=f"the branch {LEDGER_BRANCH} is not there, or has no state in it",
            fix=f"in a clone: git fetch origin {LEDGER_BRANCH}; a project without this branch has no gate, or lost it",
        )

    def lines(entry_ids: Sequence[str]) -> list[bytes | None]:
        wanted = [places.entry_key(entry_id) for entry_id in entry_ids]
        tree.look_up(wanted, contents=True)
        notes = map(tree.read, wanted)
        return [note.removesuffix(b"\n") if note is not None else None for note in notes]

    return Told(note, fetched, lines)
