"""Which approvals count: table of single reasons, and the latest opinion of each person."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.evidence_samples import (
    ALICE,
    APPROVED_AT,
    BOB,
    CAROL,
    DORA,
    ERIN,
    FRANK,
    HEAD,
    HOST,
    MALLORY,
    MERGED_AT,
    OLD_HEAD,
    POLICY,
    ROBOT,
    actor,
    commit,
    evidence,
    member,
    review,
    with_change,
    with_content,
    with_reviews,
)

from counterseal.evaluation.approvals import MAX_DISMISSED, approvals, excluded, unknown_authorship
from counterseal.formats import wire
from counterseal.model import Actor, ActorKind, Permission, Person, Reason, Review, ReviewState
from counterseal.render.findings import not_counted
from counterseal.render.findings import people as gaps

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.evaluation.evidence import Evidence

LATER = APPROVED_AT + timedelta(minutes=10)
AFTER = MERGED_AT + timedelta(hours=1)
CHANGES, DISMISSED = ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED


def ended(
    who: Actor | None,
    *,
    was: ReviewState | None = ReviewState.APPROVED,
    by: Actor | None = None,
    at: datetime = APPROVED_AT,
    when: datetime | None = LATER,
) -> Review:
    """Return a review that somebody dismissed."""
    return dataclasses.replace(review(who, DISMISSED, at=at), was=was, dismissed_by=by, dismissed_at=when)


def counted(found: Evidence) -> list[str]:
    return [each.actor.login for each in approvals(found).counted]


def dismissed(found: Evidence) -> dict[str, str]:
    return dict(not_counted(each) for each in approvals(found).dismissed)


def objectors(found: Evidence) -> list[str]:
    return [each.actor.login for each in approvals(found).objections]


def test_the_good_ones_count_with_their_groups() -> None:
    found = approvals(evidence())
    assert [(each.actor, each.groups) for each in found.counted] == [(ALICE, ("maintainers",)), (DORA, ("security",))]
    assert found.dismissed == ()
    assert found.objections == ()


def test_nothing_counts_without_a_change_request() -> None:
    found = approvals(evidence(change=None))
    assert (found.counted, found.dismissed, found.objections) == ((), (), ())


def with_permission(who: Actor, permission: Permission | None) -> Evidence:
    kept = tuple(pair for pair in evidence().permissions if pair[0] != who)
    return evidence(permissions=kept if permission is None else (*kept, (who, permission)))


def with_robot_in_group() -> Evidence:
    groups = {**POLICY.groups, "robots": (member(ROBOT),)}
    start = evidence(policy=dataclasses.replace(POLICY, groups=groups), permissions=((ROBOT, Permission.ADMIN),))
    return with_reviews(review(ROBOT), start=start)


#: Evidence in which one approval does not count: who, and the words.
ONE_REASON: dict[str, tuple[Callable[[], Evidence], str, str]] = {
    "older revision": (
        lambda: with_reviews(review(CAROL, of=OLD_HEAD)),
        "carol",
        "approved an older revision of this request (1d0e77a)",
    ),
    "lost revision": (
        lambda: with_reviews(review(CAROL, of=None)),
        "carol",
        "approved a revision that the forge has lost",
    ),
    "after the merge": (
        lambda: with_reviews(review(CAROL, at=MERGED_AT + timedelta(seconds=1))),
        "carol",
        "approved after the merge (2026-11-24T08:40:45Z)",
    ),
    "no time": (lambda: with_reviews(review(CAROL, at=None)), "carol", "approved at an unknown time"),
    "merge at an unknown time": (
        lambda: with_change(merged_at=None, reviews=(review(CAROL),)),
        "carol",
        "approved after the merge (2026-11-24T07:40:44Z)",
    ),
    "before the branch was changed": (
        lambda: with_change(base_retargeted_at=LATER, reviews=(review(CAROL),)),
        "carol",
        "approved before the request was turned to another branch",
    ),
    "deleted account": (lambda: with_reviews(review(None)), "a deleted account", "nobody can say who it was"),
    "bot in a group": (with_robot_in_group, "robot[bot]", "no person's account (bot)"),
    "app": (lambda: with_reviews(review(actor(1, "app", ActorKind.OTHER))), "app", "no person's account (other)"),
    "in no group": (lambda: with_reviews(review(MALLORY)), "mallory", "in no group of the policy"),
    "same number elsewhere": (
        lambda: with_reviews(review(actor(1001, "alice", host="gitlab.com"))),
        "alice",
        "in no group of the policy",
    ),
    "same login, other number": (
        lambda: with_reviews(review(actor(9, "alice"))),
        "alice",
        "in no group of the policy, which lists another account under this login: 1001",
    ),
    "read only": (
        lambda: with_permission(ALICE, Permission.READ),
        "alice",
        "has the permission read, and write is needed",
    ),
    "triage": (
        lambda: with_permission(ALICE, Permission.TRIAGE),
        "alice",
        "has the permission triage, and write is needed",
    ),
    "unknown permission": (
        lambda: with_permission(ALICE, None),
        "alice",
        "has the permission none, and write is needed",
    ),
    "author": (lambda: with_change(author=ALICE), "alice", "author of this request"),
    "commit": (
        lambda: with_change(commits=(commit(ERIN), commit(ERIN, ALICE, start="ab12cd3"))),
        "alice",
        "has a part in its commit ab12cd3",
    ),
    "pusher": (lambda: with_change(pushers=(ERIN, ALICE)), "alice", "pushed to this request"),
    "requester": (
        lambda: with_content(requested_by=Person(HOST, ALICE.id, "someone-else")),
        "alice",
        "asked for this",
    ),
    "started the gate": (lambda: evidence(run_actors=(ALICE,)), "alice", "started this run of the gate"),
    "dismissed": (lambda: with_reviews(ended(CAROL)), "carol", "the review was dismissed"),
}


@pytest.mark.parametrize("case", ONE_REASON)
def test_one_reason_is_enough_and_is_named(case: str) -> None:
    made, who, why = ONE_REASON[case]
    found = made()
    assert dismissed(found)[who] == why
    assert who not in counted(found)


def test_whoever_merged_may_have_approved() -> None:
    assert counted(with_change(merged_by=ALICE)) == ["alice", "dora"]


def test_an_approval_at_the_moment_of_the_merge_counts() -> None:
    assert counted(with_reviews(review(CAROL, at=MERGED_AT))) == ["carol"]


def test_write_is_enough_and_the_lowest_reading_decides() -> None:
    assert "alice" in counted(with_permission(ALICE, Permission.WRITE))
    twice = evidence(permissions=(*evidence().permissions, (ALICE, Permission.NONE)))
    assert "alice" not in counted(twice)


def test_before_the_merge_nothing_is_too_late() -> None:
    found = with_change(merged=False, merged_at=None, reviews=(review(CAROL, at=MERGED_AT + timedelta(days=1)),))
    assert counted(found) == ["carol"]


#: What carol told, in order, and what it comes to.
OPINIONS: dict[str, tuple[list[Review], str]] = {
    "approved": ([review(CAROL)], "counted"),
    "approved twice": ([review(CAROL), review(CAROL, at=LATER)], "counted"),
    "approved anew": ([review(CAROL, of=OLD_HEAD), review(CAROL, at=LATER)], "counted"),
    "approved an old one again": ([review(CAROL), review(CAROL, of=OLD_HEAD, at=LATER)], "counted"),
    "commented after": ([review(CAROL), review(CAROL, ReviewState.COMMENTED, at=LATER)], "counted"),
    "pending after": ([review(CAROL), review(CAROL, ReviewState.PENDING, at=None)], "counted"),
    "only commented": ([review(CAROL, ReviewState.COMMENTED)], "nothing"),
    "objects": ([review(CAROL, CHANGES)], "objects"),
    "objects after approving": ([review(CAROL), review(CAROL, CHANGES, at=LATER)], "objects"),
    "objects to an old one": ([review(CAROL, CHANGES, of=OLD_HEAD)], "objects"),
    "objects after the merge": ([review(CAROL), review(CAROL, CHANGES, at=MERGED_AT + timedelta(hours=1))], "objects"),
    "comment does not settle": ([review(CAROL, CHANGES), review(CAROL, ReviewState.COMMENTED, at=LATER)], "objects"),
    "settled": ([review(CAROL, CHANGES), review(CAROL, at=LATER)], "counted"),
    "settled too late": ([review(CAROL, CHANGES), review(CAROL, at=MERGED_AT + timedelta(hours=1))], "objects"),
    "dismissed after approving": ([review(CAROL), ended(CAROL, at=LATER)], "dismissed"),
    "settled, and then that was dismissed": ([review(CAROL, CHANGES), ended(CAROL, at=LATER)], "dismissed"),
    "settled too late, and that was dismissed": ([review(CAROL, CHANGES), ended(CAROL, at=AFTER)], "objects"),
    "objection dismissed": ([review(CAROL), ended(CAROL, was=CHANGES, by=ALICE, at=LATER)], "dismissed"),
    "objection dismissed by its author": ([ended(CAROL, was=CHANGES, by=CAROL)], "dismissed"),
    "one of two dismissed": ([review(CAROL, CHANGES), ended(CAROL, was=CHANGES, by=ALICE)], "objects"),
    "dismissed by a stranger": ([ended(CAROL, was=CHANGES, by=MALLORY)], "objects"),
    "dismissed by the author of the request": ([ended(CAROL, was=CHANGES, by=ERIN)], "objects"),
    "dismissed by nobody knows whom": ([ended(CAROL, was=CHANGES)], "objects"),
    "nobody knows what was dismissed": ([ended(CAROL, was=None)], "objects"),
    "nobody knows what an approver dismissed": ([ended(CAROL, was=None, by=ALICE)], "dismissed"),
    "dismissed nobody knows when": ([ended(CAROL, was=CHANGES, by=ALICE, when=None)], "objects"),
    "dismissed after the merge": ([ended(CAROL, was=CHANGES, by=CAROL, when=AFTER)], "objects"),
    "approved after a dismissal": ([ended(CAROL), review(CAROL, at=LATER)], "counted"),
    "approved after one that closed nothing": ([ended(CAROL, was=CHANGES), review(CAROL, at=LATER)], "counted"),
}


@pytest.mark.parametrize("case", OPINIONS)
def test_the_latest_opinion_counts(case: str) -> None:
    reviews, outcome = OPINIONS[case]
    found = with_reviews(*reviews)
    seen = {
        "counted": counted(found) == ["carol"],
        "dismissed": list(dismissed(found)) == ["carol"],
        "objects": objectors(found) == ["carol"],
    }
    assert [what for what, yes in seen.items() if yes] == ([] if outcome == "nothing" else [outcome])


def test_an_objection_of_somebody_whom_the_policy_names_needs_no_permission() -> None:
    start = with_reviews(review(CAROL, CHANGES))
    assert objectors(dataclasses.replace(start, permissions=())) == ["carol"]


def test_an_objection_of_somebody_else_does_not_count() -> None:
    assert objectors(with_reviews(review(MALLORY, CHANGES), review(None, CHANGES))) == []


def test_excluded_names_the_first_part_that_somebody_had() -> None:
    found = with_change(
        start=evidence(run_actors=(FRANK,)), author=ERIN, commits=(commit(ERIN, CAROL),), pushers=(ERIN, DORA)
    )
    assert excluded(found) == {
        ERIN.key: Reason("author"),
        BOB.key: Reason("asked"),
        CAROL.key: Reason("commit", {"revision": HEAD}),
        DORA.key: Reason("pushed"),
        FRANK.key: Reason("started-run"),
    }


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({"author": None}, "its author's account was deleted"),
        ({"commits": ()}, "it has no commits"),
        ({"commits": (commit(ERIN, unattributed=2),)}, "commit 8d1e07b has 2 whom the forge cannot name"),
        ({"commits": (commit(),)}, "commit 8d1e07b has 1 whom the forge cannot name"),
        ({"unknown_pushers": 1}, "1 of its pushers cannot be named"),
    ],
)
def test_what_is_not_known_about_the_makers_is_said(changes: dict[str, Any], gap: str) -> None:
    assert unknown_authorship(evidence()) == ()
    assert [gaps.gap(wire.encode(each)) for each in unknown_authorship(with_change(**changes))] == [gap]


def test_of_an_unreadable_request_nobody_is_known() -> None:
    assert unknown_authorship(evidence(change=None)) == (Reason("unreadable"),)


def test_strangers_cannot_fill_the_record() -> None:
    strangers = [review(actor(5000 + number, f"stranger{number}")) for number in range(40)]
    found = with_reviews(*strangers, *[review(None)] * 200, review(FRANK), review(ALICE))
    who = [not_counted(each)[0] for each in approvals(found).dismissed]
    assert counted(found) == ["alice"]
    assert len(who) == MAX_DISMISSED + 1
    assert who[-1] == "18 more"


def test_deleted_accounts_are_one() -> None:
    assert dismissed(with_reviews(*[review(None)] * 200)) == {
        "deleted accounts (200 approvals)": "nobody can say who it was"
    }
    assert dismissed(with_reviews(review(None))) == {"a deleted account": "nobody can say who it was"}


def test_the_policys_people_are_named_first() -> None:
    strangers = [review(actor(5000 + number, f"stranger{number}")) for number in range(40)]
    found = with_reviews(*strangers, review(CAROL, of=OLD_HEAD))
    assert approvals(found).dismissed[0].actor == CAROL
