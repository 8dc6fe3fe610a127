"""Rule `review-of-this-revision`: what was merged is exactly the request that people reviewed (R08, R10-R12, R21).

It is the rule that denies a request which nobody could judge: malformed, pushed without a change
request, expired, or made under another policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.evaluation.approvals import approvals
from counterseal.formats import manifest, wire
from counterseal.identifiers import REQUEST_FOLDER
from counterseal.model import Counted, Mover, ReviewState
from counterseal.policy import NoOptions, Problem, RuleSpec, satisfied, violated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.evaluation.approvals import Approval, Approvals
    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import ChangeRequest, Finding, PromotionRequest

NAME: Final = "review-of-this-revision"
FILE_MODE: Final = "100644"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether the request is well-formed, in time, alone in its change, and reviewed at its final head."""
    content, change = evidence.request.content, evidence.change
    if content is None:
        return violated(NAME, _malformed(evidence))
    if change is None:
        return violated(NAME, _pushed(evidence))
    found = approvals(evidence)
    counted = [Counted(each.actor.login, ", ".join(each.groups)) for each in found.counted]
    problems = (
        *_limit_problems(evidence, change),
        *_file_problems(evidence, content),
        *_change_problems(evidence, change),
        *_time_problems(evidence, content, change),
        *_policy_problems(evidence),
        *_review_problems(evidence, change, found),
    )
    if problems:
        return violated(NAME, problems[0], counted=counted, dismissed=found.dismissed)
    request = f"request {evidence.change_name}"
    reason = f"{request} was reviewed at {change.head[:7]} and merged unchanged into {change.base_ref}"
    return satisfied(NAME, reason + _warning(change, found), counted, found.dismissed)


def _warning(change: ChangeRequest, found: Approvals) -> str:
    """Return what to say of approvals from before the head was pushed away and came back; they are for these bytes."""
    back = change.head_came_back_at
    early = [each for each in found.counted if back and each.review.submitted_at and each.review.submitted_at <= back]
    if not back or not early:
        return ""
    names = ", ".join(each.actor.login for each in early)
    return (
        f"; warning: after {names} approved, something else was pushed, and this head came back {wire.timestamp(back)}"
    )


def _limit_problems(evidence: Evidence, change: ChangeRequest) -> Iterator[Problem]:
    again = f"make it smaller: {_again(evidence)}, in a change of one commit"
    for each in change.limits:
        yield Problem("beyond-limits", f"{evidence.change_name} cannot be judged as a whole: {each}", again)


def _again(evidence: Evidence) -> str:
    return f"counterseal request --stage {evidence.stage} --again"


def _malformed(evidence: Evidence) -> Problem:
    fix = "make requests with `counterseal request` and do not edit them by hand"
    return Problem("request-malformed", evidence.request.problem or f"{evidence.request.path} cannot be read", fix)


def _pushed(evidence: Evidence) -> Problem:
    request = evidence.request
    reason = f"{request.path} came onto {evidence.policy_reference.ref} without a change request"
    return Problem("no-change-request", f"{reason} (commit {request.merge_revision[:7]})", _again(evidence))


def _file_problems(evidence: Evidence, content: PromotionRequest) -> Iterator[Problem]:
    request, again = evidence.request, _again(evidence)
    expected = f"{REQUEST_FOLDER}/{content.stage}/{content.manifest}.{content.request_id}.json"
    if request.path != expected or content.stage != evidence.stage:
        yield Problem("path-differs", f"{request.path} has the content of {expected}", again)
    if request.other_changes:
        count, first = len(request.other_changes), request.other_changes[0]
        yield Problem(
            "other-changes", f"the change touches {count} more files than the request, such as {first!r}", again
        )
    if request.mode != FILE_MODE:
        yield Problem("file-mode", f"{request.path} has the mode {request.mode or 'unknown'}, not {FILE_MODE}", again)
    if request.added_before:
        yield Problem("file-added-before", f"{request.path} had been there once before; a request is used once", again)
    if request.head_gone:
        reason = f"the forge has deleted the ref of the head of {evidence.change_name}, so it cannot be compared"
        yield Problem("head-gone", reason, f"{again}, and let the gate run within two weeks of the merge")
    elif not request.same_at_head:
        yield Problem("file-differs", "the merged file is not the one at the reviewed head", again)


