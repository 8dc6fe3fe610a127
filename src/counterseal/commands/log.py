"""`log`: who promoted what, when and why, from a ledger that was verified as a whole first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from counterseal import ledger as ledgers
from counterseal.errors import LedgerError, UsageError
from counterseal.history import History, RecordedDecision, RecordedEvent
from counterseal.identifiers import MIRROR_BRANCH, NOTES_REF

if TYPE_CHECKING:
    from counterseal.gate import reading
    from counterseal.ledger import Ledger
    from counterseal.model import StoredLedger

_FETCH: Final = f"git fetch origin {NOTES_REF}:{NOTES_REF} {MIRROR_BRANCH}"


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is asked: a stage, a first moment, a word that has to occur (tag, file, digest, login)."""

    stage: str | None = None
    since: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class LogResult:
    """The answer, and how far it is proven: size and head of the verified chain, and whether the mirror is equal."""

    ledger_id: str
    entries: int
    head: str | None
    mirror: bool
    decisions: tuple[RecordedDecision, ...]
    sandbox: bool


@dataclass(frozen=True, slots=True)
class ShowResult:
    """One entry whole: its line and what it says."""

    sequence: int
    line: bytes
    recorded: RecordedDecision | RecordedEvent


def read(reader: reading.LedgerReader, stored: StoredLedger) -> Ledger:
    """Return the verified ledger.

    Raises:
        UsageError: There is no ledger here, or only its mirror.
        LedgerError: It is not what it was.
    """
    if stored.notes is None and stored.mirror is None:
        raise UsageError(
            "no ledger here",
            why="neither the notes ref nor the mirror branch exists in this clone",
            fix=_FETCH,
        )
    if stored.notes is None:
        raise UsageError(
            "this clone has no notes of the ledger yet",
            why=f"git clones branches, such as {MIRROR_BRANCH}, and notes only when they are asked for",
            fix=f"fetch them: {_FETCH}",
        )
    try:
        return reader.read(stored)
    except LedgerError as error:
        if stored.notes == stored.mirror:
            raise
        # one of the two may have been fetched alone
        raise LedgerError(error.what, why=error.why, fix=f"{_FETCH}; if it stays so: {error.fix}") from error


def run(reader: reading.LedgerReader, stored: StoredLedger, query: LogQuery) -> LogResult:
    """Return the decisions that fit the query, newest first."""
    ledger = read(reader, stored)
    history = History(ledger.entries)
    return LogResult(
        ledger_id=ledger.id,
        entries=len(ledger.entries),
        head=ledger.head,
        mirror=stored.mirror is not None,
        decisions=history.query(stage=query.stage, since=query.since, text=query.text),
        sandbox=reader.judge.trust.sandbox,
    )


def show(reader: reading.LedgerReader, stored: StoredLedger, sequence: int) -> ShowResult:
    """Return one entry.

    Raises:
        UsageError: There is no such entry.
    """
    ledger = read(reader, stored)
    if not 0 <= sequence < len(ledger.entries):
        raise UsageError(
            f"no entry {sequence}",
            why=f"the ledger has entries 0 to {len(ledger.entries) - 1}",
            fix="counterseal log shows the number of each",
        )
    entry = ledger.entries[sequence]
    history = History(ledger.entries)
    decision = history.decisions.get(entry.link.entry_id)
    event = next((event for event in history.events if event.entry is entry), None)
    recorded = decision or event
    if recorded is None:
        raise UsageError(f"entry {sequence} is neither decision nor event")
    return ShowResult(sequence, entry.line, recorded)


def prove(reader: reading.LedgerReader, stored: StoredLedger, sequence: int) -> bytes:
    """Return the ledger proof of a published decision, as the release carries it.

    Raises:
        UsageError: The entry is no decision, or was not published yet.
    """
    ledger = read(reader, stored)
    shown = show(reader, stored, sequence)
    if not isinstance(shown.recorded, RecordedDecision) or shown.recorded.publication is None:
        raise UsageError(f"entry {sequence} is no published decision", fix="see `counterseal log` for those that are")
    return ledgers.build_proof(ledger, sequence, shown.recorded.publication.link.sequence)
