"""Rule `review-of-this-revision`: what was merged is exactly the request that people reviewed (R08, R10-R12, R21).

It is the rule that denies a request which nobody could judge: malformed, pushed without a change
request, expired, or made under another policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.evaluation.approvals import approvals
from counterseal.formats import event_request, manifest
from counterseal.identifiers import EVENT_STAGE, REQUEST_FOLDER
from counterseal.model import EventRequest, Mover, PromotionRequest, ReviewState
from counterseal.policy import Need, NoOptions, RuleSpec, not_read, reason, satisfied, violated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.evaluation.approvals import Approval, Approvals
    from counterseal.evaluation.evidence import Evidence
    from counterseal.evaluation.request_file import MergedFile
    from counterseal.model import Actor, ChangeRequest, Finding, Reason

NAME: Final = "review-of-this-revision"
FILE_MODE: Final = "100644"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether the request is well-formed, in time, alone in its change, and reviewed at its final head."""
    content, change = evidence.request.content, evidence.change
    merged = evidence.request.merged
    if merged is None:
        return not_read(NAME, {Need.MERGE})
    if content is None:
        return violated(NAME, reason("request-malformed", detail=evidence.request.problem or None))
    if change is None:
        branch, commit = evidence.policy_reference.ref, merged.merge_revision
        return violated(NAME, reason("no-change-request", branch=branch, commit=commit))
    tally = approvals(evidence)
    counted = [approval.person for approval in tally.counted]
    problems = (
        *_limit_problems(change),
        *_file_problems(evidence, content, merged),
        *_change_problems(evidence, change, merged),
        *_time_problems(evidence, content, change),
        *_policy_problems(evidence),
        *_review_problems(change, tally),
    )
    if problems:
        return violated(NAME, problems[0], counted=counted, dismissed=tally.dismissed)
    back, early = change.head_came_back_at, _before_it_came_back(change, tally)
    return satisfied(
        NAME,
        counted=counted,
        dismissed=tally.dismissed,
        head=change.head,
        base_ref=change.base_ref,
        came_back_at=back if early else None,
        approved_before=early,
    )


def before_merge(evidence: Evidence, other_files: Sequence[str]) -> Finding:
    """Return what of this rule is known of an open request: a violation that the merge would not mend, or nothing yet.

    Args:
        evidence: Without a merge.
        other_files: What the change touches beside the request.
    """
    content, change = evidence.request.content, evidence.change
    if content is None:
        return violated(NAME, reason("request-malformed", detail=evidence.request.problem or None))
    if change is None:
        return not_read(NAME, {Need.MERGE})
    tally = approvals(evidence)
    problems = (
        *_limit_problems(change),
        *_path_problems(evidence, content),
        *([reason("other-changes", files=len(other_files), first=other_files[0])] if other_files else []),
        *_target_problems(evidence, change),
        *_time_problems(evidence, content, change),
        *_objections(change, tally),
    )
    return violated(NAME, problems[0]) if problems else not_read(NAME, {Need.MERGE})


def _before_it_came_back(change: ChangeRequest, tally: Approvals) -> list[Actor]:
    """Return who approved before the head was pushed away and came back; their approvals are for these bytes."""
    back = change.head_came_back_at
    if back is None:
        return []
    return [
        approval.actor
        for approval in tally.counted
        if approval.review.submitted_at is not None and approval.review.submitted_at <= back
    ]


def _limit_problems(change: ChangeRequest) -> Iterator[Reason]:
    for limit in change.limits:
        yield reason("beyond-limits", limit=limit)


def _path_problems(evidence: Evidence, content: PromotionRequest | EventRequest) -> Iterator[Reason]:
    if isinstance(content, EventRequest):
        stage, expected = EVENT_STAGE, event_request.path(content.kind, content.request_id)
    else:
        stage = content.stage
        expected = f"{REQUEST_FOLDER}/{stage}/{content.manifest}.{content.request_id}.json"
    if evidence.request.path != expected or stage != evidence.stage:
        yield reason("path-differs", expected=expected)


def _file_problems(
    evidence: Evidence, content: PromotionRequest | EventRequest, merged: MergedFile
) -> Iterator[Reason]:
    yield from _path_problems(evidence, content)
    if merged.other_changes:
        yield reason("other-changes", files=len(merged.other_changes), first=merged.other_changes[0])
    if merged.mode != FILE_MODE:
        yield reason("file-mode", mode=merged.mode, expected=FILE_MODE)
    if merged.added_before:
        yield reason("file-added-before")
    if merged.head_gone:
        yield reason("head-gone")
    elif not merged.same_at_head:
        yield reason("file-differs")


def _target_problems(evidence: Evidence, change: ChangeRequest) -> Iterator[Reason]:
    branch = evidence.policy_reference.ref
    if change.repository_id != evidence.home.id:
        yield reason("other-repository", repository=change.repository_id, expected=evidence.home)
    if change.base_ref != branch:
        yield reason("other-branch", ref=change.base_ref, expected=branch)


def _change_problems(evidence: Evidence, change: ChangeRequest, merged: MergedFile) -> Iterator[Reason]:
    yield from _target_problems(evidence, change)
    if change.merged and merged.mover is not Mover.FORGE:
        yield reason("request-pushed", branch=evidence.policy_reference.ref)


def _policy_problems(evidence: Evidence) -> Iterator[Reason]:
    """Yield why the policy that judges is nobody's merged change (R44); the branch's first one needs none."""
    origin = evidence.policy_origin
    if origin is not None and not origin.merged:
        yield reason("policy-pushed", revision=origin.revision, branch=evidence.policy_reference.ref)


def _time_problems(
    evidence: Evidence, content: PromotionRequest | EventRequest, change: ChangeRequest
) -> Iterator[Reason]:
    judged = max(evidence.now, change.merged_at or evidence.now)
    if judged > content.valid_until:
        yield reason("request-expired", valid_until=content.valid_until, judged_at=judged)
    longest = (change.merged_at or evidence.now) + manifest.MAX_VALID
    if content.valid_until > longest:
        yield reason("valid-too-long", valid_until=content.valid_until, days=manifest.MAX_VALID.days)
    if content.policy != evidence.policy_reference.digest:
        yield reason("policy-changed", asked_under=content.policy, now=evidence.policy_reference.digest)


def _objections(change: ChangeRequest, tally: Approvals) -> Iterator[Reason]:
    if tally.objections:
        people = [approval.actor for approval in tally.objections]
        yield reason("changes-requested", head=change.head, people=people, dismissed_by=_dismissers(tally.objections))


def _review_problems(change: ChangeRequest, tally: Approvals) -> Iterator[Reason]:
    yield from _objections(change, tally)
    if not tally.counted:
        yield reason("not-reviewed", head=change.head, merged=change.merged)
    if not change.merged or change.merged_at is None:
        yield reason("not-merged")


def _dismissers(objections: Sequence[Approval]) -> list[Actor | None]:
    """Return who dismissed objections without being able to close them (None: nobody knows who)."""
    reviews = [objection.review for objection in objections if objection.review.state is ReviewState.DISMISSED]
    return list(
        {review.dismissed_by.key if review.dismissed_by else None: review.dismissed_by for review in reviews}.values()
    )


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
    needs=frozenset({Need.REVIEWS, Need.MERGE}),
    always=True,
)
