"""The rules of a stage by its name, and what a decision keeps: which error it names, which of too many reviews."""

from __future__ import annotations

import dataclasses

import pytest
from tests.evidence_samples import ALICE, CAROL, DORA, MALLORY, POLICY, evidence, malformed, review, with_reviews

from counterseal.errors import CountersealError
from counterseal.evaluation import decision, judging
from counterseal.evaluation.rules import RULES
from counterseal.model import Finding, FindingOutcome, Outcome, Review, ReviewState


def test_a_stage_is_judged_by_the_rules_that_always_apply_and_by_its_own() -> None:
    for name in ("staging", "production"):
        stage = POLICY.stage(name)
        assert stage is not None
        found = evidence(stage=name)
        assert judging.judge(found) == judging.evaluate(POLICY, stage, found)
        assert [each.rule for each in judging.judge(found)] == [
            *(rule.name for rule in RULES.values() if rule.always),
            *(use.name for use in stage.rules),
        ]


def test_a_stage_that_the_policy_has_not_is_judged_by_what_always_applies_and_denied() -> None:
    for start in (evidence(), malformed()):
        findings = judging.judge(dataclasses.replace(start, stage="canary"))
        assert [each.rule for each in findings] == [rule.name for rule in RULES.values() if rule.always]
        assert judging.outcome(findings) is Outcome.DENY


def test_what_could_not_be_judged_is_named_wherever_it_stands() -> None:
    good = Finding("first", FindingOutcome.SATISFIED, "satisfied")
    broken = Finding("second", FindingOutcome.ERROR, judging.RULE_ERROR, {"detail": "it broke"})
    for findings in ((good, broken), (broken, good)):
        with pytest.raises(CountersealError) as caught:
            decision.decide(evidence(), findings)
        assert "second" in caught.value.why
        assert "first" not in caught.value.why


@pytest.mark.parametrize(
    ("kept", "flood"),
    [
        (review(ALICE), review(CAROL, ReviewState.COMMENTED)),
        (review(DORA, ReviewState.CHANGES_REQUESTED), review(CAROL, ReviewState.COMMENTED)),
        (review(CAROL, ReviewState.COMMENTED), review(MALLORY, ReviewState.COMMENTED)),
        (review(MALLORY, ReviewState.COMMENTED), review(None, ReviewState.COMMENTED)),
    ],
    ids=["what counts", "what objects", "the policy's people", "people"],
)
def test_of_too_many_reviews_what_weighs_most_is_kept_first(kept: Review, flood: Review) -> None:
    found = with_reviews(kept, *[flood] * decision.MAX_REVIEWS, start=evidence())
    findings = (Finding("some", FindingOutcome.SATISFIED, "satisfied"),)
    listed = decision.decide(found, findings).reviews
    assert len(listed) == decision.MAX_REVIEWS
    assert (listed[0].actor, listed[0].state) == (kept.actor, kept.state)
    assert {each.actor for each in listed[1:]} == {flood.actor}


def test_of_reviews_that_weigh_the_same_the_latest_are_kept_in_their_order() -> None:
    reviews = [review(MALLORY, ReviewState.COMMENTED, of=f"{number:040x}") for number in range(70)]
    findings = (Finding("some", FindingOutcome.SATISFIED, "satisfied"),)
    listed = decision.decide(with_reviews(*reviews), findings).reviews
    assert [each.revision for each in listed] == [each.revision for each in reviews[6:]]


def test_without_a_manifest_that_was_read_whole_a_decision_is_about_the_request_file() -> None:
    about = decision.subjects(evidence(manifest=None))
    assert about == decision.subjects(evidence(manifest_digest=None))
    assert [each.name for each in about] == [evidence().request.path]
    assert len(decision.subjects(evidence())) == 3
