"""Rule `author-did-not-approve`: somebody without a part in it approved; all who had a part are known (R14, R15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.evaluation.approvals import PARTS, approvals, unknown_authorship
from counterseal.policy import NO_REQUEST, Need, NoOptions, RuleSpec, no_request, reason, satisfied, violated

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Finding

NAME: Final = "author-did-not-approve"
MAX_GAPS: Final = 8  # how many are named: a change may have hundreds of commits


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether authorship is completely known and an approval of somebody else counts."""
    change = evidence.change
    if evidence.request.content is None or change is None:
        return no_request(NAME)
    tally, gaps = approvals(evidence), unknown_authorship(evidence)
    participants = [dismissed for dismissed in tally.dismissed if dismissed.code in PARTS]
    people = [approval.person for approval in tally.counted]
    if gaps:
        more = max(0, len(gaps) - MAX_GAPS)
        why = reason("author-unknown", gaps=gaps[:MAX_GAPS], more=more)
        return violated(NAME, why, counted=people, dismissed=participants)
    if not people:
        return violated(NAME, reason("nobody-else"), dismissed=participants)
    return satisfied(NAME, counted=people, dismissed=participants)


RULE: Final = RuleSpec(
    name=NAME,
    title="at least one approver took no part in the request, and every participant could be identified",
    judge=judge,
    codes=("author-unknown", "nobody-else", NO_REQUEST),
    needs=frozenset({Need.REVIEWS}),
)
