"""Rule `ledger-intact`: the decision is made on the policy's own ledger (R32, R51).

The ledger itself was verified, and compared with every anchor, before evidence was collected; a ledger
that is not intact is an error there and never comes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.policy import Need, NoOptions, RuleSpec, reason, satisfied, violated

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Finding

NAME: Final = "ledger-intact"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether the ledger is the policy's."""
    ledger = evidence.ledger
    if ledger.id != evidence.policy.ledger_id:
        return violated(NAME, reason("other-ledger", ledger=ledger.id, expected=evidence.policy.ledger_id))
    return satisfied(NAME, ledger=ledger.id, entries=ledger.entries, extends=ledger.anchors)


RULE: Final = RuleSpec(
    name=NAME,
    title="the ledger is the policy's own, and extends what was seen before",
    judge=judge,
    codes=("other-ledger",),
    needs=frozenset({Need.LEDGER}),
    always=True,
)
