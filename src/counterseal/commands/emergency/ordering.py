"""What the gate's run is told, and what can be said against it before it is started: nobody waits for a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal import policy as policies
from counterseal.errors import UsageError
from counterseal.evaluation import rules
from counterseal.formats import names, yaml
from counterseal.history.events import hold as holds
from counterseal.identifiers import GATE_WORKFLOW, POLICY_PATH, page
from counterseal.model import Actor, Policy
from counterseal.project import people, pipelines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.gate.ledger import Tip
    from counterseal.ports import Clone, Forge
    from counterseal.project.pipelines import Pipeline

#: What a hold may stop, the usual first.
STOPS: Final = (holds.PROMOTE, holds.ALL)
_WORKFLOWS: Final = ".github/workflows/"
_HOUR: Final = timedelta(hours=1)
#: More workflow files than any repository has.
_MAX_FILES: Final = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is started: the policy of the default branch (full ref), the gate's file, and who starts it."""

    policy: Policy
    ref: str
    file: str
    who: Actor


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is told: `hold` or `revoke`, and what of; an input that is empty is not sent.

    `tag` is what somebody named in place of a manifest, for the answer.
    """

    action: str
    reason: str
    stage: str = ""
    target: str = ""
    hours: str = ""
    tag: str = ""

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return the inputs of the run, by name."""
        given = {"action": self.action, "stage": self.stage, "reason": self.reason, "target": self.target}
        return {name: value for name, value in (*given.items(), ("hours", self.hours)) if value}


def look(forge: Forge, clone: Callable[[], Clone]) -> Place:
    """Return where a run would be started.

    Args:
        forge: The forge, as the person sees it.
        clone: Gives the clone in which the gate's file is looked for, where the policy does not name it.

    Raises:
        UsageError: There is no policy or no gate's file, or the policy does not list whoever asks.
        ServiceError: There is no person behind the token.
    """
    ref, who = forge.default_ref(), forge.current_actor()
    content = forge.file_at(ref, POLICY_PATH)
    if content is None:
        raise UsageError(
            f"no {POLICY_PATH} on the default branch",
            why="without a policy nothing is allowed, so there is nothing to stop",
            fix=f"write and merge a policy first: {page('policy-reference.md')}",
        )
    policy = policies.load(content, rules=rules.RULES)
    listed = {member.key: member for _, member in people.members(policy)}
    if who.key not in listed:
        others = ", ".join(dict.fromkeys(member.login for member in listed.values()))
        raise UsageError(
            f"{who.login} ({who.id}) is in no group of the policy",
            why="whoever stops others does it in their own name, and the policy lists who may",
            fix=f"ask one of them: {others}",
        )
    return Place(policy, ref, _file(policy, clone), who)


def hold(place: Place, stage: str | None, stops: str, hours: int | None, reason: str) -> Order:
    """Return what a run is told that is to hold a stage.

    Args:
        place: Where it is started.
        stage: The stage; None: every one.
        stops: `promote` or `all`.
        hours: For how long; None: as long as the policy lets one person.
        reason: The person's words.

    Raises:
        UsageError: The gate would refuse it.
    """
    _check_reason(reason)
    stages = [each.name for each in place.policy.stages]
    if stage is not None and stage not in stages:
        raise UsageError(
            f"the policy has no stage {stage!r}",
            why=f"its stages are {', '.join(stages)}",
            fix=yaml.near(stage, stages),
        )
    most = place.policy.emergency_hold // _HOUR
    if hours is not None and not 1 <= hours <= most:
        raise UsageError(
            f"--hours must be between 1 and {most}, not {hours}",
            why="a hold ends by itself, and the policy says after how long at the latest (emergency.hold)",
            fix="leave it out: then it is the longest time",
        )
    target = holds.ALL if stops == holds.ALL else ""
    return Order("hold", reason, stage or "", target, "" if hours is None else str(hours))


def revoke(target: tuple[str, str], reason: str, tip: Callable[[], Tip]) -> Order:
    """Return what a run is told that is to revoke something.

    Args:
        target: `manifest` or `artifact` and its sha256; or `tag` and the tag whose manifest is meant.
        reason: The person's words.
        tip: Reads the ledger, by which a tag has its manifest.

    Raises:
        UsageError: The gate would refuse it, or it is not clear which manifest a tag means.
        LedgerError: The ledger is not what it was.
    """
    _check_reason(reason)
    kind, value = target
    if kind != "tag":
        return Order("revoke", reason, target=f"{kind}:{value}")
    return Order("revoke", reason, target=f"manifest:{_manifest_of(value, tip())}", tag=value)


def _manifest_of(tag: str, tip: Tip) -> str:
    """Return the one manifest that was let in anywhere under a tag."""
    stages = tip.state.stages.values() if tip.state else ()
    allows = [each for stage in stages for each in (stage.current, *stage.before) if each is not None]
    found = [each.manifest for each in (*allows, *(tip.state.unpublished if tip.state else ())) if each.tag == tag]
    published = (recorded.decision.manifest for recorded in tip.published(tag))
    known = list(dict.fromkeys((*found, *(each.sha256 for each in published if each is not None))))
    if len(known) == 1:
        return known[0]
    if known:
        raise UsageError(
            f"{tag} was let in with {len(known)} manifests",
            why=", ".join(known),
            fix=f"name one: --manifest {known[0]}",
        )
    raise UsageError(
        f"no stage has {tag}, or had it lately",
        why="a tag is looked up in what stages have, and in what was published",
        fix=f"counterseal log --search {tag} shows the decisions; then --manifest SHA256 of one",
    )


def _check_reason(reason: str) -> None:
    if not names.REASON.fits(reason):
        raise UsageError(
            "the reason cannot be recorded" if reason.strip() else "no --reason",
            why=f"whoever is stopped is told why: {names.REASON.words}",
            fix='say it in a sentence: --reason "v1.2.0 deletes files of users, see #61"',
        )


def _file(policy: Policy, clone: Callable[[], Clone]) -> str:
    """Return the file in which the gate runs: the policy names an own one; else it is the workflow that calls ours."""
    if policy.gate.own is not None:
        return policy.gate.own.file
    callers = [file for file in _workflows(clone()) if file.jobs_with(GATE_WORKFLOW)]
    if not callers:
        raise UsageError(
            f"no workflow of this clone calls {GATE_WORKFLOW}",
            why="the gate runs in a workflow of the repository, and that is what is started",
            fix="run it in an up-to-date clone: git pull, or --folder CLONE",
        )
    return next((file.path for file in callers if "workflow_dispatch" in file.events), callers[0].path)


def _workflows(clone: Clone) -> list[Pipeline]:
    paths = [path for path in clone.files() if path.startswith(_WORKFLOWS) and path.endswith((".yml", ".yaml"))]
    contents = ((path, clone.read(path)) for path in paths[:_MAX_FILES])
    return [pipelines.parse_workflow(path, content) for path, content in contents if content is not None]
