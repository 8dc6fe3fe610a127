"""Records a hold or a provisional revocation: what one listed person may do at once, and no more (R52).

It ends by itself. It is never refused because the ledger's state is large, or because others wait for something.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal.errors import ServiceError, UsageError
from counterseal.evaluation import started
from counterseal.forges import DIALECTS, kind_of
from counterseal.formats import digests, names
from counterseal.gate import appending, heartbeat
from counterseal.gate import ledger as ledgers
from counterseal.gate.emergency import known, person, renewals
from counterseal.history import content_of
from counterseal.history.events import Event, EventKind, Hold, Revocation
from counterseal.history.events import hold as holds
from counterseal.history.events import revocation as revocations
from counterseal.model import Entry, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.gate.ledger import Tip, recording
    from counterseal.gate.opening import Gate
    from counterseal.model import Actor

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Restricted:
    """A hold or revocation with its entry: made by this call (`fresh`), or by an earlier job of the same start."""

    entry: Entry
    event: Event
    fresh: bool
    warnings: tuple[str, ...]
    sandbox: bool
    own_gate: bool


def hold(gate: Gate, stage: str | None, stops: str, hours: int | None, reason: str) -> Restricted:
    """Hold a stage.

    Args:
        gate: The gate, opened for an emergency.
        stage: The stage; None: every one.
        stops: `promote`, or `all`: then rollbacks wait, too.
        hours: For how long; None: as long as the policy lets one person.
        reason: The person's words.

    Raises:
        UsageError: It was not started by somebody who may, an input is not usable, or it would renew a hold.
        LedgerError: The ledger is not what it was.
    """
    _check_reason(reason)
    if stage is not None and gate.policy.stage(stage) is None:
        stages = ", ".join(each.name for each in gate.policy.stages)
        raise UsageError(f"the policy has no stage {stage!r}", why=f"it has {stages}", fix="name one of them, or none")
    if stops not in (holds.PROMOTE, holds.ALL):
        raise UsageError(f"a hold cannot stop {stops!r}", why="it stops promote, or all", fix="leave the target empty")
    lasts = _lasts(gate, hours)

    def make(tip: Tip, who: Actor) -> Hold:
        now = gate.sources.clock.now()
        renewals.check_hold(gate, tip, stage, who, now)
        return Hold(stage, stops, now + lasts, reason)

    return _record(gate, EventKind.HOLD, make)


def revoke(gate: Gate, kind: str, value: str, reason: str) -> Restricted:
    """Revoke a manifest or an artifact, from now on and for a while.

    Args:
        gate: The gate, opened for an emergency.
        kind: `manifest` or `artifact`.
        value: Its sha256.
        reason: The person's words.

    Raises:
        UsageError: It was not started by somebody who may, the ledger knows no such thing, or it is one too many.
        LedgerError: The ledger is not what it was.
    """
    _check_reason(reason)
    if kind not in revocations.AT_ONCE:
        raise UsageError(
            f"one person cannot revoke a {kind}" if kind else "what is to be revoked?",
            why=f"at once it is {' or '.join(revocations.AT_ONCE)}, which a sha256 names; the rest takes two people",
            fix="counterseal request --kind revocation, or the target as manifest:SHA256",
        )
    if not digests.is_sha256(value):
        why = "a sha256 has 64 hex digits in lower case, and a part of it proves nothing"
        raise UsageError(f"{value[:80]!r} is not a sha256", why=why, fix=f"write the target as {kind}:SHA256")
    target = Target(kind, value)

    def make(tip: Tip, who: Actor) -> Revocation:
        now = gate.sources.clock.now()
        return Revocation(target, now, renewals.lasts(gate, tip, target, who, now), None, reason, None)

    return _record(gate, EventKind.REVOCATION, make, lambda tip: known.require(gate, tip, target))


def _record(
    gate: Gate,
    kind: EventKind,
    make: Callable[[Tip, Actor], Hold | Revocation],
    check: Callable[[Tip], None] = lambda _: None,
) -> Restricted:
    """Record what `make` returns on the ledger's tip, once for whatever was started."""
    who, again = person.who(gate)
    gate.store.check_push()
    identifier = started.entry_id(kind, gate.policy.ledger_id, gate.run)
    tip = gate.reader.read(gate.store)
    ledgers.check_anchor(tip, gate.sources.assets, gate.sources.work)
    if tip.find(identifier) is None:
        check(tip)
    if not tip.size:
        _begin(gate)

    def prepare(tip: Tip, _: Sequence[str]) -> recording.Draft | Entry:
        if entry := tip.find(identifier):
            return _own(entry, who)
        if again:
            raise UsageError(
                "this run is run again",
                why=f"the first attempt recorded no {kind}, and a later one is not let: anybody may run a run again",
                fix="start a new run",
            )
        return appending.event(gate, tip, kind, make(tip, who), identifier)

    recorded = appending.record(gate, prepare)
    event = content_of(recorded.entry)
    assert isinstance(event, Event)  # noqa: S101 - `_own` and `prepare` see to it
    own = gate.policy.gate.own is not None
    warnings = (*gate.warnings, *gate.notices)
    return Restricted(recorded.entry, event, recorded.fresh, warnings, gate.sources.trust.sandbox, own)


def _begin(gate: Gate) -> None:
    """Begin the ledger, if a run of this kind may."""
    if gate.run.event not in DIALECTS[kind_of(gate.run.repository.host)].gate_triggers:
        raise ServiceError(
            "the ledger has no entry yet",
            why=f"a run of {gate.run.event} records holds and revocations only",
            fix="let the gate run once: merge something, or start it on its page",
        )
    heartbeat.begin(gate)


def _own(entry: Entry, who: Actor) -> Entry:
    """Return an entry of this start if this person made it."""
    event = content_of(entry)
    if not isinstance(event, Event) or event.actor.key != who.key:
        login = event.actor.login if isinstance(event, Event) else "another"
        raise UsageError(
            f"what this run was started for is recorded in entry {entry.link.sequence}, by {login}",
            why="a run that is run again records nothing, and nothing in anybody else's name",
            fix="start a run of your own",
        )
    return entry


def _lasts(gate: Gate, hours: int | None) -> timedelta:
    most = gate.policy.emergency_hold
    if hours is None:
        return most
    if not _HOUR <= hours * _HOUR <= most:
        raise UsageError(
            f"a hold of {hours} hours cannot be",
            why=f"the policy lets one person hold for 1 to {most // _HOUR} hours",
            fix="name fewer hours, or none; two people hold on by a new hold of the other's",
        )
    return hours * _HOUR


def _check_reason(reason: str) -> None:
    if not names.REASON.fits(reason):
        raise UsageError(
            "why? a hold or a revocation needs a reason" if not reason.strip() else "the reason cannot be recorded",
            why=f"it is read by everybody whom it stops: {names.REASON.words}",
            fix="say in a sentence what happened",
        )
