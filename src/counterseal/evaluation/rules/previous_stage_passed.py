"""Rule `previous-stage-passed`: this manifest was allowed into the stage before, and that was not withdrawn (R25)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.model import Outcome
from counterseal.policy import NO_REQUEST, Need, NoOptions, RuleSpec, no_request, reason, satisfied, skipped, violated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import EarlierDecision, Finding, Reason

NAME: Final = "previous-stage-passed"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether the ledger has a standing allow for the stage before; a later deny does not undo an allow."""
    if evidence.request.promotion is None:
        return no_request(NAME)
    stage = evidence.policy.stage(evidence.stage)
    if stage is None:
        stages = [stage.name for stage in evidence.policy.stages]
        return violated(NAME, reason("stage-unknown", stage=evidence.stage, stages=stages))
    if stage.after is None:
        return skipped(NAME, "first-stage")
    earlier = sorted(
        (decision for decision in evidence.history if decision.stage == stage.after),
        key=lambda decision: decision.sequence,
    )
    standing = [
        decision
        for decision in earlier
        if decision.outcome is Outcome.ALLOW and not decision.withdrawn and not decision.pushed
    ]
    if standing:
        age = max(0, int((evidence.now - standing[-1].decided_at).total_seconds()))
        return satisfied(NAME, after=stage.after, entry=standing[-1].sequence, seconds_ago=age)
    return violated(NAME, _problem(evidence, stage.after, earlier))


def _problem(evidence: Evidence, after: str, earlier: Sequence[EarlierDecision]) -> Reason:
    if not earlier:
        return reason("previous-stage-missing", after=after)
    newest = earlier[-1]
    if newest.pushed and not newest.withdrawn:
        branch = evidence.policy_reference.ref
        return reason("previous-stage-policy-pushed", after=after, entry=newest.sequence, branch=branch)
    code = "previous-stage-withdrawn" if newest.outcome is Outcome.ALLOW else "previous-stage-denied"
    return reason(code, after=after, entry=newest.sequence)


RULE: Final = RuleSpec(
    name=NAME,
    title="the stage before has allowed this manifest, and that still stands",
    judge=judge,
    codes=(
        "first-stage",
        "stage-unknown",
        "previous-stage-missing",
        "previous-stage-denied",
        "previous-stage-withdrawn",
        "previous-stage-policy-pushed",
        NO_REQUEST,
    ),
    needs=frozenset({Need.LEDGER}),
    always=True,
)
