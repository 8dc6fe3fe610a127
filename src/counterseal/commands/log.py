"""`log`: who promoted what, when and why, from a ledger that was verified as a whole first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from counterseal.errors import LedgerError, UsageError, VerificationError
from counterseal.evaluation import Decision
from counterseal.gate.ledger import ANYHOW, Asked
from counterseal.history import History, RecordedDecision, RecordedEvent, Sums, Told, ToldEvent, standing
from counterseal.history.events import EventKind, Moved
from counterseal.identifiers import LEDGER_BRANCH
from counterseal.model import Outcome, Predecessor

if TYPE_CHECKING:
    from counterseal.gate.ledger import LedgerReader, Whole
    from counterseal.ports import LedgerSource

_MOST: Final = 20
_FETCH: Final = f"git fetch origin {LEDGER_BRANCH}"
_BEHIND: Final = (
    f"bring the clone up to date: git pull && {_FETCH}; if it still fails, this entry is not from the project's gate: "
    "tell its maintainers, and trust no release of theirs until they know why"
)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is asked: a stage, a first moment, a word that has to occur (see `mentions`)."""

    stage: str | None = None
    since: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class LogResult:
    """The answer, and how far it is proven: size and head of the verified chain.

    `kinds` counts all entries by what they are, `stages` are those that decisions are about, and `newest` is when the
    last one was made, whatever was asked. `seen` is the entry that somebody's earlier head was,
    `follows` the ledger that this one says it comes after, `restrictions` are holds, revocations and what ended them.
    `wholes` are the decisions in full, if that was asked, `moved` how the branch was moved otherwise than by appends.
    """

    ledger_id: str
    entries: int
    head: str | None
    decisions: tuple[Told, ...]
    sandbox: bool
    query: LogQuery = LogQuery()
    kinds: Mapping[str, int] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    newest: datetime | None = None
    seen: int | None = None
    follows: Predecessor | None = None
    restrictions: tuple[ToldEvent, ...] = ()
    wholes: tuple[Decision, ...] = ()
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class ShowResult:
    """One entry whole: its line and what it says."""

    sequence: int
    line: bytes
    recorded: RecordedDecision | RecordedEvent


def read(reader: LedgerReader, source: LedgerSource, how: Asked = ANYHOW) -> Whole:
    """Return the ledger after every check of every entry.

    Args:
        reader: Verifies the lines.
        source: Where it lies.
        how: Whom to tell, what is remembered, what is searched for.

    Raises:
        UsageError: There is none here.
        VerificationError: It is not what it was, or no gate signed it.
    """
    if source.tip() is None:
        raise UsageError(
            "no ledger here",
            why=f"the branch {LEDGER_BRANCH}, which is the ledger, does not exist in this clone",
            fix=_FETCH,
        )
    try:
        return reader.read_whole(source, how)
    except VerificationError as error:
        if error.fix:
            raise
        raise VerificationError(error.what, why=error.why, fix=_BEHIND) from error


def require(reader: LedgerReader, pinned: str | None) -> None:
    """Require that the policy's ledger is the one that somebody pinned, if they did.

    Raises:
        LedgerError: It is another one, perhaps the one that follows it.
    """
    if pinned is None or pinned == reader.ledger_id:
        return
    before = reader.predecessor
    if before is not None and before.id == pinned:
        raise LedgerError(
            f"the ledger {pinned} was succeeded by {reader.ledger_id}",
            why=f"the policy says that it ended with entry {before.sequence}, head {before.head}",
            fix="compare that with what you kept, ask the maintainers why, and then pin the new one: "
            f"--ledger {reader.ledger_id}",
        )
    raise LedgerError(
        f"the ledger of this repository is {reader.ledger_id}, not {pinned}",
        why=f"its policy says that it follows {before.id}" if before else "its policy says nothing of another one",
        fix="ask the maintainers what became of the one that you know; trust nothing of this one until they say",
    )


def verify(reader: LedgerReader, source: LedgerSource, since_head: str | None, how: Asked = ANYHOW) -> LogResult:
    """Return how far the ledger is proven, and that nothing went away of what was there at an earlier head.

    Each entry signs the sha256 of the line before it, so a ledger that has the line of a head has all before it, too.

    Args:
        reader: Verifies the lines.
        source: Where it lies.
        since_head: A head (sha256 of the newest line) that somebody saw earlier, or None.
        how: See `read`.

    Raises:
        LedgerError: The ledger does not have this head.
    """
    whole = read(reader, source, how)
    seen = None if since_head is None else _entry_of_head(whole, since_head)
    return replace(_sums(reader, whole), seen=seen)


