"""Events that restrict, written into a ledger as a gate writes them: what a run that somebody starts records.

For tests of what ends them. Whether a run may start one is another matter, and tested where runs are.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from counterseal import ledger
from counterseal.evaluation import PolicyUse
from counterseal.gate import appending
from counterseal.gate.ledger import recording
from counterseal.history import events
from counterseal.history.events import Event, EventKind, Hold, Revocation
from counterseal.identifiers import POLICY_PATH
from counterseal.model import DigestSet, Subject, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.gate.ledger import Tip
    from counterseal.gate.opening import Gate
    from counterseal.history.events import Body
    from counterseal.model import Actor, Entry


def hold(gate: Gate, by: Actor, stage: str | None = "production", *, run: str = "1", hours: int = 72) -> Entry:
    """Record a hold."""
    until = gate.sources.clock.now() + timedelta(hours=hours)
    return record(gate, EventKind.HOLD, Hold(stage, "promote", until, "a build machine was broken into"), by, run)


def revoke(gate: Gate, by: Actor, target: Target, *, run: str = "1") -> Entry:
    """Record a provisional revocation."""
    now = gate.sources.clock.now()
    body = Revocation(target, now, now + timedelta(hours=72), None, "it has malware", None)
    return record(gate, EventKind.REVOCATION, body, by, run)


def record(gate: Gate, kind: EventKind, body: Body, by: Actor, run: str) -> Entry:
    """Record an event of a run that somebody started."""
    reference = gate.policy_reference
    use = PolicyUse(reference.uri, DigestSet(reference.digest), reference.revision, reference.ref)
    happened = Event(kind, gate.sources.clock.now(), by, use, body)

    def prepare(tip: Tip, _: Sequence[str]) -> recording.Draft | Entry:
        identifier = ledger.entry_id(kind, tip.id, run)
        if entry := tip.find(identifier):
            return entry
        link = tip.next_link(identifier, happened)
        data = events.payload(happened, [Subject(POLICY_PATH, reference.digest)], link)
        return recording.Draft(data, identifier, f"{link.sequence} {kind}")

    return appending.record(gate, prepare).entry
