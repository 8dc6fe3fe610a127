"""The rules of a stage, by its name: those of a stage that the policy has, and of one that it has not."""

from __future__ import annotations

import dataclasses

from tests.evidence_samples import POLICY, evidence, malformed

from counterseal.evaluation import judging
from counterseal.evaluation.rules import RULES
from counterseal.model import Outcome


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