def _entry_of_head(whole: Whole, head: str) -> int:
    """Return the number of the entry whose line has this sha256.

    Raises:
        LedgerError: None has.
    """
    found = whole.entries.find(head)
    if found is not None:
        return found
    raise LedgerError(
        f"the head {head[:12]}… is not in this ledger",
        why=f"none of its {whole.tip.size} entries has it: entries went away since it was seen, or it was seen of "
        "another ledger, or this clone is older than that",
        fix=f"bring the clone up to date: git pull && {_FETCH}; if it still fails, entries are lost: tell the "
        "project's maintainers, who look for them by: counterseal log repair",
    )


def run(
    reader: LedgerReader,
    source: LedgerSource,
    query: LogQuery,
    how: Asked = ANYHOW,
    *,
    full: bool = False,
) -> LogResult:
    """Return the decisions that fit the query, newest first.

    Args:
        reader: Verifies the lines.
        source: Where it lies.
        query: What is asked.
        how: See `read`.
        full: Whether each decision is wanted whole, too.
    """
    whole = read(reader, source, replace(how, search=query.text or ""))
    result = _result(reader, whole, query)
    if not full:
        return result
    return replace(result, wholes=tuple(whole.entries.decision(told.sequence) for told in result.decisions))


def _result(reader: LedgerReader, whole: Whole, query: LogQuery) -> LogResult:
    history = whole.history
    return replace(
        _sums(reader, whole),
        decisions=history.query(stage=query.stage, since=query.since),
        query=query,
        restrictions=standing.restrictions(history, stage=query.stage, since=query.since, text=query.text),
    )


def _sums(reader: LedgerReader, whole: Whole) -> LogResult:
    """Return how far the ledger is proven, and what there is in all."""
    tip, sums = whole.tip, whole.sums
    return LogResult(
        ledger_id=tip.id,
        entries=tip.size,
        head=tip.head,
        decisions=(),
        sandbox=reader.judge.trust.sandbox,
        follows=sums.follows,
        moved=tuple(sums.moved),
        kinds=_kinds(sums),
        stages=tuple(sums.stages),
        newest=sums.newest,
    )


def _kinds(sums: Sums) -> dict[str, int]:
    """Return how many entries there are of each kind, in the order in which people are told."""
    kinds = (EventKind.GENESIS, "decision", *(kind for kind in EventKind if kind is not EventKind.GENESIS))
    names = {str(kind): "withdrawal" if kind is EventKind.WITHDRAWN else str(kind) for kind in kinds}
    return {name: sums.kinds[kind] for kind, name in names.items() if kind in sums.kinds}


def show(reader: LedgerReader, source: LedgerSource, sequence: int, how: Asked = ANYHOW) -> ShowResult:
    """Return one entry.

    Raises:
        UsageError: There is no such entry.
    """
    return _shown(read(reader, source, how), sequence)


def _shown(whole: Whole, sequence: int) -> ShowResult:
    if not 0 <= sequence < whole.tip.size:
        raise UsageError(
            f"no entry {sequence}",
            why=f"the ledger has entries 0 to {whole.tip.size - 1}",
            fix="counterseal log shows the number of each",
        )
    recorded = whole.recorded(sequence)
    return ShowResult(sequence, recorded.entry.line, recorded)


def prove(reader: LedgerReader, source: LedgerSource, sequence: int, how: Asked = ANYHOW) -> bytes:
    """Return the ledger proof of a published decision, as the release carries it.

    Raises:
        UsageError: The entry is no decision, or was not published yet.
    """
    whole = read(reader, source, replace(how, from_first=True))
    shown = _shown(whole, sequence)
    if not isinstance(shown.recorded, RecordedDecision) or shown.recorded.publication is None:
        raise UsageError(
            f"entry {sequence} {_no_release(shown.recorded)}",
            why="a proof is of a decision whose release was published",
            fix=_published(whole.history),
        )
    proof = whole.tip.proof(shown.recorded.entry, shown.recorded.publication)
    if proof is None:
        raise LedgerError(f"entry {sequence} is not in the ledger that was read")
    return proof


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
