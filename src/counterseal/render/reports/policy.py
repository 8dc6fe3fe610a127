"""What a policy file says, once it is known to be usable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.render import escape
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands import policy
    from counterseal.model import Stage


def checked(result: policy.PolicyCheck) -> Report:
    """Return stages and rules of a usable policy, and what its ledger's id was compared with."""
    policy = result.policy
    lines = [
        f"policy OK: {result.path}, sha256:{policy.digest}",
        *(_stage(stage) for stage in policy.stages),
        f"  always: {', '.join(result.always)}",
        f"  ledger {policy.ledger_id} ({result.compared})",
        *(f"  ! {escape.plain(warning, 1000)}" for warning in result.warnings),
    ]
    data = {
        "schema": "counterseal.policy-check/v1",
        "digest": policy.digest,
        "ledger": policy.ledger_id,
        "stages": [stage.name for stage in policy.stages],
        "warnings": list(result.warnings),
    }
    return Report("\n".join(lines), data)


def _stage(stage: Stage) -> str:
    after, publishes = f" (after {stage.after})" if stage.after else "", ", publishes" if stage.publish else ""
    rules = ", ".join(rule.name for rule in stage.rules) or "no rules of its own"
    return f"  {stage.name}{after}{publishes}: {rules}"


def ledger_id(fresh: str) -> Report:
    """Return a fresh id for a ledger."""
    return Report(fresh, {"schema": "counterseal.ledger-id/v1", "id": fresh}, verbatim=True)
