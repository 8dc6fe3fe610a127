"""Runs the rules of a stage, and says what their findings come to: fail closed.

A rule that breaks becomes a finding in error; no exception leaves here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.evaluation.rules import EVENT_RULES, EVENTS, RULES
from counterseal.model import Finding, FindingOutcome, Outcome, Stage
from counterseal.policy import SATISFIED, Need, NoOptions, not_read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Policy
    from counterseal.policy import RuleSpec

RULE_ERROR: Final = "rule-error"


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """Return the findings of the stage's rules; an unknown stage is judged by what always applies.

    A request for an event is judged by rules of its own, whatever the policy says.
    """
    rules = rules_of(evidence.stage)
    return evaluate(evidence.policy, _stage(evidence.policy, evidence.stage), evidence, rules=rules)


def rules_of(stage: str) -> Mapping[str, RuleSpec]:
    """Return the rules that there are for a stage."""
    return EVENT_RULES if stage == EVENTS.name else RULES


def needs(policy: Policy, stage: str, *, rules: Mapping[str, RuleSpec] | None = None) -> frozenset[Need]:
    """Return what has to be read so that every rule of a stage can be judged."""
    rules = rules_of(stage) if rules is None else rules
    named = {use.name for use in _stage(policy, stage).rules}
    return frozenset(need for spec in rules.values() if spec.always or spec.name in named for need in spec.needs)


def _stage(policy: Policy, name: str) -> Stage:
    if name == EVENTS.name:
        return EVENTS
    return policy.stage(name) or Stage(name, None, publish=False, rules=())


def evaluate(
    policy: Policy, stage: Stage, evidence: Evidence, *, rules: Mapping[str, RuleSpec] = RULES
) -> tuple[Finding, ...]:
    """Return a finding of each rule that always applies, then of each that the stage names, in the registry's order.

    Args:
        policy: The policy that the evidence was collected under.
        stage: The stage to enter.
        evidence: What is known.
        rules: Every rule by name.
    """
    if evidence.policy != policy or evidence.stage != stage.name:
        return (_error("evaluation", f"the evidence is for {evidence.stage}, or was collected under another policy"),)
    named = {use.name: use.options for use in stage.rules}
    always = [_judge(spec, evidence, NoOptions()) for spec in rules.values() if spec.always]
    chosen = [_judge(spec, evidence, named[spec.name]) for spec in rules.values() if spec.name in named]
    unknown = [_error(name, "there is no such rule") for name in named if name not in rules]
    return (*always, *chosen, *unknown)


def _judge(spec: RuleSpec, evidence: Evidence, options: Any) -> Finding:
    if unread := spec.needs & evidence.unread:
        return not_read(spec.name, unread)
    try:
        finding = spec.judge(evidence, options)
        holds = finding.outcome is FindingOutcome.SATISFIED
        if finding.rule == spec.name and finding.code in ((SATISFIED,) if holds else spec.codes):
            return finding
    except Exception as error:  # noqa: BLE001 - whatever a rule does wrong must not allow, nor hide the other findings
        return _error(spec.name, f"{type(error).__name__}: {error}")
    return _error(spec.name, f"it answered {finding.outcome} as {finding.rule} with the code {finding.code!r}")


def _error(rule: str, detail: str) -> Finding:
    return Finding(rule, FindingOutcome.ERROR, RULE_ERROR, {"detail": detail})


def outcome(findings: Sequence[Finding]) -> Outcome | None:
    """Return what the findings come to; None if one is in error, so that nothing can be decided.

    `allow` needs at least one satisfied finding and none violated. No findings, or only skipped ones, deny.
    """
    outcomes = {finding.outcome for finding in findings}
    if FindingOutcome.ERROR in outcomes:
        return None
    if FindingOutcome.VIOLATED in outcomes or FindingOutcome.SATISFIED not in outcomes:
        return Outcome.DENY
    return Outcome.ALLOW
