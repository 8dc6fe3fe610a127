"""Switches of a repository that only its settings pages show; most of them change nothing in the sandbox itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a control call may set: its name there → the attribute of the repository, or of its settings, and its type.
SETTINGS: Final[Mapping[str, tuple[str, type]]] = {
    "archived": ("archived", bool),
    "bypassers": ("bypassers", list),
    "staleApprovals": ("stale_approvals", bool),
    "lastPushApproved": ("last_push_approved", bool),
    "forkApproval": ("fork_approval", str),
    "workflows": ("workflows", dict),
    "pipelineVariables": ("pipeline_variables", str),
    "forkPipelinesRunHere": ("fork_pipelines_run_here", bool),
    "immutableReleases": ("immutable_releases", bool),
    "actionsMayApprove": ("actions_may_approve", bool),
    "jobTokenMayPush": ("job_token_may_push", bool),
}


@dataclass(frozen=True, slots=True)
class VariableRecord:
    """A variable of CI; `group` is the full path of the group that has it, or nothing: the project."""

    key: str
    group: str = ""
    protected: bool = True
    masked: bool = True


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """An access token of a project of GitLab; `account` is its bot, `expires` the day on which it ends."""

    id: int
    account: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires: str
    active: bool = True


@dataclass(slots=True)
class Settings:
    """Switches of one repository.

    `bypassers` get around its rulesets: each is GitHub's word for its kind and a number, as `RepositoryRole:5` for the
    admins. `forced` are the protected patterns that may be force-pushed all the same, `classic` the branches that older
    protection of GitHub's guards instead of a ruleset. `stale_approvals` and `last_push_approved` are what the rule for
    pull requests says. `workflows` maps files of workflows to their state (`active` unless it is said).
    """

    archived: bool = False
    bypassers: tuple[str, ...] = ()
    forced: frozenset[str] = frozenset()
    classic: frozenset[str] = frozenset()
    stale_approvals: bool = True
    last_push_approved: bool = False
    fork_approval: str = "first_time_contributors"
    workflows: dict[str, str] = field(default_factory=dict)
    pipeline_variables: str = "no_one_allowed"
    fork_pipelines_run_here: bool = True
    variables: list[VariableRecord] = field(default_factory=list)
    tokens: list[TokenRecord] = field(default_factory=list)

    def of_ci(self, *, may_push: bool) -> dict[str, bool | str]:
        """Return what GitLab shows to maintainers of a project, by its names there."""
        return {
            "ci_push_repository_for_job_token_allowed": may_push,
            "ci_pipeline_variables_minimum_override_role": self.pipeline_variables,
            "ci_allow_fork_pipelines_to_run_in_parent_project": self.fork_pipelines_run_here,
        }
