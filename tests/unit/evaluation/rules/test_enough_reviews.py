"""Rule `enough-reviews`."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence_samples import (
    ALICE,
    BOB,
    CAROL,
    DORA,
    ERIN,
    HOST,
    OLD_HEAD,
    ROBOT,
    advised,
    commit,
    evidence,
    malformed,
    review,
    told,
    with_change,
    with_reviews,
)

from counterseal.evaluation.rules.enough_reviews import ANY, Options, check, few_enough, judge, match
from counterseal.model import Finding, FindingOutcome, Person, RuleUse, Stage
from counterseal.render.findings import not_counted

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence

PRODUCTION = Options(2, {"maintainers": 1, "security": 1})


def judged(found: Evidence, options: Options = PRODUCTION) -> Finding:
    return judge(found, options)


def test_enough() -> None:
    found = judged(evidence())
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == ("2 of 2 required approvals of request #18 at 8d1e07b: alice (maintainers), dora (security)")
    assert [each.actor.login for each in found.counted] == ["alice", "dora"]


def test_the_walkthroughs_deny() -> None:
    found = judged(with_reviews(review(ALICE), review(CAROL, of=OLD_HEAD)))
    assert (found.outcome, found.code) == (FindingOutcome.VIOLATED, "review-missing")
    assert told(found) == "1 of 2 required approvals of request #18 at 8d1e07b; missing 1 of security"
    assert [each.actor.login for each in found.counted] == ["alice"]
    assert [not_counted(each) for each in found.dismissed] == [
        ("carol", "approved an older revision of this request (1d0e77a)")
    ]
    assert advised(found) == (
        "counterseal request --stage production --again, and have one of security (dora) approve it before the merge"
    )


def test_before_the_merge_the_same_request_can_still_be_approved() -> None:
    found = judged(with_change(merged=False, merged_at=None, reviews=(review(ALICE),)))
    assert advised(found) == "have one of security (dora) approve it before the merge"


def test_many_of_one_group_do_not_replace_the_other() -> None:
    found = judged(with_reviews(review(ALICE), review(CAROL)))
    assert found.code == "review-missing"
    assert [each.actor.login for each in found.counted] == ["alice"]
    assert [not_counted(each) for each in found.dismissed] == [
        ("carol", "approved, but is in maintainers only, where no place is left")
    ]


def test_places_beyond_the_groups_are_open_to_all_groups() -> None:
    found = with_reviews(review(ALICE), review(CAROL), review(DORA))
    assert judged(found, Options(3, {"maintainers": 1})).outcome is FindingOutcome.SATISFIED
    missing = judged(with_reviews(review(ALICE)), Options(3, {"maintainers": 1}))
    assert told(missing).endswith("missing 2 more")
    assert "2 more of the policy's people (carol, dora)" in advised(missing)  # bob asked for it, so he is not offered


def test_where_nobody_is_left_it_says_so() -> None:
    found = judged(with_change(author=DORA, commits=(commit(ERIN),), reviews=(review(ALICE), review(DORA))))
    assert "one of security (nobody is left: let somebody else ask)" in advised(found)


def test_an_unknown_hand_asks_for_one_more() -> None:
    options = Options(1, {"maintainers": 1})
    unknown = (commit(ERIN, unattributed=1),)
    found = judged(with_change(commits=unknown, reviews=(review(ALICE),)), options)
    assert told(found) == (
        "1 of 2 required approvals of request #18 at 8d1e07b; missing 1 more "
        "(one more than the policy says, because commit 8d1e07b has 1 whom the forge cannot name)"
    )
    assert judged(with_change(commits=unknown), options).outcome is FindingOutcome.SATISFIED


@pytest.mark.parametrize(
    "part", [{"author": ROBOT}, {"pushers": (ERIN, ROBOT)}, {"commits": (commit(ERIN), commit(ERIN, ROBOT))}]
)
def test_a_bot_s_part_asks_for_one_more_because_its_master_may_have_approved(part: dict[str, Any]) -> None:
    options = Options(1, {"maintainers": 1})
    found = judged(with_change(**part, reviews=(review(ALICE),)), options)
    assert found.code == "review-missing"
    assert told(found).endswith("because robot[bot] is not a person, and who is behind it is not known)")
    assert judged(with_change(**part), options).outcome is FindingOutcome.SATISFIED


@pytest.mark.parametrize("found", [malformed(), evidence(change=None)])
def test_nothing_to_judge(found: Evidence) -> None:
    assert (judged(found).outcome, judged(found).code) == (FindingOutcome.SKIPPED, "no-request")


def test_whoever_is_in_two_groups_takes_the_place_that_fills_most() -> None:
    both, only = ("a", "b"), ("a",)
    assert match(["a", "b"], [both, only]) == {0: 1, 1: 0}
    assert match(["a", "b"], [both]) == {0: 0}
    assert len(match(["a", "b", ANY], [both, only, ("b",)])) == 3


@given(
    st.lists(st.sampled_from(["a", "b", "c", ANY]), max_size=5),
    st.lists(st.sets(st.sampled_from(["a", "b", "c"])).map(sorted), max_size=5),
)
def test_matching_fills_as_many_places_as_trying_everything_does(places: list[str], people: list[list[str]]) -> None:
    seats = [[*range(len(places)), None]] * len(people)
    most = 0
    for choice in itertools.product(*seats):
        taken = [place for place in choice if place is not None]
        fits = all(
            p is None or places[p] == ANY or places[p] in groups for p, groups in zip(choice, people, strict=True)
        )
        if fits and len(set(taken)) == len(taken):
            most = max(most, len(taken))
    found = match(places, people)
    assert len(found) == most
    assert len(set(found.values())) == len(found)
    assert all(places[place] == ANY or places[place] in people[who] for place, who in found.items())


def test_impossible_demands_are_found_when_the_policy_is_loaded() -> None:
    groups = {"a": (Person(HOST, 1, "one"), Person(HOST, 2, "two")), "b": (Person(HOST, 1, "one"),)}
    assert check(Options(2, {"a": 1, "b": 1}), groups) is None
    assert check(Options(2), groups) is None
    for options, key in [
        (Options(1, {"c": 1}), "from"),
        (Options(1, {"a": 2}), "count"),
        (Options(3), "count"),
        (Options(2, {"b": 2}), "count"),
        (Options(10**17), "count"),
    ]:
        problem = check(options, groups)
        assert problem is not None
        assert problem.key == key


def test_requester_never_counts() -> None:
    found = judged(with_reviews(review(BOB), review(DORA)))
    assert [not_counted(each) for each in found.dismissed] == [("bob", "asked for this")]


def test_an_approval_under_a_login_whose_number_is_wrong_in_the_policy_says_so() -> None:
    alice = dataclasses.replace(ALICE, id=50001)
    found = judged(with_reviews(review(alice), review(DORA)))
    who, why = not_counted(found.dismissed[0])
    assert (who, why) == (
        "alice",
        f"in no group of the policy, which lists another account under this login: {ALICE.id}",
    )
    assert advised(found).startswith(
        f"alice's account is 50001, and the policy lists {ALICE.id}: "
        "if that is the same person, correct the policy, then"
    )


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (None, ["alice"]),
        (Options(1, {}), ["alice"]),
        (Options(2, {"maintainers": 2}), ["alice", "bob"]),
        (Options(2, {"maintainers": 1, "security": 1}), ["alice", "dora"]),
        (Options(4, {"security": 1}), ["alice", "bob", "carol", "dora"]),
        (Options(5, {}), []),
    ],
)
def test_as_few_as_suffice(options: Options | None, wanted: list[str]) -> None:
    policy = evidence().policy
    uses = () if options is None else (RuleUse("enough-reviews", options),)
    stage = Stage("staging", None, publish=False, rules=uses)
    assert [person.login for person in few_enough(policy, stage, HOST)] == wanted
    assert few_enough(policy, stage, "git.example") == ()
