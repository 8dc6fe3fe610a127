"""What is held and revoked now, as the ledger's state says it, with the entries that say why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.history import RecordedDecision, RecordedEvent
from counterseal.identifiers import MANIFEST_FILE
from counterseal.model import Held, Revoked

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.history import History
    from counterseal.history.state import State


@dataclass(frozen=True, slots=True)
class InForce:
    """A hold or a revocation that stands, and its entry."""

    what: Held | Revoked
    recorded: RecordedEvent


def restrictions(history: History, state: State | None, at: datetime) -> tuple[InForce, ...]:
    """Return the holds, then the revocations, that stand at a moment, oldest first."""
    if state is None:
        return ()
    events = {known.entry.link.entry_id: known for known in history.events}
    known: tuple[Held | Revoked, ...] = (*state.holds, *state.revoked)
    return tuple(InForce(each, events[each.entry_id]) for each in known if each.stands(at))


def taken_back(known: RecordedDecision, standing: tuple[InForce, ...]) -> InForce | None:
    """Return the revocation of the manifest or an artifact that a decision is about, or None."""
    decision = known.decision
    manifest = decision.manifest.sha256 if decision.manifest else None
    files = {subject.digest for subject in known.entry.attestation.statement.subjects if subject.name != MANIFEST_FILE}
    for each in standing:
        if not isinstance(each.what, Revoked):
            continue
        kind, value = each.what.target.kind, each.what.target.value
        if (kind == "manifest" and value == manifest) or (kind == "artifact" and value in files):
            return each
    return None
