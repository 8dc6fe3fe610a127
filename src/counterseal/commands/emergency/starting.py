"""Starts the run and waits until its entry is in the ledger; what is shown then was verified like any other line."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal import ledger
from counterseal.commands.emergency.ordering import Order, Place
from counterseal.errors import ServiceError, VerificationError
from counterseal.gate.ledger import Tip
from counterseal.history import RecordedEvent, content_of
from counterseal.history.events import Event, EventKind, Hold, Revocation
from counterseal.model import RunState, StartedRun
from counterseal.ports import Clock, GateRuns, Tell, silent

if TYPE_CHECKING:
    from counterseal.model import Actor

#: Longer than a gate may take.
LONGEST: Final = timedelta(minutes=40)
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 10.0
_KINDS: Final = {"hold": EventKind.HOLD, "revoke": EventKind.REVOCATION}


@dataclass(frozen=True, slots=True)
class Ports:
    """What `hold` and `revoke` work with.

    `tip` says where the ledger's branch is now, which is cheap; `read` reads and verifies the ledger at the forge.
    """

    runs: GateRuns
    clock: Clock
    tip: Callable[[], str | None]
    read: Callable[[], Tip]
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Started:
    """What was asked for, the run (None: a dry run) and its entry (None: nobody waited for it)."""

    place: Place
    order: Order
    run: StartedRun | None
    entry: RecordedEvent | None


def run(ports: Ports, place: Place, order: Order, *, wait: bool, dry_run: bool, tell: Tell = silent) -> Started:
    """Start the gate's run, and wait for what it records.

    Args:
        ports: What it works with.
        place: Where it is started.
        order: What the run is told.
        wait: Until the entry is there.
        dry_run: Nothing is started.
        tell: Told how far it is.

    Raises:
        ServiceError: The forge refused, or the run ended and recorded nothing.
        VerificationError: The ledger is not what it was, or the run recorded something else.
    """
    if dry_run:
        return Started(place, order, None, None)
    tell("starting the gate")
    started = ports.runs.start(place.file, place.ref, order.inputs)
    if not wait:
        return Started(place, order, started, None)
    return Started(place, order, started, _wait(ports, place, order, started, tell))


def _wait(ports: Ports, place: Place, order: Order, started: StartedRun, tell: Tell) -> RecordedEvent:
    wanted = ledger.entry_id(_KINDS[order.action], place.policy.ledger_id, started.page)
    until, pause, seen = ports.clock.now() + LONGEST, _FIRST_PAUSE, None
    while True:
        # asked for first: what a run that is over recorded, the ledger has by then
        state = ports.runs.look(started).state
        if (tip := ports.tip()) != seen and (entry := ports.read().find(wanted)) is not None:
            return _checked(RecordedEvent(entry, _event(content_of(entry), started)), place.who, order, started)
        seen = tip
        if state is not RunState.WAITING:
            raise ServiceError(
                f"the run is over, and recorded no {_KINDS[order.action]}",
                why="it was refused" if state is RunState.FAILED else "its gate did something else, or nothing",
                fix=f"its page says why: {started.page}",
            )
        if ports.clock.now() > until:
            raise ServiceError(
                f"no entry after {LONGEST // timedelta(minutes=1)} minutes",
                why="the run is not over; the forge may have no runner for it",
                fix=f"see {started.page}; what it records, counterseal status shows",
            )
        tell(f"waiting for {started.page}")
        ports.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _event(content: object, started: StartedRun) -> Event:
    if not isinstance(content, Event):
        raise _other(started, "it is no event")
    return content


def _checked(recorded: RecordedEvent, who: Actor, order: Order, started: StartedRun) -> RecordedEvent:
    """Return what was recorded, if it is what was asked for, and by whoever asked."""
    event = recorded.event
    match event.body:
        case Hold() as body:
            said, asked = (body.stage or "", body.stops), (order.stage, order.target or "promote")
        case Revocation() as body:
            said, asked = (f"{body.target.kind}:{body.target.value}", ""), (order.target, "")
        case _:
            raise _other(started, f"it is a {event.kind}")
    if said != asked:
        raise _other(started, f"it is about {' '.join(said).strip() or 'every stage'}")
    if event.actor.key != who.key:
        raise _other(started, f"it is by {event.actor.login} ({event.actor.id})")
    return recorded


def _other(started: StartedRun, why: str) -> VerificationError:
    return VerificationError(
        "the run recorded something else than was asked for",
        why=why,
        fix=f"look at {started.page}: which file it ran, and who changed that last",
    )
