"""The state document: what is in force after an entry. A pure fold of entries, without a clock.

Each entry signs the sha256 of the state as it is after it, and it lies with the newest line in one note; so whoever
holds that line needs no other to know what a stage has. Readers of all entries compute it anew. What ends, ends by the
time of an entry, and that never goes back. Times have whole seconds, as the document writes them: whoever begins at one
comes to the same as whoever began at entry 0. Format: docs/formats.md#state.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import LedgerError
from counterseal.evaluation import Decision
from counterseal.formats import digests, wire
from counterseal.history import transitions
from counterseal.history.events import (
    Audit,
    Event,
    Genesis,
    Hold,
    Publication,
    Reinstatement,
    Resume,
    Revocation,
    Swept,
    Withdrawn,
    hold,
    reinstatement,
    resume,
    revocation,
)
from counterseal.model import Held, Outcome, Revoked

if TYPE_CHECKING:
    from collections.abc import Sequence


SCHEMA: Final = "counterseal.state/v1"
#: How many allows of a stage are known beside the current one: what it falls back to when that is withdrawn.
MAX_BEFORE: Final = 7
#: How many allows may wait for their publication; a gate refuses to allow more.
MAX_UNPUBLISHED: Final = 128
MAX_BYTES: Final = 1 << 20
#: With so many items nothing that permits is recorded any more; what restricts always is.
MAX_ITEMS: Final = 800


@dataclass(frozen=True, slots=True)
class Allowed:
    """An allow that stands: its entry, what it let in (sha256 of the manifest, tag) and where to."""

    entry_id: str
    sequence: int
    stage: str
    manifest: str
    tag: str


@dataclass(frozen=True, slots=True)
class StageState:
    """What a stage has now (None: nothing), and what it had before, newest first."""

    current: Allowed | None
    before: tuple[Allowed, ...]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The newest audit that a schedule started."""

    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Audited:
    """The newest audit (or the genesis), and up to which entry it says that all were verified."""

    sequence: int
    verified: int


@dataclass(frozen=True, slots=True)
class State:
    """What is in force after an entry.

    Attributes:
        schema: `counterseal.state/v1`.
        ledger: The ledger's id.
        sequence: The entry.
        time: The latest time that an entry states.
        audit: Where gates begin to read.
        heartbeat: When the ledger was last audited by schedule; None: not yet.
        swept: How far requests were looked for; None: nobody said yet.
        stages: By name what a stage has; those that ever had something.
        unpublished: Allows of publishing stages that are neither published nor withdrawn, oldest first.
        holds: Those in force, and those of the last seven days, oldest first.
        revoked: Revocations in force, and provisional ones of the last seven days, oldest first.
    """

    schema: str
    ledger: str
    sequence: int
    time: datetime
    audit: Audited
    heartbeat: Heartbeat | None
    swept: Swept | None
    stages: Mapping[str, StageState]
    unpublished: tuple[Allowed, ...]
    holds: tuple[Held, ...]
    revoked: tuple[Revoked, ...]

    @property
    def items(self) -> int:
        """Return how many things there are in it that end only by an entry or by time.

        A revocation that is over and only remembered is none: a person makes few of them, and they are short. So a
        confirmation, in whose place another stays known, is never what there is no room for.
        """
        in_force = sum(known.until is None or known.stands(self.time) for known in self.revoked)
        return len(self.unpublished) + len(self.holds) + in_force


#: Those members of a state that are lists of parts.
_LISTS: Final = ("unpublished", "holds", "revoked")
#: The members that are written anew each time.
_FEW: Final = tuple(field.name for field in dataclasses.fields(State) if field.name not in ("stages", *_LISTS))


def document(state: State) -> bytes:
    """Return the state document: canonical JSON.

    Most of its parts are the same from one entry to the next, and are written once.
    """
    members = {wire.key(name): wire.canonical_record(wire.encode(getattr(state, name))) for name in _FEW}
    members |= {name: b"[%s]" % b",".join(map(_written, getattr(state, name))) for name in _LISTS}
    members["stages"] = _object({name: _written(stage) for name, stage in state.stages.items()})
    return _object(members)


