"""Rule `review-of-this-revision`."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.evidence_samples import (
    ALICE,
    APPROVED_AT,
    CAROL,
    ERIN,
    MANIFEST_DIGEST,
    MERGED_AT,
    NOW,
    OLD_HEAD,
    REQUEST,
    REVISION,
    advised,
    evidence,
    malformed,
    review,
    sha256,
    told,
    with_change,
    with_content,
    with_request,
    with_reviews,
)

from counterseal.evaluation.evidence import PolicyOrigin
from counterseal.evaluation.rules import review_of_this_revision
from counterseal.gate import fitting
from counterseal.model import Finding, FindingOutcome, Merge, Mover, ReviewState
from counterseal.policy.rule import NoOptions
from counterseal.render.findings import not_counted

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence


def judged(found: Evidence) -> Finding:
    return review_of_this_revision.judge(found, NoOptions())


def test_what_was_reviewed_was_merged() -> None:
    found = judged(evidence())
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == "request #18 was reviewed at 8d1e07b and merged unchanged into refs/heads/main"
    assert [each.actor.login for each in found.counted] == ["alice", "dora"]


PATH = REQUEST.path
WRONG: dict[str, tuple[Evidence, str, str]] = {
    "malformed": (malformed(), "request-malformed", "promotions/production/x.json: not valid JSON"),
    "malformed without words": (with_request(content=None), "request-malformed", f"{PATH} cannot be read"),
    "pushed": (
        evidence(change=None),
        "no-change-request",
        f"{PATH} came onto refs/heads/main without a change request (commit 3e49e01)",
    ),
    "other stage in the path": (
        with_request(path=PATH.replace("production", "staging")),
        "path-differs",
        f"has the content of {PATH}",
    ),
    "other manifest in the path": (
        with_request(path=PATH.replace(MANIFEST_DIGEST, sha256("other"))),
        "path-differs",
        f"has the content of {PATH}",
    ),
    "other id in the path": (with_content(request_id="f" * 16), "path-differs", "has the content of promotions/"),
    "other stage judged": (evidence(stage="staging"), "path-differs", f"has the content of {PATH}"),
    "deeper folder": (with_request(path=f"promotions/x/{PATH}"), "path-differs", ""),
    "second file": (
        with_request(other_changes=(".counterseal/policy.yml", "b")),
        "other-changes",
        "the change touches 2 more files than the request, such as '.counterseal/policy.yml'",
    ),
    "symlink": (with_request(mode="120000"), "file-mode", f"{PATH} has the mode 120000, not 100644"),
    "executable": (with_request(mode="100755"), "file-mode", "has the mode 100755, not 100644"),
    "no file": (with_request(mode=None), "file-mode", "has the mode unknown, not 100644"),
    "used before": (with_request(added_before=True), "file-added-before", "was there once before"),
    "other bytes at the head": (with_request(same_at_head=False), "file-differs", "not the one at the reviewed head"),
    "nobody knows the bytes at the head": (
        with_request(same_at_head=False, head_gone=True),
        "head-gone",
        "the forge has deleted the ref of the head of #18",
    ),
    "more than is listed": (
        with_change(limits=("it has 251 commits",)),
        "beyond-limits",
        "#18 cannot be judged as a whole: it has 251 commits",
    ),
    "an objection that the author dismissed": (
        with_reviews(
            dataclasses.replace(
                review(CAROL, ReviewState.DISMISSED),
                was=ReviewState.CHANGES_REQUESTED,
                dismissed_by=ERIN,
                dismissed_at=APPROVED_AT,
            ),
            review(ALICE),
        ),
        "changes-requested",
        "carol asked for changes of request #18 at 8d1e07b, which erin dismissed: that is for who asked",
    ),
    "other repository": (with_change(repository_id=666), "other-repository", "#18 is of repository 666, not of 777"),
    "other branch": (
        with_change(base_ref="refs/heads/feature"),
        "other-branch",
        "#18 went to refs/heads/feature, not to refs/heads/main",
    ),
    "a change whose commits were pushed": (
        with_request(mover=Mover.PERSON),
        "request-pushed",
        "#18 came onto refs/heads/main by a push of its commits, not by a merge",
    ),
    "nobody says who merged": (with_request(mover=Mover.UNKNOWN), "request-pushed", "by a push"),
    "nobody asked who merged": (with_request(mover=None), "request-pushed", "by a push"),
    "a policy that was pushed": (
        evidence(policy_origin=PolicyOrigin(REVISION, first=False, merge=None)),
        "policy-pushed",
        "the policy was last changed by 4f2c9e1, which came onto refs/heads/main without a merge",
    ),
    "a policy whose change was pushed": (
        evidence(policy_origin=PolicyOrigin(REVISION, first=False, merge=Merge(7, REVISION, Mover.PERSON, NOW))),
        "policy-pushed",
        "without a merge",
    ),
    "a policy inside a change": (
        evidence(policy_origin=PolicyOrigin(REVISION, first=False, merge=Merge(7, OLD_HEAD, Mover.FORGE, NOW))),
        "policy-pushed",
        "without a merge",
    ),
    "expired": (
        with_content(valid_until=NOW - timedelta(seconds=1)),
        "request-expired",
        "the request was valid until 2026-11-24T09:10:43Z, and it is 2026-11-24T09:10:44Z",
    ),
    "expired at the merge": (
        with_change(merged_at=NOW + timedelta(days=7)),
        "request-expired",
        "and it is 2026-12-01T09:10:44Z",
    ),
    "other policy": (with_content(policy=sha256("older policy")), "policy-changed", "the policy changed since"),
    "objection": (
        with_reviews(*evidence().change.reviews, review(CAROL, ReviewState.CHANGES_REQUESTED)),  # type: ignore[union-attr]
        "changes-requested",
        "carol asked for changes of request #18 at 8d1e07b",
    ),
    "no approval": (with_reviews(), "not-reviewed", "no approval of request #18 at 8d1e07b counts"),
    "only an old approval": (with_reviews(review(ALICE, of=OLD_HEAD)), "not-reviewed", "no approval of request #18"),
    "turned to another branch after the approvals": (
        with_change(base_retargeted_at=NOW - timedelta(minutes=31)),
        "not-reviewed",
        "no approval of request #18",
    ),
    "valid for longer than anybody may ask": (
        with_content(valid_until=MERGED_AT + timedelta(days=90, seconds=1)),
        "valid-too-long",
        "the request is valid until 2027-02-22T08:40:45Z; 90 days after its merge are the longest allowed",
    ),
    "valid for ever": (
        with_content(valid_until=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        "valid-too-long",
        "the request is valid until 9999-12-31T23:59:59Z",
    ),
    "not merged": (with_change(merged=False, merged_at=None), "not-merged", "request #18 is not merged"),
    "merged at an unknown time": (with_change(merged_at=None), "not-reviewed", ""),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_thing_wrong(case: str) -> None:
    found, code, reason = WRONG[case]
    finding = judged(found)
    assert finding.outcome is FindingOutcome.VIOLATED
    assert finding.code == code
    assert reason in told(finding)
    assert advised(finding)


def test_the_first_policy_of_a_branch_may_come_as_it_likes() -> None:
    found = judged(evidence(policy_origin=PolicyOrigin(REVISION, first=True, merge=None)))
    assert found.outcome is FindingOutcome.SATISFIED


def test_dismissed_approvals_are_named() -> None:
    found = judged(with_reviews(review(ALICE, of=OLD_HEAD)))
    assert [not_counted(each) for each in found.dismissed] == [
        ("alice", "approved an older revision of this request (1d0e77a)")
    ]


def test_a_request_is_valid_until_its_last_second() -> None:
    assert judged(with_content(valid_until=NOW)).outcome is FindingOutcome.SATISFIED


def test_ninety_days_from_the_merge_are_allowed() -> None:
    assert judged(with_content(valid_until=MERGED_AT + timedelta(days=90))).outcome is FindingOutcome.SATISFIED


def test_before_the_merge_the_days_are_counted_from_now() -> None:
    found = with_content(valid_until=NOW + timedelta(days=91))
    assert judged(with_change(found, merged=False, merged_at=None)).code == "valid-too-long"


def test_before_the_merge_the_fix_is_a_review() -> None:
    found = judged(with_change(merged=False, merged_at=None, reviews=()))
    assert advised(found) == "have it approved before the merge"


def test_a_head_that_was_pushed_away_and_came_back_is_a_warning() -> None:
    back = APPROVED_AT + timedelta(minutes=1)
    found = judged(with_change(head_came_back_at=back))
    assert found.outcome is FindingOutcome.SATISFIED
    assert "; warning: after alice, dora approved, something else was pushed, and this head came back" in told(found)
    assert "warning" not in told(judged(with_change(head_came_back_at=APPROVED_AT - timedelta(minutes=1))))


def test_every_code_is_tried() -> None:
    tried = {code for _, code, _ in WRONG.values()} | {fitting.TOO_LONG[1]}
    assert tried == set(review_of_this_revision.RULE.codes)
