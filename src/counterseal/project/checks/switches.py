"""The switches of a repository: immutable releases, what jobs' tokens may do, what forks may start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.model import ProjectSettings, Repair, Visibility
from counterseal.project.observations import fault, hidden, unseen, warning, well
from counterseal.project.pages import settings_page
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen

_NO_ONE: Final = "no_one_allowed"


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the switches."""
    settings = seen.settings
    if isinstance(settings, Unseen):
        yield unseen("switches", "how the repository's switches are set", settings)
    elif seen.at_gitlab:
        yield _job_token(seen, settings)
        yield _pipeline_variables(seen, settings)
        yield _forks_of_gitlab(settings)
    else:
        yield _immutable(seen, settings)
        yield _may_approve(seen, settings)
        if isinstance(seen.project, Unseen) or seen.project.visibility is Visibility.PUBLIC:
            yield _forks_of_github(seen, settings)


def _immutable(seen: Seen, settings: ProjectSettings) -> Observation:
    if settings.immutable_releases is None:
        return hidden("immutable-releases", "whether releases are immutable")
    if settings.immutable_releases:
        return well("immutable-releases", "releases are immutable")
    return warning(
        "immutable-releases",
        "releases are not immutable",
        why="whoever may write can replace files of a published release; who does not verify gets them",
        fix='turn on Releases → "Enable release immutability"',
        page=settings_page(seen, "general"),
        repair=Repair.IMMUTABLE_RELEASES,
    )


def _may_approve(seen: Seen, settings: ProjectSettings) -> Observation:
    check, may = "actions-may-approve", settings.actions_may_approve
    asks = [each.path for each in seen.pipelines.values() if each.jobs_with("actions/request")]
    switch = '"Allow GitHub Actions to create and approve pull requests"'
    if may is None:
        return hidden(check, "whether workflows may create and approve pull requests")
    if asks and not may:
        return fault(
            check,
            f"workflows may not create pull requests, and {', '.join(asks)} opens promotion requests",
            why="the action request is refused",
            fix=f"turn on {switch}; or ask from your machine: counterseal request",
            page=settings_page(seen, "ci"),
        )
    if may and not asks:
        return warning(
            check,
            "workflows may create and approve pull requests, and none has to",
            why="a rule that counts approvals counts a workflow's; counterseal counts people's only",
            fix=f"turn off {switch}",
            page=settings_page(seen, "ci"),
            repair=Repair.FORBID_APPROVALS,
        )
    return well(check, f"workflows may {'' if may else 'not '}create and approve pull requests")


def _forks_of_github(seen: Seen, settings: ProjectSettings) -> Observation:
    if settings.forks_run_here is None:
        return hidden("forks", "whose change requests from forks start workflows")
    if not settings.forks_run_here:
        return well("forks", "somebody has to approve workflows of first-time contributors")
    return warning(
        "forks",
        "workflows of pull requests from forks start without approval, but for accounts new to GitHub",
        why="anybody runs code on your runners' time, with whatever the workflow gives to it",
        fix="require approval for first-time contributors, or for all external contributors",
        page=settings_page(seen, "ci"),
    )


def _job_token(seen: Seen, settings: ProjectSettings) -> Observation:
    if settings.job_token_may_push is None:
        return hidden("job-token", "whether a job's token may push")
    if settings.job_token_may_push:
        return well("job-token", "a job's token may push, as the ledger needs")
    return fault(
        "job-token",
        "a job's token may not push",
        why="the gate pushes the ledger with it, and stops before it signs",
        fix='turn on "Allow Git push requests to the repository"',
        page=settings_page(seen, "job token"),
    )


def _pipeline_variables(seen: Seen, settings: ProjectSettings) -> Observation:
    role = settings.pipeline_variables
    if role is None:
        return hidden("pipeline-variables", "who may set variables of a pipeline")
    if role == _NO_ONE:
        return well("pipeline-variables", "nobody may set variables of a pipeline")
    return fault(
        "pipeline-variables",
        f"people may set variables of a pipeline that they start, from the role {role} on",
        why="BASH_ENV or LD_PRELOAD run before our first line: with them anybody signs as the gate",
        fix='"Minimum role to use pipeline variables": no one allowed',
        page=settings_page(seen, "variables"),
        repair=Repair.FORBID_VARIABLES,
    )


def _forks_of_gitlab(settings: ProjectSettings) -> Observation:
    if settings.forks_run_here is None:
        return hidden("forks", "whether pipelines of forks' merge requests run in this project")
    if not settings.forks_run_here:
        return well("forks", "pipelines of forks' merge requests run in the fork")
    switch = "ci_allow_fork_pipelines_to_run_in_parent_project"
    return warning(
        "forks",
        "a member can run a fork's merge request in this project",
        why="the fork's pipeline file then runs with this project's unprotected variables and its identity",
        fix=f"glab api --method PUT projects/:id --field {switch}=false",
    )
