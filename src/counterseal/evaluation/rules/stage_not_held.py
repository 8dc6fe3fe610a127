"""Rule `stage-not-held`: nobody holds the stage at the moment (R52). A hold ends by itself, or by a merged request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.policy import Need, NoOptions, RuleSpec, reason, satisfied, violated

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Finding

NAME: Final = "stage-not-held"
HELD: Final = "stage-held"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether no hold of the stage, or of every stage, is in force."""
    holds = [held for held in evidence.ledger.holds if held.covers(evidence.stage) and held.stands(evidence.now)]
    if not holds:
        return satisfied(NAME)
    last = max(holds, key=lambda held: (held.until, held.sequence))
    return violated(
        NAME,
        reason(
            HELD,
            stage=evidence.stage,
            entries=[held.sequence for held in holds],
            everything=last.stage is None,
            by=last.by,
            who=evidence.policy.known_as(last.by),
            until=last.until,
        ),
    )


RULE: Final = RuleSpec(
    name=NAME,
    title="nobody holds the stage",
    judge=judge,
    codes=(HELD,),
    needs=frozenset({Need.LEDGER}),
    always=True,
)
