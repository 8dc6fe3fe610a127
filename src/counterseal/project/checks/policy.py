"""The policy: whether it can be used, whose ledger it names, and whether what it does may be public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.identifiers import POLICY_PATH
from counterseal.model import Policy, Project, Visibility
from counterseal.project.observations import fault, unseen, well
from counterseal.project.pages import settings_page
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the policy."""
    policy = seen.policy
    if isinstance(policy, Unseen):
        yield fault("policy", policy.what, why=policy.why, fix=policy.fix)
        return
    yield well("policy", f"{POLICY_PATH} can be used: {', '.join(stage.name for stage in policy.stages)}")
    if isinstance(seen.project, Unseen):
        yield unseen("ledger-id", "whether ledger.id is this repository's", seen.project)
        return
    yield _ledger(policy, seen.project)
    yield from _public(policy, seen.project)
    if seen.project.archived:
        yield fault(
            "archived",
            f"{seen.project.repository.name} is archived",
            why="nothing can be pushed to it, the ledger neither",
            fix="unarchive it",
            page=settings_page(seen, "general"),
        )


def _ledger(policy: Policy, project: Project) -> Observation:
    home = project.repository
    host, number, _ = policy.ledger_id.split("/")
    if (host, number) == (home.host, str(home.id)):
        return well("ledger-id", f"ledger.id is of repository {home.id}, which this is")
    return fault(
        "ledger-id",
        f"ledger.id is of repository {number} at {host}, and this is {home.id} at {home.host}",
        why="a ledger belongs to the repository that its id names; a gate refuses to begin another's",
        fix=f"counterseal policy check --new-ledger-id {home.host}/{home.id} prints one",
    )


def _public(policy: Policy, project: Project) -> Iterator[Observation]:
    if project.visibility is Visibility.PUBLIC:
        return
    if policy.publish_names:
        yield well("publish-names", f"the repository is {project.visibility}, and the policy lets its names be public")
        return
    yield fault(
        "publish-names",
        f"the repository is {project.visibility}, and the policy does not say `publish-names: true`",
        why="signing puts names of repository, workflow and tag into a public log for ever, so it is refused",
        fix=f"add `publish-names: true` to {POLICY_PATH} if they may be public",
    )
