"""Running the rules: the truth table, rules that break, and what may never happen whatever the evidence."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence_samples import (
    ALICE,
    APPROVED_AT,
    BOB,
    CAROL,
    CONTENT,
    DORA,
    ERIN,
    HEAD,
    MALLORY,
    OLD_HEAD,
    POLICY,
    commit,
    earlier,
    evidence,
    malformed,
    review,
    with_change,
    with_request,
)

from counterseal.errors import CountersealError
from counterseal.evaluation import decision
from counterseal.evaluation import judging as evaluation
from counterseal.evaluation.rules import RULES
from counterseal.model import Actor, Commit, Finding, FindingOutcome, Outcome, Permission, Review, ReviewState
from counterseal.policy import Need, NoOptions, RuleSpec, satisfied

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.evaluation.evidence import Evidence

SATISFIED, VIOLATED, SKIPPED, ERROR = FindingOutcome


def evaluate(found: Evidence) -> tuple[Finding, ...]:
    stage = found.policy.stage(found.stage)
    assert stage is not None
    return evaluation.evaluate(found.policy, stage, found)


def decided(found: Evidence) -> Outcome | None:
    return evaluation.outcome(evaluate(found))


def finding(outcome: FindingOutcome) -> Finding:
    return Finding("some-rule", outcome, "some-code")


@pytest.mark.parametrize("size", range(4))
def test_truth_table(size: int) -> None:
    for outcomes in itertools.product(FindingOutcome, repeat=size):
        found = evaluation.outcome([finding(each) for each in outcomes])
        if ERROR in outcomes:
            assert found is None
        elif set(outcomes) in ({SATISFIED}, {SATISFIED, SKIPPED}):
            assert found is Outcome.ALLOW
        else:
            assert found is Outcome.DENY


def test_nothing_and_all_skipped_deny() -> None:
    assert evaluation.outcome([]) is Outcome.DENY
    assert evaluation.outcome([finding(SKIPPED)] * 3) is Outcome.DENY


def test_the_good_production_request_is_allowed_by_eleven_rules() -> None:
    found = evaluate(evidence())
    assert [each.rule for each in found] == [
        "review-of-this-revision",
        "digest-matches",
        "provenance-verified",
        "previous-stage-passed",
        "ledger-intact",
        "stage-not-held",
        "not-revoked",
        "sbom-present",
        "licences-allowed",
        "enough-reviews",
        "author-did-not-approve",
    ]
    assert {each.outcome for each in found} == {SATISFIED}
    assert evaluation.outcome(found) is Outcome.ALLOW


def test_the_first_stage_is_allowed_without_one_before() -> None:
    content = dataclasses.replace(CONTENT, stage="staging")
    start = evidence(stage="staging", history=())
    request = dataclasses.replace(
        start.request, content=content, path=start.request.path.replace("production", "staging")
    )
    found = evaluate(dataclasses.replace(start, request=request))
    assert [each.code for each in found if each.outcome is SKIPPED] == ["first-stage"]
    assert evaluation.outcome(found) is Outcome.ALLOW


@pytest.mark.parametrize("found", [malformed(), evidence(change=None), malformed(evidence(change=None))])
def test_what_cannot_be_judged_is_denied_and_nothing_breaks(found: Evidence) -> None:
    findings = evaluate(found)
    assert findings[0].outcome is VIOLATED
    assert not [each for each in findings if each.outcome is ERROR]
    assert evaluation.outcome(findings) is Outcome.DENY


def test_rules_that_always_apply_need_no_mention() -> None:
    stage = dataclasses.replace(POLICY.stages[1], rules=())
    policy = dataclasses.replace(POLICY, stages=(POLICY.stages[0], stage))
    found = evaluate(evidence(policy=policy))
    assert [each.rule for each in found] == [name for name, spec in RULES.items() if spec.always]


@pytest.mark.parametrize("need", Need)
def test_a_rule_that_needs_what_was_not_read_is_skipped_and_says_so(need: Need) -> None:
    found = {each.rule: each for each in evaluate(evidence(unread=frozenset({need})))}
    for name, spec in RULES.items():
        if need in spec.needs:
            assert (found[name].outcome, found[name].code) == (FindingOutcome.SKIPPED, "not-read")
            assert found[name].data == {"needs": [need.value]}
        else:
            assert found[name].outcome is FindingOutcome.SATISFIED


def test_every_need_is_somebodys() -> None:
    assert evaluation.needs(POLICY, "production") == frozenset(Need) == evaluation.needs(POLICY, "nowhere")


def test_what_a_stage_needs_is_what_its_rules_and_those_that_always_apply_need() -> None:
    def spec(name: str, need: Need, *, always: bool = False) -> RuleSpec:
        return RuleSpec(name, "", lambda *_: satisfied(name), (), frozenset({need}), always=always)

    rules = {
        "always": spec("always", Need.LEDGER, always=True),
        "sbom-present": spec("sbom-present", Need.BYTES),
        "author-did-not-approve": spec("author-did-not-approve", Need.REVIEWS),
    }
    assert evaluation.needs(POLICY, "staging", rules=rules) == {Need.LEDGER, Need.BYTES}
    assert evaluation.needs(POLICY, "production", rules=rules) == {Need.LEDGER, Need.BYTES, Need.REVIEWS}
    assert evaluation.needs(POLICY, "nowhere", rules=rules) == {Need.LEDGER}


@pytest.mark.parametrize("changes", [{"unread": frozenset({need})} for need in Need] + [{"run": None}], ids=str)
def test_nothing_is_decided_before_everything_was_read(changes: dict[str, Any]) -> None:
    found = evidence(**changes)
    with pytest.raises(CountersealError, match="could not decide") as refused:
        decision.decide(found, evaluate(found))
    assert refused.value.why == "not everything was read"


def test_of_a_request_that_is_not_merged_nothing_is_decided() -> None:
    found = with_request(merged=None)
    with pytest.raises(CountersealError, match="could not decide"):
        decision.decide(found, evaluate(found))


def test_the_order_of_the_policy_does_not_matter() -> None:
    stage = dataclasses.replace(POLICY.stages[1], rules=POLICY.stages[1].rules[::-1])
    policy = dataclasses.replace(POLICY, stages=(POLICY.stages[0], stage))
    assert evaluate(evidence(policy=policy)) == evaluate(evidence())


def run_with(judge: Callable[[Any, Any], Finding]) -> Finding:
    rules = {"broken": RuleSpec("broken", "", judge, ("known",), frozenset(), always=True)}
    findings = evaluation.evaluate(POLICY, POLICY.stages[1], evidence(), rules={**RULES, **rules})
    return next(finding for finding in findings if finding.rule == "broken")


def _raise(*_: object) -> Finding:
    raise RecursionError("too deep")


@pytest.mark.parametrize(
    ("judge", "reason"),
    [
        (_raise, "RecursionError: too deep"),
        (lambda *_: satisfied("other"), "it answered satisfied as other with the code 'satisfied'"),
        (
            lambda *_: Finding("broken", SATISFIED, "strange"),
            "it answered satisfied as broken with the code 'strange'",
        ),
        (lambda *_: Finding("broken", SATISFIED, "known"), "with the code 'known'"),
        (lambda *_: Finding("broken", VIOLATED, "satisfied"), "it answered violated as broken"),
        (lambda *_: None, "AttributeError"),
    ],
)
def test_a_rule_that_breaks_is_a_finding_in_error(judge: Callable[[Any, Any], Finding], reason: str) -> None:
    found = run_with(judge)
    assert (found.rule, found.outcome, found.code) == ("broken", ERROR, "rule-error")
    assert reason in found.data["detail"]


def test_a_rule_that_does_not_exist_and_foreign_evidence_are_errors() -> None:
    without = {name: spec for name, spec in RULES.items() if name != "sbom-present"}
    found = evaluation.evaluate(POLICY, POLICY.stages[1], evidence(), rules=without)
    assert (found[-1].rule, found[-1].outcome) == ("sbom-present", ERROR)
    assert evaluation.outcome(evaluation.evaluate(POLICY, POLICY.stages[0], evidence())) is None
    other = dataclasses.replace(POLICY, digest="0" * 64)
    assert evaluation.outcome(evaluation.evaluate(other, POLICY.stages[1], evidence())) is None


# --- what may never happen -------------------------------------------------------------------

PEOPLE = (ALICE, BOB, CAROL, DORA, ERIN, MALLORY)


@st.composite
def worlds(draw: st.DrawFn) -> Evidence:
    """Evidence around the good one: other reviews, permissions, makers, earlier decisions, assets, statements."""
    start = evidence()
    state = st.sampled_from([ReviewState.APPROVED] * 4 + list(ReviewState))
    reviews = st.builds(
        lambda who, told, of, minutes: review(who, told, of=of, at=APPROVED_AT.replace(minute=minutes)),
        st.sampled_from([*PEOPLE, ALICE, DORA]),
        state,
        st.sampled_from([HEAD, HEAD, HEAD, OLD_HEAD, None]),
        st.integers(0, 59),
    )
    permissions = [(who, draw(st.sampled_from([Permission.WRITE] * 4 + [Permission.READ]))) for who in PEOPLE]
    extra = draw(st.lists(reviews, max_size=4))
    place = draw(st.integers(0, len(extra)))
    change = {
        "reviews": (*extra[:place], *start.change.reviews, *extra[place:]) if start.change else (),
        "commits": draw(
            st.sampled_from([(commit(ERIN),), (commit(ERIN),), (commit(ALICE),), (commit(ERIN, unattributed=1),)])
        ),
        "base_retargeted_at": draw(st.sampled_from([None, None, APPROVED_AT.replace(minute=30)])),
    }
    decisions = st.builds(
        earlier,
        st.sampled_from(["staging", "staging", "production"]),
        st.sampled_from(list(Outcome)),
        sequence=st.integers(30, 41),
        withdrawn=st.booleans(),
    )
    history = (*start.history, *draw(st.lists(decisions, max_size=2)))
    return with_change(dataclasses.replace(start, permissions=tuple(permissions), history=history), **change)


def less(found: Evidence) -> list[Evidence]:
    """Return what the evidence would be with one thing taken away.

    Statements and assets are what a request pins by digest: beside them nothing can be hidden, so that "two
    of a kind" or "one too many" may deny although one less would not.
    """
    assert found.change is not None

    def other(**changes: Any) -> Evidence:
        return dataclasses.replace(found, **changes)

    def without(items: tuple[Any, ...], index: int) -> tuple[Any, ...]:
        return items[:index] + items[index + 1 :]

    change = found.change
    approvals = [i for i, each in enumerate(change.reviews) if each.state is ReviewState.APPROVED]
    result = [with_change(found, reviews=without(change.reviews, i)) for i in approvals]
    for name in ("permissions", "history", "builds", "observed"):
        items = getattr(found, name)
        result += [other(**{name: without(items, i)}) for i in range(len(items))]
    result += [other(**{name: None}) for name in ("candidate", "manifest", "sbom", "source", "change")]
    lower = tuple((who, Permission(max(0, held - 1))) for who, held in found.permissions)
    return [*result, other(permissions=lower)]


@pytest.mark.slow
@given(worlds())
def test_taking_evidence_away_never_turns_a_deny_into_an_allow(found: Evidence) -> None:
    if decided(found) is not Outcome.ALLOW:
        assert [each for each in less(found) if decided(each) is Outcome.ALLOW] == []


@given(worlds(), st.sampled_from(PEOPLE), st.integers(0, 6), st.sampled_from([HEAD, OLD_HEAD, None]))
def test_a_demand_for_changes_never_turns_a_deny_into_an_allow(
    found: Evidence, who: Actor, place: int, of: str | None
) -> None:
    assert found.change is not None
    reviews = list(found.change.reviews)
    reviews.insert(place, review(who, ReviewState.CHANGES_REQUESTED, of=of))
    if decided(found) is not Outcome.ALLOW:
        assert decided(with_change(found, reviews=tuple(reviews))) is not Outcome.ALLOW


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_people_does_not_matter(found: Evidence, random: Any) -> None:
    assert found.change is not None
    by_person: dict[tuple[str, int], list[Review]] = {}
    for each in found.change.reviews:
        assert each.actor is not None
        by_person.setdefault(each.actor.key, []).append(each)
    people = list(by_person.values())
    random.shuffle(people)
    shuffled = with_change(found, reviews=tuple(itertools.chain.from_iterable(people)))
    permissions = list(found.permissions)
    random.shuffle(permissions)
    shuffled = dataclasses.replace(shuffled, permissions=tuple(permissions))
    assert decided(shuffled) == decided(found)
    assert [each.code for each in evaluate(shuffled)] == [each.code for each in evaluate(found)]


@given(worlds(), st.permutations(PEOPLE))
def test_logins_are_only_for_people(found: Evidence, order: list[Actor]) -> None:
    logins = {who.key: other.login for who, other in zip(PEOPLE, order, strict=True)}

    def renamed(who: Actor | None) -> Actor | None:
        return who and dataclasses.replace(who, login=logins.get(who.key, who.login))

    assert found.change is not None
    other = with_change(
        found,
        author=renamed(found.change.author),
        reviews=tuple(dataclasses.replace(each, actor=renamed(each.actor)) for each in found.change.reviews),
        commits=tuple(
            Commit(each.revision, tuple(renamed(who) or who for who in each.people), each.unattributed)
            for each in found.change.commits
        ),
    )
    other = dataclasses.replace(
        other, permissions=tuple((renamed(who) or who, held) for who, held in found.permissions)
    )
    assert [(each.rule, each.outcome, each.code) for each in evaluate(other)] == [
        (each.rule, each.outcome, each.code) for each in evaluate(found)
    ]


def test_both_endings_are_reached_by_these_worlds() -> None:
    endings: set[Outcome | None] = set()

    @given(worlds())
    def look(found: Evidence) -> None:
        endings.add(decided(found))

    look()
    assert endings == {Outcome.ALLOW, Outcome.DENY}


def test_options_of_rules_without_any_are_empty() -> None:
    assert [spec.name for spec in RULES.values() if spec.always and spec.options is not NoOptions] == []
