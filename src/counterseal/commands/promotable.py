"""Whether a candidate can be asked for a stage at all: said at once, and not after people reviewed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import CountersealError, UsageError
from counterseal.formats import yaml
from counterseal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.history import History
    from counterseal.model import Policy, Stage


def stage_of(policy: Policy, name: str) -> Stage:
    """Return a stage of the policy.

    Raises:
        UsageError: It has none of this name.
    """
    stage = policy.stage(name)
    if stage is None:
        stages = [stage.name for stage in policy.stages]
        raise UsageError(
            f"the policy has no stage {name!r}",
            why=f"its stages are {', '.join(stages)}; the gate would deny this request for ever",
            fix=yaml.near(name, stages),
        )
    return stage


def check_order(stage: Stage, digest: str, tag: str, known: Callable[[], History]) -> None:
    """Refuse what the stage before has not allowed; what nobody can read here is left to the gate.

    Args:
        stage: To be entered.
        digest: Of the candidate's manifest.
        tag: Of the candidate.
        known: Reads the ledger.

    Raises:
        UsageError: The stage before has no standing allow of the candidate.
    """
    if stage.after is None:
        return
    try:
        earlier = [decision for decision in known().earlier_decisions(digest) if decision.stage == stage.after]
    except CountersealError:
        return
    if any(decision.outcome is Outcome.ALLOW and not decision.withdrawn for decision in earlier):
        return
    newest = earlier[-1] if earlier else None
    why = f"the ledger has no allow of it for {stage.after}"
    if newest is not None:
        told = "deny" if newest.outcome is not Outcome.ALLOW else "an allow that was withdrawn"
        why = f"{stage.after} comes before {stage.name}, and its last word is {told} (entry {newest.sequence})"
    again = " --again" if newest else ' --reason "…"'
    raise UsageError(
        f"{tag} cannot enter {stage.name} yet",
        why=why,
        fix=f"promote it there first: counterseal request --stage {stage.after} --tag {tag}{again}",
    )
