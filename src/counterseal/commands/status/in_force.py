"""What is held and revoked now, as the ledger's state says it, with the entries that say why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.history import RecordedDecision, ToldEvent, rests
from counterseal.model import Held, Revoked

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.history import History
    from counterseal.history import state as states


@dataclass(frozen=True, slots=True)
class InForce:
    """A hold or a revocation that stands, and its entry."""

    what: Held | Revoked
    recorded: ToldEvent


def restrictions(history: History, state: states.State | None, at: datetime) -> tuple[InForce, ...]:
    """Return the holds, then the revocations, that stand at a moment, oldest first."""
    if state is None:
        return ()
    events = {known.entry_id: known for known in history.events}
    known: tuple[Held | Revoked, ...] = (*state.holds, *state.revoked)
    return tuple(InForce(each, events[each.entry_id]) for each in known if each.stands(at))


def taken_back(known: RecordedDecision, standing: tuple[InForce, ...]) -> InForce | None:
    """Return the revocation of what a decision rests on, or None."""
    for each in standing:
        if isinstance(each.what, Revoked) and rests.on(known.entry, known.decision, each.what.target):
            return each
    return None
