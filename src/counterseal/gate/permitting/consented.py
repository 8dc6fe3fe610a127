"""The event that follows from a request which people approved: it ends, takes back or confirms what that names. Pure.

Whether they may is judged before (`evaluation/rules/entries_in_force.py` and the rules of reviews); a deny is a
decision like any other. The event has the id that a decision about the request would have, so it is answered once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import errors
from counterseal.errors import ServiceError
from counterseal.evaluation import decision as decisions
from counterseal.evaluation import evidence as evidence_room
from counterseal.formats import event_request
from counterseal.gate.ledger import recording
from counterseal.history import events
from counterseal.history import state as states
from counterseal.history.events import Consent, Event, EventKind, Reinstatement, Resume, Revocation
from counterseal.model import Actor, Entry, Subject

if TYPE_CHECKING:
    from counterseal.evaluation import Decision, Evidence
    from counterseal.gate.ledger import Tip
    from counterseal.history.events import Body
    from counterseal.model import EventRequest

#: How many approvers an event names: more than enough, and few enough for a line.
MAX_APPROVERS: Final = 16
#: How many entries the commit message names.
MAX_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class Permitted:
    """A request whose event is recorded: by this run (`fresh`) or before."""

    path: str
    event: Event
    entry: Entry
    fresh: bool

    @property
    def exit_code(self) -> int:
        """Return 0: people agreed."""
        return errors.ALLOWED


def draft(tip: Tip, evidence: Evidence, allow: Decision, entry_id: str) -> recording.Draft:
    """Return the event to be signed on a tip, with the evidence that is kept beside it.

    Args:
        tip: The ledger that the evidence was judged on.
        evidence: About the request.
        allow: What the rules came to.
        entry_id: Of a decision about the request.

    Raises:
        ServiceError: The ledger's state has no room for it.
    """
    content, run = evidence.request.event, evidence.run
    if content is None or run is None:
        raise ServiceError(f"{evidence.request.path}: it asks for no event")
    consent = Consent(
        evidence.request.path,
        allow.request.merge_revision,
        allow.responsible.requester,
        allow.responsible.approvers[:MAX_APPROVERS],
        allow.evidence_digest,
    )
    kind, use = EventKind(content.kind), decisions.policy_use(evidence)
    event = Event(kind, evidence.now, run.actor, use, _body(content, consent, evidence))
    _check_room(tip, event, entry_id)
    link = tip.next_link(entry_id, event)
    about = Subject(evidence.request.path, evidence.request.digest)
    return recording.Draft(
        events.payload(event, (about,), link),
        entry_id,
        f"{link.sequence} {kind} {_named(content, evidence)} · {_people(consent.approvers)}",
        evidence_room.canonical(evidence),
    )


def _body(content: EventRequest, consent: Consent, evidence: Evidence) -> Body:
    if content.kind == event_request.RESUME:
        return Resume(content.entries, content.reason, consent)
    if content.kind == event_request.REINSTATEMENT:
        return Reinstatement(content.entries, content.reason, consent)
    if content.target is not None:
        since = content.since or evidence.now
        return Revocation(content.target, since, None, None, content.reason, consent)
    known = next(known for known in evidence.ledger.revoked if known.entry_id in content.entries)
    return Revocation(known.target, known.since, None, known.entry_id, content.reason, consent)


def _check_room(tip: Tip, event: Event, entry_id: str) -> None:
    """Refuse what makes a state larger that is as large as it may be; what makes it smaller is the way out of that."""
    before = tip.state
    if before is None:
        return
    after = states.after(before, event, tip.id, entry_id)
    full = before.items >= states.MAX_ITEMS or len(states.document(after)) > states.MAX_BYTES // 2
    if full and after.items > before.items:
        raise ServiceError(
            f"{before.items} things are held, revoked or wait for their publication, and no more can",
            why="the ledger's state names them all, and has to stay small",
            fix="take back what is revoked in error (counterseal request --kind reinstatement), or wait until holds "
            "and provisional revocations end; then run the gate again",
        )


def _named(content: EventRequest, evidence: Evidence) -> str:
    """Return what it is about, for people."""
    if content.target is not None:
        return content.target.kind
    known = evidence.ledger.restricting
    return "of " + ", ".join(str(known[entry_id].sequence) for entry_id in content.entries[:MAX_NAMED])


def _people(approvers: tuple[Actor, ...]) -> str:
    return ", ".join(approver.login for approver in approvers)
