"""Rule `entries-in-force`: what an event is to end or confirm is in force, and of the kind that it ends (R37).

It is asked of requests for events alone, and on the very ledger that the event is signed on. So a hold that ended by
itself meanwhile is not ended once more, and one that came later is not touched: the request does not name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.formats import event_request
from counterseal.model import Held, Revoked
from counterseal.policy import NO_REQUEST, Need, NoOptions, RuleSpec, no_request, reason, satisfied, violated

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Finding, Reason

NAME: Final = "entries-in-force"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether all that the request names is in force."""
    content = evidence.request.event
    if content is None:
        return no_request(NAME)
    known = evidence.ledger.restricting
    problems = (_problem(known.get(entry_id), content.kind, entry_id, evidence.now) for entry_id in content.entries)
    if problem := next(filter(None, problems), None):
        return violated(NAME, problem)
    return satisfied(NAME, kind=content.kind, entries=[known[entry_id].sequence for entry_id in content.entries])


def _problem(known: Held | Revoked | None, kind: str, entry_id: str, now: datetime) -> Reason | None:
    if kind == event_request.RESUME:
        if not isinstance(known, Held):
            return reason("no-hold", entry_id=entry_id)
        return (
            None if known.stands(now) else reason("hold-ended", entry=known.sequence, ended=known.ended or known.until)
        )
    if not isinstance(known, Revoked):
        return reason("no-revocation", entry_id=entry_id)
    if known.ended or (known.until is not None and now >= known.until):
        return reason("revocation-ended", entry=known.sequence, ended=known.ended or known.until)
    if kind == event_request.REVOCATION and known.until is None:
        return reason("confirmed-already", entry=known.sequence)
    return None


RULE: Final = RuleSpec(
    name=NAME,
    title="what is to be ended, taken back or confirmed is in force",
    judge=judge,
    codes=("hold-ended", "no-hold", "no-revocation", "revocation-ended", "confirmed-already", NO_REQUEST),
    needs=frozenset({Need.LEDGER}),
)
