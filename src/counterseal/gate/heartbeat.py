"""Keeps the ledger readable from near its tip: genesis, audits, and how far requests were looked for (R51).

A gate reads a ledger from its newest audit on. So a gate that finds it too far back audits first; and the run that a
schedule starts audits once a day where something was recorded, else every third day. That is the ledger's heartbeat:
where it stops, runs have stopped.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal.errors import CountersealError, LedgerError
from counterseal.gate import appending, moved, selection
from counterseal.gate.ledger.tail import MAX_TAIL
from counterseal.gate.request_files import merged_requests
from counterseal.history import state as states
from counterseal.history.events import Swept, Waiting
from counterseal.identifiers import LEDGER_BRANCH, NOTES_REF

if TYPE_CHECKING:
    from counterseal.gate.ledger import Tip
    from counterseal.gate.opening import Gate

#: A day and three days, less what the start of a scheduled run may vary.
BUSY: Final = timedelta(hours=20)
IDLE: Final = timedelta(hours=68)
#: How many undecided requests an audit names; with more it says nothing of requests.
MAX_WAITING: Final = 64


def keep(gate: Gate, tip: Tip) -> Tip:
    """Return the ledger after its beginning, or an audit that is due, was recorded.

    Raises:
        LedgerError: The ledger is not what it was.
        ServiceError: It could not be recorded.
    """
    if not tip.size:
        return begin(gate)
    if tip.since_audit > MAX_TAIL or is_due(gate, tip):
        return audit(gate)
    return tip


def begin(gate: Gate) -> Tip:
    """Record the first entry, and return the ledger with it.

    Raises:
        LedgerError: There was a ledger, whose branch is gone.
    """
    _check_lost(gate)
    return appending.genesis(gate).tip


def _check_lost(gate: Gate) -> None:
    """Refuse to begin a ledger where the branch is gone and its copy is still there: it was deleted.

    Whoever may push could have put the copy there, to stop a ledger from beginning; so they could by a branch.

    Raises:
        LedgerError: The copy is there.
    """
    copy = gate.store.copy()
    began_meanwhile = copy is not None and gate.store.tip() is not None  # both move in one push
    if copy is not None and not began_meanwhile and gate.policy.predecessor is None:
        raise LedgerError(
            f"the branch {LEDGER_BRANCH}, which is the ledger, is gone",
            why=f"{NOTES_REF}, its copy, is still at {copy[:12]}: a new ledger would hide what the old one says",
            fix=f"counterseal log repair; if there never was a ledger, delete the copy: git push origin :{NOTES_REF}",
        )


def is_due(gate: Gate, tip: Tip) -> bool:
    """Return whether this run was started by a schedule and the last audit of such a run is old."""
    if gate.run.event != states.SCHEDULE or tip.state is None:
        return False
    beat = tip.state.heartbeat
    if beat is None:
        return True
    busy = tip.size - 1 > beat.sequence
    return gate.sources.clock.now() - beat.at >= (BUSY if busy else IDLE)


def audit(gate: Gate) -> Tip:
    """Audit the ledger: read it from entry 0, and record that; return it with that entry."""
    tip = appending.audit(gate, lambda tip: _swept(gate, tip), lambda known: moved.unrecorded(gate, known)).tip
    gate.audits.append(tip.size)
    return tip


def audited_here(gate: Gate, tip: Tip) -> bool:
    """Return whether this run audited the ledger as it is, but for what it appended itself since."""
    return bool(gate.audits) and tip.size <= gate.audits[-1]


def _swept(gate: Gate, tip: Tip) -> Swept | None:
    """Return which requests of this run's revision are undecided; None: too many to name, or they cannot be read."""
    known = selection.swept(tip)
    try:
        requests = merged_requests(gate.sources.repository, gate.run.revision, known)
        waiting = selection.undecided(requests, selection.decided_on(tip, requests))
    except CountersealError:
        return None
    if len(waiting) > MAX_WAITING:
        return None
    return Swept(gate.run.revision, tuple(Waiting(merged.path, merged.revision) for merged in waiting))
