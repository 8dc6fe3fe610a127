"""A fold of the ledger: what was decided, published and withdrawn; what is where; who, when and why.

It reads entries that were verified and chained already (`ledger/`) and answers questions about them.
An entry that it does not understand is an error, since it might forbid what an older reader would allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.errors import LedgerError
from counterseal.evaluation import Decision
from counterseal.evaluation import decision as decisions
from counterseal.formats import digests
from counterseal.history import events
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
from counterseal.model import EarlierDecision, Entry, FindingOutcome, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime


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
    statement, what = entry.attestation.statement, f"entry {entry.link.sequence}"
    if statement.predicate_type == DECISION:
        return decisions.parse(statement, what)
    if statement.predicate_type != EVENT:
        raise LedgerError(f"{what}: unknown type of entry {statement.predicate_type}", fix="upgrade counterseal")
    event = events.parse(statement, what)
    trigger = entry.attestation.certificate.trigger
    if isinstance(event.body, Audit) and event.body.trigger != trigger:
        raise LedgerError(
            f"{what}: an audit says that it was started by {event.body.trigger}, and was signed in a run of {trigger}"
        )
    return event


class History:
    """What the entries of one ledger say, in their order.

    Args:
        entries: All entries of a checked ledger, from the genesis on.

    Raises:
        LedgerError: An entry is of an unknown type or kind, or refers to an allow that is not there.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.decisions: dict[str, RecordedDecision] = {}
        self.events: list[RecordedEvent] = []
        self._kinds: dict[str, EventKind] = {}
        for entry in entries:
            self.add(entry, content_of(entry))

    def add(self, entry: Entry, content: Decision | Event) -> None:
        """Take the next entry and what it says.

        Raises:
            LedgerError: It refers to an allow that is not there.
        """
        if isinstance(content, Decision):
            self.decisions[entry.link.entry_id] = RecordedDecision(entry, content)
        else:
            self.events.append(RecordedEvent(entry, content))
            self._apply(entry, content)

    def _apply(self, entry: Entry, event: Event) -> None:
        self._check_ended(entry, event)
        if not isinstance(event.body, (Publication, Withdrawn)):
            return
        reference = event.body.decision
        earlier = self.decisions.get(reference.entry_id)
        if earlier is None or earlier.sequence != reference.sequence:
            raise LedgerError(
                f"entry {entry.link.sequence}: it names decision {reference.entry_id[:12]} at {reference.sequence}",
                why="no such decision stands there",
            )
        if digests.sha256(earlier.entry.line) != reference.line:
            raise LedgerError(
                f"entry {entry.link.sequence}: it names another line than the one of entry {reference.sequence}",
                why=f"it says sha256 {reference.line}",
            )
        if earlier.decision.outcome is not Outcome.ALLOW:
            raise LedgerError(f"entry {entry.link.sequence}: a {event.kind} of entry {reference.sequence}, a deny")
        if event.kind is EventKind.PUBLICATION:
            changed = RecordedDecision(earlier.entry, earlier.decision, earlier.withdrawn, entry)
        else:
            named = earlier.decision.stage, earlier.decision.manifest.sha256 if earlier.decision.manifest else None
            if (event.body.stage, event.body.manifest) != named:
                raise LedgerError(f"entry {entry.link.sequence}: it names another stage or manifest than the allow")
            changed = RecordedDecision(earlier.entry, earlier.decision, withdrawn=True, publication=earlier.publication)
        self.decisions[reference.entry_id] = changed

    def _check_ended(self, entry: Entry, event: Event) -> None:
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
                raise LedgerError(f"entry {entry.link.sequence}: it names {entry_id[:12]}, and no {kind} stands there")
        self._kinds[entry.link.entry_id] = event.kind

    def on_manifest(self, manifest: str) -> tuple[RecordedDecision, ...]:
        """Return the decisions on a manifest (sha256) in their order."""
        return tuple(
            recorded
            for recorded in self.decisions.values()
            if recorded.decision.manifest is not None and recorded.decision.manifest.sha256 == manifest
        )

    def current(self, stage: str) -> RecordedDecision | None:
        """Return the decision that let in what a stage has now: its newest allow that stands."""
        return next((known for known in self.query(stage=stage) if known.stands), None)

    def is_withdrawn(self, recorded: RecordedDecision) -> bool:
        """Return whether a decision that was read on an older head is withdrawn here.

        Raises:
            LedgerError: It is not here any more.
        """
        current = self.decisions.get(recorded.entry.link.entry_id)
        if current is None or current.entry.line != recorded.entry.line:
            raise LedgerError(f"entry {recorded.sequence} was read, and is not in the ledger any more")
        return current.withdrawn

    def query(
        self, *, stage: str | None = None, since: datetime | None = None, text: str | None = None
    ) -> tuple[RecordedDecision, ...]:
        """Return the decisions that fit all that is asked, newest first.

        Args:
            stage: Only this stage.
            since: Only decisions made then or later.
            text: Only decisions that have this in tag, artifact, digest, revision, login, request (`#17`, `!17`),
                reason, outcome, or in the name of a rule that was violated; capitals do not matter.
        """
        return tuple(
            recorded
            for recorded in reversed(self.decisions.values())
            if (stage is None or recorded.decision.stage == stage)
            and (since is None or recorded.decision.decided_at >= since)
            and (text is None or any(text.casefold() in word.casefold() for word in _words(recorded)))
        )


def _words(recorded: RecordedDecision) -> Iterator[str]:
    decision = recorded.decision
    if decision.source:
        yield from (decision.source.tag, decision.source.revision)
    for subject in recorded.entry.attestation.statement.subjects:
        yield from (subject.name, subject.digest)
    yield from (str(decision.outcome), decision.reason)
    yield from (finding.rule for finding in decision.findings if finding.outcome is FindingOutcome.VIOLATED)
    responsible = decision.responsible
    if decision.request.number is not None:
        yield forges.change_name(responsible.run_actor.host, decision.request.number)
    yield from (
        person.login for person in (responsible.requester, *responsible.approvers, responsible.run_actor) if person
    )


def label(decision: Decision) -> str:
    """Return what was to be promoted, in words: `acme/app v1.2.0`, or the request's path if it names nothing."""
    return f"{decision.source.repository.name} {decision.source.tag}" if decision.source else decision.request.file
