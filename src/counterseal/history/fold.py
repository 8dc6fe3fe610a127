"""A fold of the ledger: what was decided, published and withdrawn; what is where; who, when and why.

It reads entries that were verified and chained already (`ledger/`) and answers questions about them.
An entry that it does not understand is an error, since it might forbid what an older reader would allow.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import LedgerError
from counterseal.evaluation import Decision
from counterseal.evaluation import decision as decisions
from counterseal.formats import digests
from counterseal.history import events
from counterseal.history.brief import Brief, Same, mentions
from counterseal.history.events import (
    Audit,
    Event,
    EventKind,
    Publication,
    Reinstatement,
    Resume,
    Revocation,
    Withdrawn,
)
from counterseal.identifiers import DECISION, EVENT
from counterseal.model import EarlierDecision, Entry, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from counterseal.model import Statement


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision with its entry, whether it was withdrawn later, and its publication if there is one."""

    entry: Entry
    decision: Decision
    withdrawn: bool = False
    publication: Entry | None = None

    @property
    def sequence(self) -> int:
        """Return the place in the ledger."""
        return self.entry.link.sequence

    @property
    def stands(self) -> bool:
        """Return whether it is an allow that was not withdrawn."""
        return self.decision.outcome is Outcome.ALLOW and not self.withdrawn

    def as_evidence(self) -> EarlierDecision:
        """Return what rules may know of it."""
        decision = self.decision
        return EarlierDecision(
            self.entry.link.entry_id,
            self.sequence,
            decision.stage,
            decision.outcome,
            decision.decided_at,
            self.withdrawn,
        )


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event with its entry."""

    entry: Entry
    event: Event


def content_of(entry: Entry) -> Decision | Event:
    """Return what an entry says.

    Raises:
        LedgerError: It is of an unknown type, or an audit that names another trigger than its signer's certificate.
        FormatError: It is not in our form, or of an unknown kind.
    """
    what = f"entry {entry.link.sequence}"
    content, trigger = said(entry.attestation.statement, what), entry.attestation.certificate.trigger
    if isinstance(content, Event) and isinstance(content.body, Audit) and content.body.trigger != trigger:
        raise LedgerError(
            f"{what}: an audit says that it was started by {content.body.trigger}, and was signed in a run of {trigger}"
        )
    return content


def said(statement: Statement, what: str) -> Decision | Event:
    """Return what the statement of an entry says; raises what `content_of` does, but for audits."""
    if statement.predicate_type == DECISION:
        return decisions.parse(statement, what)
    if statement.predicate_type != EVENT:
        raise LedgerError(f"{what}: unknown type of entry {statement.predicate_type}", fix="upgrade counterseal")
    return events.parse(statement, what)


@dataclass(frozen=True, slots=True)
class Told:
    """What is kept in mind of a decision: its place, id and line (sha256), and what became of it.

    Attributes:
        sequence: The place in the ledger.
        entry_id: Its id.
        line: sha256 of its line.
        decision: What it says, in brief.
        found: Whether it has what is searched for.
        withdrawn: Whether it was withdrawn later.
        publication: The place of its publication, or None.
    """

    sequence: int
    entry_id: str
    line: str
    decision: Brief
    found: bool = True
    withdrawn: bool = False
    publication: int | None = None

    @property
    def stands(self) -> bool:
        """Return whether it is an allow that was not withdrawn."""
        return self.decision.outcome is Outcome.ALLOW and not self.withdrawn


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """What is kept in mind of an event: its place in the ledger, its id, and what it says, in brief."""

    sequence: int
    entry_id: str
    event: Event


class History:
    """What the entries of one ledger say, in their order and in brief.

    Args:
        entries: All entries of a checked ledger, from the genesis on.
        search: What decisions are searched for (see `mentions`).

    Raises:
        LedgerError: An entry is of an unknown type or kind, or refers to an allow that is not there.
    """

    def __init__(self, entries: Iterable[Entry] = (), search: str = "") -> None:
        self.decisions: dict[str, Told] = {}
        self.events: list[ToldEvent] = []
        self._same = Same()
        self._kinds: dict[str, EventKind] = {}
        for entry in entries:
            content, about = content_of(entry), entry.attestation.statement.subjects
            found = isinstance(content, Decision) and mentions(content, about, search)
            self.add(entry.link.sequence, entry.link.entry_id, digests.sha256(entry.line), content, found=found)

    def add(self, sequence: int, entry_id: str, line: str, content: Decision | Event, *, found: bool = True) -> None:
        """Take the next entry: its number and id, the sha256 of its line, what it says, and whether it is searched for.

        Raises:
            LedgerError: It refers to an allow that is not there.
        """
        if isinstance(content, Decision):
            self.decisions[entry_id] = Told(sequence, entry_id, line, self._same.brief(content), found=found)
        else:
            self.events.append(ToldEvent(sequence, entry_id, self._same.event(content)))
            self._check_ended(sequence, content)
            self._kinds[entry_id] = content.kind
            self._apply(sequence, content)

    def _apply(self, sequence: int, event: Event) -> None:
        if not isinstance(event.body, (Publication, Withdrawn)):
            return
        reference = event.body.decision
        earlier = self.decisions.get(reference.entry_id)
        if earlier is None or earlier.sequence != reference.sequence:
            raise LedgerError(
                f"entry {sequence}: it names decision {reference.entry_id[:12]} at {reference.sequence}",
                why="no such decision stands there",
            )
        if earlier.line != reference.line:
            raise LedgerError(
                f"entry {sequence}: it names another line than the one of entry {reference.sequence}",
                why=f"it says sha256 {reference.line}",
            )
        if earlier.decision.outcome is not Outcome.ALLOW:
            raise LedgerError(f"entry {sequence}: a {event.kind} of entry {reference.sequence}, a deny")
        if isinstance(event.body, Publication):
            changed = dataclasses.replace(earlier, publication=sequence)
        else:
            named = earlier.decision.stage, earlier.decision.manifest.sha256 if earlier.decision.manifest else None
            if (event.body.stage, event.body.manifest) != named:
                raise LedgerError(f"entry {sequence}: it names another stage or manifest than the allow")
            changed = dataclasses.replace(earlier, withdrawn=True)
        self.decisions[reference.entry_id] = changed

    def _check_ended(self, sequence: int, event: Event) -> None:
        """Require that what an event ends or confirms was recorded before it, as what it takes it for."""
        named: dict[str, EventKind] = {}
        match event.body:
            case Resume() as body:
                named = dict.fromkeys(body.holds, EventKind.HOLD)
            case Reinstatement() as body:
                named = dict.fromkeys(body.revocations, EventKind.REVOCATION)
            case Revocation(confirms=str() as confirms):
                named = {confirms: EventKind.REVOCATION}
            case _:
                pass
        for entry_id, kind in named.items():
            if self._kinds.get(entry_id) is not kind:
                raise LedgerError(f"entry {sequence}: it names {entry_id[:12]}, and no {kind} stands there")

    def current(self, stage: str) -> Told | None:
        """Return the decision that let in what a stage has now: its newest allow that stands."""
        newest_first = reversed(self.decisions.values())
        return next((known for known in newest_first if known.stands and known.decision.stage == stage), None)

    def query(self, *, stage: str | None = None, since: datetime | None = None) -> tuple[Told, ...]:
        """Return the decisions that have what is searched for and fit all that is asked, newest first.

        Args:
            stage: Only this stage.
            since: Only decisions made then or later.
        """
        return tuple(
            known
            for known in reversed(self.decisions.values())
            if known.found
            and (stage is None or known.decision.stage == stage)
            and (since is None or known.decision.decided_at >= since)
        )


def label(decision: Decision) -> str:
    """Return what was to be promoted, in words: `acme/app v1.2.0`, or the request's path if it names nothing."""
    return f"{decision.source.repository.name} {decision.source.tag}" if decision.source else decision.request.file
