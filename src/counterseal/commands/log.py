"""`log`: who promoted what, when and why, from a ledger that was verified as a whole first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from counterseal import ledger as ledgers
from counterseal.errors import LedgerError, UsageError, VerificationError
from counterseal.history import History, RecordedDecision, RecordedEvent
from counterseal.history.events import EventKind
from counterseal.identifiers import MIRROR_BRANCH, NOTES_REF
from counterseal.model import Outcome

if TYPE_CHECKING:
    from counterseal.gate import reading
    from counterseal.ledger import Ledger
    from counterseal.model import StoredLedger

_MOST: Final = 20
_FETCH: Final = f"git fetch origin {NOTES_REF}:{NOTES_REF} {MIRROR_BRANCH}"
_BEHIND: Final = (
    f"bring the clone up to date: git pull && {_FETCH}; if it still fails, this entry is not from the project's gate: "
    "tell its maintainers, and trust no release of theirs until they know why"
)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is asked: a stage, a first moment, a word that has to occur (see `History.query`)."""

    stage: str | None = None
    since: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class LogResult:
    """The answer, and how far it is proven: size and head of the verified chain, and whether the mirror is equal.

    `kinds` counts all entries by what they are, `stages` are those that decisions are about, and `newest` is when the
    last one was made, whatever was asked. `seen` is the entry that somebody's earlier head was.
    """

    ledger_id: str
    entries: int
    head: str | None
    mirror: bool
    decisions: tuple[RecordedDecision, ...]
    sandbox: bool
    query: LogQuery = LogQuery()
    kinds: Mapping[str, int] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    newest: datetime | None = None
    seen: int | None = None


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
        VerificationError: It is not what it was, or no gate signed it.
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
        raise LedgerError(error.what, why=error.why, fix=f"{_FETCH}; if it still fails: {error.fix}") from error
    except VerificationError as error:
        if error.fix:
            raise
        raise VerificationError(error.what, why=error.why, fix=_BEHIND) from error


def verify(reader: reading.LedgerReader, stored: StoredLedger, since_head: str | None) -> LogResult:
    """Return how far the ledger is proven, and that nothing went away of what was there at an earlier head.

    Each entry signs the sha256 of the line before it, so a ledger that has the line of a head has all before it, too.

    Args:
        reader: Verifies the lines.
        stored: What the clone has.
        since_head: A head (sha256 of the newest line) that somebody saw earlier, or None.

    Raises:
        LedgerError: The ledger does not have this head.
    """
    ledger = read(reader, stored)
    seen = None if since_head is None else _entry_of_head(ledger, since_head)
    return replace(_result(reader, stored, ledger, LogQuery()), decisions=(), seen=seen)


def _entry_of_head(ledger: Ledger, head: str) -> int:
    """Return the number of the entry whose line has this sha256.

    Raises:
        LedgerError: None has.
    """
    if head == ledger.head:
        return len(ledger.entries) - 1
    for entry in ledger.entries:
        if entry.link.previous == head:
            return entry.link.sequence - 1
    raise LedgerError(
        f"the head {head[:12]}… is not in this ledger",
        why=f"none of its {len(ledger.entries)} entries has it: entries went away since it was seen, or it was seen of "
        "another ledger, or this clone is older than that",
        fix=f"bring the clone up to date: git pull && {_FETCH}; if it still fails, entries are lost: tell the "
        "project's maintainers, who look for them by: counterseal log repair",
    )


def run(reader: reading.LedgerReader, stored: StoredLedger, query: LogQuery) -> LogResult:
    """Return the decisions that fit the query, newest first."""
    return _result(reader, stored, read(reader, stored), query)


def _result(reader: reading.LedgerReader, stored: StoredLedger, ledger: Ledger, query: LogQuery) -> LogResult:
    history = History(ledger.entries)
    return LogResult(
        ledger_id=ledger.id,
        entries=len(ledger.entries),
        head=ledger.head,
        mirror=stored.mirror is not None,
        decisions=history.query(stage=query.stage, since=query.since, text=query.text),
        sandbox=reader.judge.trust.sandbox,
        query=query,
        kinds=_kinds(history),
        stages=tuple(dict.fromkeys(recorded.decision.stage for recorded in history.decisions.values())),
        newest=max((recorded.decision.decided_at for recorded in history.decisions.values()), default=None),
    )


def _kinds(history: History) -> dict[str, int]:
    """Return how many entries there are of each kind."""
    events = Counter(known.event.kind for known in history.events)
    counts = {
        "genesis": events[EventKind.GENESIS],
        "decision": len(history.decisions),
        "publication": events[EventKind.PUBLICATION],
        "withdrawal": events[EventKind.WITHDRAWN],
    }
    return {kind: count for kind, count in counts.items() if count}


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
        raise UsageError(
            f"entry {sequence} {_no_release(shown.recorded)}",
            why="a proof is of a decision whose release was published",
            fix=_published(History(ledger.entries)),
        )
    return ledgers.build_proof(ledger, sequence, shown.recorded.publication.link.sequence)


def _no_release(recorded: RecordedDecision | RecordedEvent) -> str:
    """Return why there is no release to prove."""
    if not isinstance(recorded, RecordedDecision):
        return f"is not a decision but an event ({recorded.event.kind})"
    if recorded.decision.outcome is not Outcome.ALLOW:
        return "was denied, so there is no release to prove"
    return f"let it into {recorded.decision.stage}, and no release of that was published"


def _published(history: History) -> str:
    published = [str(known.sequence) for known in history.decisions.values() if known.publication is not None]
    return f"published: {', '.join(published[-_MOST:])}" if published else "nothing is published yet: counterseal log"
