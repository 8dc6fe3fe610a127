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
    from counterseal.history import state as states
    from counterseal.model import Target


@dataclass(frozen=True, slots=True)
class InForce:
    """A hold or a revocation that stands, and its entry."""

    what: Held | Revoked
    recorded: RecordedEvent


def restrictions(history: History, state: states.State | None, at: datetime) -> tuple[InForce, ...]:
    """Return the holds, then the revocations, that stand at a moment, oldest first."""
    if state is None:
        return ()
    events = {known.entry.link.entry_id: known for known in history.events}
    known: tuple[Held | Revoked, ...] = (*state.holds, *state.revoked)
    return tuple(InForce(each, events[each.entry_id]) for each in known if each.stands(at))


def taken_back(known: RecordedDecision, standing: tuple[InForce, ...]) -> InForce | None:
    """Return the revocation of what a decision rests on, or None."""
    for each in standing:
        if isinstance(each.what, Revoked) and _rests(known, each.what.target):
            return each
    return None


def _rests(known: RecordedDecision, target: Target) -> bool:
    """Return whether a decision rests on a target; on one of a kind that is not known here it may."""
    decision, attestation = known.decision, known.entry.attestation
    match target.kind:
        case "manifest":
            return decision.manifest is not None and decision.manifest.sha256 == target.value
        case "artifact":
            subjects = attestation.statement.subjects
            return any(each.digest == target.value for each in subjects if each.name != MANIFEST_FILE)
        case "run":
            return any(build.invocation_uri == target.value for build in decision.builds)
        case "gate":
            return attestation.certificate.signer_digest == target.value
        case "identity":
            # when it signed a build is in the build; at the latest it was before the decision
            early = target.window_since is not None and decision.decided_at < target.window_since
            return not early and any(build.builder == target.value for build in decision.builds)
        case _:
            return True
