"""Whether a candidate can be asked for a stage at all: said at once, and not after people reviewed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError, UsageError
from counterseal.formats import yaml
from counterseal.model import Outcome, Policy, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.history import Past, RecordedDecision


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate (tag, sha256 of its manifest) that is to enter a stage of a policy."""

    tag: str
    digest: str
    policy: Policy
    stage: Stage

    def command(self, stage: str, *more: str) -> str:
        """Return the command that asks for it."""
        return " ".join(("counterseal request --stage", stage, "--tag", self.tag, *more))


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


def check_order(stage: Stage, digest: str, tag: str, known: Callable[[], Past]) -> None:
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
        earlier = [decision for decision in known().on_manifest(digest) if decision.decision.stage == stage.after]
    except CountersealError:
        return
    if any(decision.stands for decision in earlier):
        return
    newest = earlier[-1] if earlier else None
    why = f"the ledger has no allow of it for {stage.after}"
    if newest is not None:
        told = "deny" if newest.decision.outcome is not Outcome.ALLOW else "an allow that was withdrawn"
        why = f"{stage.after} comes before {stage.name}, and its last word is {told} (entry {newest.sequence})"
    again = " --again" if newest else ' --reason "…"'
    raise UsageError(
        f"{tag} cannot enter {stage.name} yet",
        why=why,
        fix=f"promote it there first: counterseal request --stage {stage.after} --tag {tag}{again}",
    )


def asked_before(candidate: Candidate, path: str, known: Callable[[], Past]) -> UsageError:
    """Return what to say to somebody who asks for what the default branch has a request for.

    Args:
        candidate: And the stage.
        path: Of the request before.
        known: Reads the ledger.
    """
    what = f"{candidate.tag} was requested for {candidate.stage.name} before ({path})"
    again = candidate.command(candidate.stage.name, "--again")
    try:
        newest = _newest(candidate, known)
    except CountersealError:
        return UsageError(what, why="a request is judged once", fix=f"if it was denied, ask again: {again}")
    if newest is None:
        return UsageError(
            what,
            why="that request is merged, and no gate has decided it yet",
            fix=f"run the gate; counterseal status {candidate.tag} shows what it waits for",
        )
    if newest.stands:
        return _passed(candidate, newest)
    told = "denied" if newest.decision.outcome is not Outcome.ALLOW else "allowed, and that was withdrawn"
    return UsageError(what, why=f"it was {told} (entry {newest.sequence})", fix=f"ask again: {again}")


def check_not_passed(candidate: Candidate, known: Callable[[], Past]) -> None:
    """Refuse to ask once more, without a new reason, for what was let in; what nobody can read is left to people.

    Raises:
        UsageError: The last word on it is an allow that stands.
    """
    try:
        newest = _newest(candidate, known)
    except CountersealError:
        return
    if newest is not None and newest.stands:
        raise _passed(candidate, newest)


def _newest(candidate: Candidate, known: Callable[[], Past]) -> RecordedDecision | None:
    decided = known().on_manifest(candidate.digest)
    return next((each for each in reversed(decided) if each.decision.stage == candidate.stage.name), None)


def _passed(candidate: Candidate, allow: RecordedDecision) -> UsageError:
    stage = candidate.stage.name
    following = next((other.name for other in candidate.policy.stages if other.after == stage), None)
    reason = ("--reason", '"…"')
    fix = f"to let it in once more, say why: {candidate.command(stage, '--again', *reason)}"
    if following is not None:
        fix = f"next stage: {candidate.command(following, *reason)}\n{fix}"
    return UsageError(
        f"{candidate.tag} has passed {stage} already",
        why=f"it was allowed in entry {allow.sequence}",
        fix=fix,
    )
