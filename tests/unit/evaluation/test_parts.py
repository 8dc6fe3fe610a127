"""Who had a part in a request, where something of it cannot be read or was never there."""

from __future__ import annotations

import dataclasses

from tests.evidence_samples import (
    APPROVED_AT,
    BOB,
    CAROL,
    CHANGE,
    ERIN,
    FRANK,
    MALLORY,
    OLD_HEAD,
    ROBOT,
    commit,
    evidence,
    malformed,
    review,
    with_change,
    with_reviews,
)

from counterseal.evaluation.approvals import approvals, excluded, hidden_hands, unknown_authorship
from counterseal.evaluation.rules import author_did_not_approve
from counterseal.model import Reason, ReviewState
from counterseal.policy import NoOptions


def test_of_a_request_that_cannot_be_read_the_makers_are_known_and_nobody_asked() -> None:
    assert excluded(malformed()) == {ERIN.key: Reason("author")}
    assert unknown_authorship(malformed()) == (Reason("unreadable"),)


def test_without_a_change_request_nobody_had_a_part_but_who_asked() -> None:
    pushed = evidence(change=None, run_actors=(FRANK,))
    assert {each.code for each in excluded(pushed).values()} == {"asked", "started-run"}
    assert hidden_hands(pushed) == ()
    assert unknown_authorship(pushed) == (Reason("unreadable"),)


def test_a_part_is_told_by_the_first_way_in_which_it_was_taken() -> None:
    found = with_change(author=ERIN, commits=(commit(ERIN, MALLORY),), pushers=(ERIN, MALLORY, CAROL))
    parts = excluded(found)
    assert {who: each.code for who, each in parts.items()} == {
        ERIN.key: "author",
        BOB.key: "asked",
        MALLORY.key: "commit",
        CAROL.key: "pushed",
    }


def test_every_bot_with_a_part_hides_somebody_once() -> None:
    assert hidden_hands(evidence()) == ()
    for found in (
        with_change(author=ROBOT),
        with_change(pushers=(ROBOT,)),
        with_change(commits=(commit(ERIN, ROBOT),)),
        with_change(author=ROBOT, pushers=(ROBOT,), commits=(commit(ROBOT),)),
    ):
        assert len(hidden_hands(found)) == 1


def test_what_is_not_known_is_counted_with_whose_it_is() -> None:
    assert unknown_authorship(evidence()) == ()
    assert len(unknown_authorship(with_change(author=None))) == 1
    assert unknown_authorship(with_change(commits=())) == (Reason("no-commits"),)
    for made, people in ((commit(), 1), (commit(ERIN, unattributed=2), 2)):
        (gap,) = unknown_authorship(with_change(commits=(made,)))
        assert (gap.code, gap.data["people"]) == ("commit-unattributed", people)
    assert unknown_authorship(with_change(unknown_pushers=3)) == (Reason("pushers-unknown", {"people": 3}),)
    nothing = with_change(author=None, commits=(), unknown_pushers=1)
    assert len(unknown_authorship(nothing)) == 3


def test_a_dismissed_comment_neither_closes_nor_opens_an_objection() -> None:
    demand = review(CAROL, ReviewState.CHANGES_REQUESTED)
    comment = dataclasses.replace(
        review(CAROL, ReviewState.DISMISSED),
        was=ReviewState.COMMENTED,
        dismissed_by=CAROL,
        dismissed_at=APPROVED_AT,
    )
    found = approvals(with_reviews(demand, comment, *CHANGE.reviews))
    assert [each.actor for each in found.objections] == [CAROL]
    found = approvals(with_reviews(comment, *CHANGE.reviews))
    assert found.objections == ()
    assert [each.actor for each in found.dismissed] == [CAROL]


def test_the_rule_about_parts_lists_whom_a_part_excluded_and_nobody_else() -> None:
    found = with_reviews(review(ERIN), review(CAROL, of=OLD_HEAD), *CHANGE.reviews)
    listed = author_did_not_approve.judge(found, NoOptions())
    assert [each.actor for each in listed.dismissed] == [ERIN]
    assert {each.actor.login for each in listed.counted} == {"alice", "dora"}