def _object(members: Mapping[str, bytes]) -> bytes:
    """Return a canonical object of members that are written already: by keys in their order of UTF-16 (RFC 8785)."""
    ordered = sorted(members, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return b"{%s}" % b",".join(b"%s:%s" % (_written(name), members[name]) for name in ordered)


@lru_cache(maxsize=2048)
def _written(part: StageState | Allowed | Held | Revoked | str) -> bytes:
    """Return a part, or the name of one, as it stands in the document."""
    return wire.canonical_record(wire.encode(part))


def digest(state: State) -> str:
    """Return the sha256 that an entry signs."""
    return digests.sha256(document(state))


def parse(data: bytes, what: str) -> State:
    """Return the state in a document.

    Raises:
        FormatError: It is none.
    """
    return wire.decode(State, wire.load_json(data, what, max_bytes=MAX_BYTES), what)


def after(before: State | None, content: Decision | Event, ledger_id: str, entry_id: str) -> State:
    """Return the state after an entry.

    Args:
        before: The state before it; None: it is the genesis.
        content: What it says.
        ledger_id: The ledger.
        entry_id: Its id.

    Raises:
        LedgerError: A genesis is missing, or not the first entry; or an audit is not of all entries before it;
            or an event ends, confirms or takes back what it cannot (`transitions.py`).
    """
    at = _whole(content.decided_at if isinstance(content, Decision) else content.occurred_at)
    if (before is None) is not (isinstance(content, Event) and isinstance(content.body, Genesis)):
        number = 0 if before is None else before.sequence + 1
        raise LedgerError(f"entry {number}: a ledger has a genesis at entry 0, and nowhere else")
    if before is None:
        return State(SCHEMA, ledger_id, 0, at, Audited(0, 0), None, None, {}, (), (), ())
    time = max(before.time, at)
    state = dataclasses.replace(
        before,
        sequence=before.sequence + 1,
        time=time,
        holds=hold.remembered(before.holds, time),
        revoked=revocation.remembered(before.revoked, time),
    )
    if isinstance(content, Decision):
        return _decided(state, content, entry_id)
    if why := transitions.problem(content, before.holds, before.revoked):
        raise LedgerError(f"entry {state.sequence}: no gate may have signed this {content.kind}", why=why)
    return _happened(state, content, entry_id, at)


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _happened(state: State, event: Event, entry_id: str, at: datetime) -> State:
    """Return the state after an event; what it does to holds and revocations stands with its kind."""
    by = f"{event.actor.host}/{event.actor.id}"
    changes: dict[str, Any] = {}
    match event.body:
        case Hold() as body:
            held = Held(entry_id, state.sequence, body.stage, body.stops, at, _whole(body.until), by)
            changes["holds"] = (*state.holds, held)
        case Resume() as body:
            changes["holds"] = resume.resumed(state.holds, body, state.time)
        case Revocation() as body:
            revoked = _revoked(state, body, entry_id, by)
            changes["revoked"] = (*revocation.confirmed(state.revoked, body, state.time), revoked)
        case Reinstatement() as body:
            changes["revoked"] = reinstatement.reinstated(state.revoked, body, state.time)
        case Withdrawn() as body:
            return _withdrawn(state, body)
        case Publication() as body:
            changes["unpublished"] = _without(state.unpublished, body.decision.entry_id)
        case Audit() as body:
            changes["audit"] = _audited(state, body)
            changes["heartbeat"] = Heartbeat(state.sequence, at) if body.trigger == SCHEDULE else state.heartbeat
            changes["swept"] = body.swept or state.swept
        case Genesis():
            pass
    return dataclasses.replace(state, **changes)


def _revoked(state: State, body: Revocation, entry_id: str, by: str) -> Revoked:
    begins, ends = body.target.window_since, body.target.window_until
    target = dataclasses.replace(
        body.target, window_since=begins and _whole(begins), window_until=ends and _whole(ends)
    )
    until = body.until and _whole(body.until)
    return Revoked(entry_id, state.sequence, target, _whole(body.since), until, by)


#: What both forges call a run that a schedule started.
SCHEDULE: Final = "schedule"


def _audited(state: State, body: Audit) -> Audited:
    if body.verified != state.sequence - 1:
        raise LedgerError(
            f"entry {state.sequence}: an audit says that entries 0 to {body.verified} were verified",
            why=f"there are {state.sequence} before it, and it has to be all of them",
        )
    return Audited(state.sequence, body.verified)


def _decided(state: State, decision: Decision, entry_id: str) -> State:
    if decision.outcome is not Outcome.ALLOW or decision.manifest is None or decision.source is None:
        return state
    allowed = Allowed(entry_id, state.sequence, decision.stage, decision.manifest.sha256, decision.source.tag)
    had = state.stages.get(decision.stage)
    before = () if had is None or had.current is None else (had.current, *had.before)[:MAX_BEFORE]
    waiting = (*state.unpublished, allowed) if decision.publishes else state.unpublished
    stages = {**state.stages, decision.stage: StageState(allowed, before)}
    return dataclasses.replace(state, stages=stages, unpublished=waiting)


def _withdrawn(state: State, body: Withdrawn) -> State:
    entry_id = body.decision.entry_id
    stages = dict(state.stages)
    if had := stages.get(body.stage):
        rest = _without((had.current, *had.before) if had.current else had.before, entry_id)
        stages[body.stage] = StageState(rest[0] if rest else None, rest[1:])
    return dataclasses.replace(state, stages=stages, unpublished=_without(state.unpublished, entry_id))


def _without(allows: Sequence[Allowed], entry_id: str) -> tuple[Allowed, ...]:
    return tuple(allowed for allowed in allows if allowed.entry_id != entry_id)