def _change_problems(evidence: Evidence, change: ChangeRequest) -> Iterator[Problem]:
    repository, branch, again = evidence.run.repository, evidence.policy_reference.ref, _again(evidence)
    if change.repository_id != repository.id:
        home = f"{repository.id} ({repository.name})"
        reason = f"{evidence.change_name} is of repository {change.repository_id}, not of {home}"
        yield Problem("other-repository", reason, again)
    if change.base_ref != branch:
        yield Problem("other-branch", f"{evidence.change_name} went to {change.base_ref}, not to {branch}", again)
    if change.merged and evidence.request.mover is not Mover.FORGE:
        reason = f"{evidence.change_name} came onto {branch} by a push of its commits, not by a merge"
        yield Problem("request-pushed", reason, again)


def _policy_problems(evidence: Evidence) -> Iterator[Problem]:
    """Yield why the policy that judges is nobody's merged change (R44); the branch's first one needs none."""
    origin = evidence.policy_origin
    if origin is None or origin.merged:
        return
    branch = evidence.policy_reference.ref
    reason = f"the policy was last changed by {origin.revision[:7]}, which came onto {branch} without a merge"
    fix = f"bring the policy by a change request; then {_again(evidence)}"
    yield Problem("policy-pushed", reason, fix)


def _time_problems(evidence: Evidence, content: PromotionRequest, change: ChangeRequest) -> Iterator[Problem]:
    again = _again(evidence)
    judged = max(evidence.now, change.merged_at or evidence.now)
    if judged > content.valid_until:
        reason = (
            f"the request was valid until {wire.timestamp(content.valid_until)}, and it is {wire.timestamp(judged)}"
        )
        yield Problem("request-expired", reason, again)
    longest = (change.merged_at or evidence.now) + manifest.MAX_VALID
    if content.valid_until > longest:
        reason = (
            f"the request is valid until {wire.timestamp(content.valid_until)}; "
            f"{manifest.MAX_VALID.days} days from its merge on are the longest"
        )
        yield Problem("valid-too-long", reason, again)
    if content.policy != evidence.policy_reference.digest:
        before, now = content.policy[:12], evidence.policy_reference.digest[:12]
        yield Problem("policy-changed", f"policy changed, ask again: asked under {before}, now {now}", again)


def _review_problems(evidence: Evidence, change: ChangeRequest, found: Approvals) -> Iterator[Problem]:
    about, again = f"request {evidence.change_name} at {change.head[:7]}", _again(evidence)
    if found.objections:
        names = ", ".join(each.actor.login for each in found.objections)
        reason = f"{names} asked for changes of {about}{_dismissed_by(found.objections)}"
        yield Problem("changes-requested", reason, f"settle that with {names}; {again}")
    if not found.counted:
        late = ", and have it approved before the merge"
        fix = again + late if change.merged else "have it approved before the merge"
        yield Problem("not-reviewed", f"no approval of {about} counts", fix)
    if not change.merged or change.merged_at is None:
        yield Problem(
            "not-merged", f"request {evidence.change_name} is not merged", "merge it when it has its approvals"
        )


def _dismissed_by(objections: Sequence[Approval]) -> str:
    """Return what to say of objections that somebody dismissed who cannot close them; empty if nobody did."""
    reviews = [each.review for each in objections if each.review.state is ReviewState.DISMISSED]
    people = dict.fromkeys(each.dismissed_by.login if each.dismissed_by else "nobody knows who" for each in reviews)
    if not people:
        return ""
    who = ", ".join(people)
    return f", which {who} dismissed: that is for who asked, or for one who may approve, before the merge"


RULE: Final = RuleSpec(
    name=NAME,
    title="what was merged is exactly the request that people reviewed",
    judge=judge,
    codes=(
        "request-malformed",
        "no-change-request",
        "path-differs",
        "other-changes",
        "file-mode",
        "file-added-before",
        "file-differs",
        "head-gone",
        "beyond-limits",
        "decision-too-long",
        "other-repository",
        "other-branch",
        "request-pushed",
        "request-expired",
        "valid-too-long",
        "policy-changed",
        "policy-pushed",
        "changes-requested",
        "not-reviewed",
        "not-merged",
    ),
    always=True,
)
