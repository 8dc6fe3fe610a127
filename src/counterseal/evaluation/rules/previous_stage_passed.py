"""Rule `previous-stage-passed`: this manifest was allowed into the stage before, and that was not withdrawn (R25)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.model import Outcome
from counterseal.policy import NO_REQUEST, NoOptions, Problem, RuleSpec, no_request, satisfied, skipped, violated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import EarlierDecision, Finding

NAME: Final = "previous-stage-passed"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether the ledger has a standing allow for the stage before; a later deny does not undo an allow."""
    if evidence.request.content is None:
        return no_request(NAME)
    stage = evidence.policy.stage(evidence.stage)
    if stage is None:
        names = ", ".join(each.name for each in evidence.policy.stages)
        reason = f"the policy has no stage {evidence.stage!r}; it has {names}"
        return violated(NAME, Problem("stage-unknown", reason, "make a request for one of these stages"))
    if stage.after is None:
        return skipped(NAME, "first-stage", f"{stage.name} is the first stage")
    earlier = sorted((each for each in evidence.history if each.stage == stage.after), key=lambda each: each.sequence)
    standing = [each for each in earlier if each.outcome is Outcome.ALLOW and not each.withdrawn and not each.pushed]
    if standing:
        age = _age(evidence.now - standing[-1].decided_at)
        return satisfied(NAME, f"passed {stage.after} (entry {standing[-1].sequence}, {age} ago)")
    return violated(NAME, _problem(evidence, stage.name, stage.after, earlier))


def _problem(evidence: Evidence, stage: str, after: str, earlier: Sequence[EarlierDecision]) -> Problem:
    fix = f"counterseal request --stage {after}, and promote it there first"
    if not earlier:
        reason = f"no decision lets this manifest into {after}, which comes before {stage}"
        return Problem("previous-stage-missing", reason, fix)
    newest = earlier[-1]
    if newest.pushed and not newest.withdrawn:
        branch = evidence.policy_reference.ref
        reason = (
            f"its allow for {after}, entry {newest.sequence}, was signed under a policy that came onto {branch} "
            "without a merge"
        )
        return Problem("previous-stage-policy-pushed", reason, fix)
    if newest.outcome is Outcome.ALLOW:
        return Problem(
            "previous-stage-withdrawn", f"its allow for {after}, entry {newest.sequence}, was withdrawn", fix
        )
    return Problem("previous-stage-denied", f"it was not allowed into {after} (entry {newest.sequence}: deny)", fix)


def _age(passed: timedelta) -> str:
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} days"


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
    always=True,
)
