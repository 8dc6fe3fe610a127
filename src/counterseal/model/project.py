"""How a repository is set up at its forge, as far as a token sees it: `init` proposes from it, `doctor` judges it.

A field that is None was not shown to this token; nobody may take it for "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from counterseal.model.people import Actor, Permission, Repository


class Repair(StrEnum):
    """What `doctor --fix` can set. Each makes the repository stricter, or starts again what stopped by itself."""

    PROTECT_BRANCH = "protect-branch"
    PROTECT_LEDGER = "protect-ledger"
    PROTECT_TAGS = "protect-tags"
    IMMUTABLE_RELEASES = "immutable-releases"
    FORBID_APPROVALS = "forbid-approvals"
    ENABLE_WORKFLOW = "enable-workflow"
    FORBID_VARIABLES = "forbid-variables"


@dataclass(frozen=True, slots=True)
class SettingCall:
    """A call that changes one setting: what it does, method, path below the API's base, and body (None: none)."""

    what: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None


class Visibility(StrEnum):
    """Who may read a repository."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Project:
    """A repository as its own page shows it.

    `default_ref` is the full ref of the default branch, `fork_of` the name of what it was forked from (nothing: of
    something that is not shown), `page` its address without a slash at the end, `own` what the holder of the token may
    do in it.
    """

    repository: Repository
    visibility: Visibility
    default_ref: str
    fork_of: str | None
    archived: bool
    page: str
    own: Permission | None


@dataclass(frozen=True, slots=True)
class Collaborator:
    """An account with a role in a repository."""

    actor: Actor
    permission: Permission


@dataclass(frozen=True, slots=True)
class RefRules:
    """How a forge guards a branch, or the tags of a pattern.

    `by_change_request`: only merges of change requests move it. `pushers` are those who may push to it or create it,
    `bypassers` those for whom the rules do not hold, both in the forge's words for people. `forced`: force pushes are
    taken (tags: a tag can be moved). `deletable`: it can be deleted. `stale_approvals`: approvals outlive a push.
    `last_push_approved`: somebody else than the last pusher has to approve.
    """

    protected: bool
    by_change_request: bool | None = None
    pushers: tuple[str, ...] | None = None
    bypassers: tuple[str, ...] | None = None
    forced: bool | None = None
    deletable: bool | None = None
    stale_approvals: bool | None = None
    last_push_approved: bool | None = None


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """Switches of a repository; those that a forge does not have are None, too.

    `immutable_releases`, `actions_may_approve` (a workflow's token may create and approve change requests) are
    GitHub's; `job_token_may_push` and `pipeline_variables` (the least role that may set variables of a pipeline, such
    as `developer` or `no_one_allowed`) GitLab's. `forks_run_here`: workflows of change requests from forks run with
    this repository's rights, or without anybody's approval.
    """

    immutable_releases: bool | None = None
    actions_may_approve: bool | None = None
    forks_run_here: bool | None = None
    job_token_may_push: bool | None = None
    pipeline_variables: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """What starts by itself: a workflow file (GitHub; whether it has a cron, the file says), or a pipeline schedule.

    `file` is the workflow (GitLab: nothing), `ref` the branch that it runs on, `active` whether it starts, `state` the
    forge's word for that, `owner` the account in whose name it runs (GitLab), `owner_permission` what that may do.
    """

    file: str
    ref: str
    active: bool
    state: str
    owner: Actor | None = None
    owner_permission: Permission | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that jobs get without naming it (GitLab); its value is never read.

    `place` is where it is set: `project`, or the full path of a group.
    """

    name: str
    place: str
    protected: bool
    masked: bool


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token of a project (GitLab); `expires` is the first moment at which it is worth nothing."""

    name: str
    scopes: tuple[str, ...]
    permission: Permission
    active: bool
    expires: datetime | None
