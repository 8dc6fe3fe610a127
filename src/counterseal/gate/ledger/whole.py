"""Reads a ledger from its first entry to its last: for audits, and for whoever asks what was ever decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.gate.ledger.tip import Tip
from counterseal.gate.ledger.walk import Walk, not_an_entry
from counterseal.history import History, content_of
from counterseal.ledger import Chain, NotesTree
from counterseal.model import Entry

if TYPE_CHECKING:
    from counterseal.gate.ledger.lines import Lines
    from counterseal.ports import LedgerSource

_BATCH: Final = 256


@dataclass(frozen=True, slots=True)
class Whole:
    """All of a ledger: its tip, what it says, and its entries in their order."""

    tip: Tip
    history: History
    entries: tuple[Entry, ...]


def read(lines: Lines, source: LedgerSource) -> Whole:
    """Return a ledger after every check of every entry.

    Raises:
        LedgerError: A commit is not an entry appended to the one before.
        VerificationError: A line is not validly signed by a gate.
        ServiceError: Something did not come.
    """
    commits = source.commits(None)[::-1]
    walk = Walk(Chain(lines.ledger_id), NotesTree(bring=source.objects), lines.judge)
    history, entries = History(), []
    for start in range(0, len(commits), _BATCH):
        batch = commits[start : start + _BATCH]
        for commit in batch:
            if commit.line is None:
                raise not_an_entry(commit, "its message does not say what it adds: no gate wrote it")
        brought = source.objects({str(commit.line) for commit in batch})
        for commit in batch:
            entry = lines.entry(brought[str(commit.line)], f"commit {commit.id[:12]}")
            content = content_of(entry)
            walk.step(commit, entry, content)
            history.add(entry, content)
            entries.append(entry)
    return Whole(Tip(walk, lines), history, tuple(entries))
