"""Rule `ledger-intact`: the decision is made on the policy's ledger, and a mirror shows that nothing was cut off (R32).

The ledger itself was verified, and compared with every anchor, before evidence was collected; a ledger
that is not intact is an error there and never comes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.identifiers import MIRROR_BRANCH
from counterseal.policy import NoOptions, Problem, RuleSpec, satisfied, violated

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Finding

NAME: Final = "ledger-intact"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether the ledger is the policy's and has its mirror."""
    ledger = evidence.ledger
    if ledger.id != evidence.policy.ledger_id:
        reason = f"the ledger is {ledger.id}, and the policy names {evidence.policy.ledger_id}"
        fix = "restore ledger.id in the policy; a ledger is chosen once"
        return violated(NAME, Problem("other-ledger", reason, fix))
    if ledger.entries and not ledger.mirror:
        reason = f"the ledger has {ledger.entries} entries and no mirror branch {MIRROR_BRANCH}"
        fix = f"restore the branch {MIRROR_BRANCH} from a clone, and protect it against force pushes and deletion"
        return violated(NAME, Problem("mirror-missing", reason, fix))
    extends = f" and extends {', '.join(ledger.anchors)}" if ledger.anchors else ""
    return satisfied(NAME, f"the ledger {ledger.id} has {ledger.entries} entries{extends}")


RULE: Final = RuleSpec(
    name=NAME,
    title="the ledger is the policy's own, mirrored, and extends what was seen before",
    judge=judge,
    codes=("other-ledger", "mirror-missing"),
    always=True,
)
