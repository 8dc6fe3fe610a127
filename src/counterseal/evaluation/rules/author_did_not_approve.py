"""Rule `author-did-not-approve`: somebody without a part in it approved; all who had a part are known (R14, R15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.evaluation.approvals import approvals, excluded, unknown_authorship
from counterseal.model import Counted
from counterseal.policy import NO_REQUEST, NoOptions, Problem, RuleSpec, no_request, satisfied, violated

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Finding

NAME: Final = "author-did-not-approve"
MAX_GAPS: Final = 8  # so many are named: a change may have hundreds of commits


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether authorship is completely known and an approval of somebody else counts."""
    change = evidence.change
    if evidence.request.content is None or change is None:
        return no_request(NAME)
    found, parts, gaps = approvals(evidence), excluded(evidence), unknown_authorship(evidence)
    own = [each for each in found.dismissed if each.why in parts.values()]
    people = [Counted(each.actor.login, ", ".join(each.groups)) for each in found.counted]
    request = f"request {evidence.change_name}"
    again = f"counterseal request --stage {evidence.stage} --again"
    if gaps:
        more = f"; and {len(gaps) - MAX_GAPS} more" if len(gaps) > MAX_GAPS else ""
        reason = f"who made {request} is not completely known: {'; '.join(gaps[:MAX_GAPS])}{more}"
        fix = f"{again}, with commits whose e-mail addresses belong to accounts of the forge"
        return violated(NAME, Problem("author-unknown", reason, fix), counted=people, dismissed=own)
    if not people:
        reason = f"nobody but those who made {request} approved it"
        fix = f"{again}, and have somebody approve it who had no part in it"
        return violated(NAME, Problem("nobody-else", reason, fix), dismissed=own)
    names = ", ".join(each.who for each in people)
    reason = f"{request} was approved by {names}, who had no part in it"
    return satisfied(NAME, reason, people, own)


RULE: Final = RuleSpec(
    name=NAME,
    title="somebody approved who had no part in the request, and all who had are known",
    judge=judge,
    codes=("author-unknown", "nobody-else", NO_REQUEST),
)
