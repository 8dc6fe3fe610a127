"""Rule `previous-stage-passed`."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.evidence_samples import NOW, advised, earlier, evidence, malformed, told

from counterseal.evaluation.rules import previous_stage_passed
from counterseal.model import EarlierDecision, Finding, FindingOutcome, Outcome
from counterseal.policy.rule import NoOptions

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence

ALLOW, DENY = Outcome.ALLOW, Outcome.DENY


def judged(found: Evidence) -> Finding:
    return previous_stage_passed.judge(found, NoOptions())


def after(*history: EarlierDecision) -> Finding:
    return judged(evidence(history=history))


def test_passed() -> None:
    found = after(earlier("staging", ALLOW))
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == "passed staging (entry 40, 26 h ago)"


def test_the_first_stage_has_none_before() -> None:
    found = judged(evidence(stage="staging", history=()))
    assert (found.outcome, found.code) == (FindingOutcome.SKIPPED, "first-stage")


@pytest.mark.parametrize(
    ("history", "code", "reason"),
    [
        ((), "previous-stage-missing", "no decision lets this manifest into staging, which comes before production"),
        ((earlier("production", ALLOW),), "previous-stage-missing", "no decision"),
        ((earlier("staging", DENY),), "previous-stage-denied", "not allowed into staging (entry 40: deny)"),
        ((earlier("staging", ALLOW, withdrawn=True),), "previous-stage-withdrawn", "entry 40, was withdrawn"),
        (
            (replace(earlier("staging", ALLOW), pushed=True),),
            "previous-stage-policy-pushed",
            "entry 40, was signed under a policy that came onto refs/heads/main without a merge",
        ),
    ],
)
def test_not_passed(history: tuple[EarlierDecision, ...], code: str, reason: str) -> None:
    found = after(*history)
    assert (found.outcome, found.code) == (FindingOutcome.VIOLATED, code)
    assert reason in told(found)
    assert advised(found) == 'counterseal request --stage staging --reason "…", and promote it there first'


def test_a_later_deny_does_not_undo_an_allow_and_order_is_by_sequence() -> None:
    found = after(
        earlier("staging", DENY, sequence=41), earlier("staging", ALLOW), earlier("staging", ALLOW, sequence=12)
    )
    assert told(found) == "passed staging (entry 40, 26 h ago)"


def test_a_withdrawn_allow_leaves_an_earlier_one_standing() -> None:
    found = after(earlier("staging", ALLOW, sequence=30), earlier("staging", ALLOW, withdrawn=True))
    assert told(found).startswith("passed staging (entry 30")


def test_a_stage_that_the_policy_does_not_know() -> None:
    found = judged(evidence(stage="prod"))
    assert (found.outcome, found.code) == (FindingOutcome.VIOLATED, "stage-unknown")
    assert told(found) == "the policy has no stage 'prod'; it has staging, production"


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(minutes=3), "3 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=71), "71 h"),
        (timedelta(hours=72), "3 days"),
        (timedelta(seconds=-5), "0 min"),
    ],
)
def test_ages(age: timedelta, shown: str) -> None:
    found = after(dataclasses.replace(earlier("staging", ALLOW), decided_at=NOW - age))
    assert told(found) == f"passed staging (entry 40, {shown} ago)"


def test_nothing_to_judge() -> None:
    assert (judged(malformed()).outcome, judged(malformed()).code) == (FindingOutcome.SKIPPED, "no-request")
