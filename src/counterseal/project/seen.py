"""What was read of a clone, a forge and this machine: each part a value, or why it was not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from counterseal import forges
from counterseal.forges import ForgeKind
from counterseal.model import (
    AccessToken,
    Actor,
    Permission,
    Policy,
    Project,
    ProjectSettings,
    RefRules,
    Schedule,
    Trust,
    Variable,
)
from counterseal.project.pipelines import Pipeline

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unseen:
    """A part that was not seen: what, why, and what would show it. `broken`: it was seen, and proves false."""

    what: str
    why: str = ""
    fix: str = ""
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whom the policy names: the account of that login now, and what the account of that number may do."""

    login: str
    number: int
    groups: tuple[str, ...]
    now: Actor | Unseen
    permission: Permission | Unseen


@dataclass(frozen=True, slots=True)
class CloneState:
    """How a clone was made, and what it has of the ledger; `ledger` is where its branch of it is."""

    shallow: bool
    ledger: str | None
    git: str


@dataclass(frozen=True, slots=True)
class InLedger:
    """What a verified ledger says: how many merged requests have no decision, and when it last gave a sign of life.

    That is its newest scheduled audit; before the first one, its beginning (None: there is no ledger yet).
    """

    undecided: int
    beat: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is judged.

    `pipelines` are all workflow files (GitLab: those that the policy names). `gate_inputs` are the variables that a
    gate takes as its own. `forge_ledger` is where the ledger is at the forge, `ledger` is what the
    clone's says, verified. `clock` is how far this machine is ahead of the forge, `root_age`
    how old its copy of Sigstore's root is (None: a sandbox's). `starters` is from which permission on people may
    start the gate's run. Names in all of it are text of others.
    """

    host: str
    name: str
    policy: Policy | Unseen
    pipelines: Mapping[str, Pipeline]
    trust: Trust
    project: Project | Unseen
    members: Sequence[Member]
    branch: RefRules | Unseen
    ledger_branch: RefRules | Unseen
    tags: Mapping[str, RefRules | Unseen]
    settings: ProjectSettings | Unseen
    schedules: Sequence[Schedule] | Unseen
    variables: Sequence[Variable] | Unseen
    inherited: Sequence[Variable] | Unseen
    tokens: Sequence[AccessToken] | Unseen
    gate_inputs: frozenset[str]
    clone: CloneState
    forge_ledger: str | Unseen | None
    ledger: InLedger | Unseen
    clock: timedelta | Unseen
    root_age: timedelta | Unseen | None
    now: datetime
    starters: Permission | Unseen = Permission.WRITE

    @property
    def kind(self) -> ForgeKind:
        """Return which forge it is."""
        return forges.kind_of(self.host)

    @property
    def at_gitlab(self) -> bool:
        """Return whether it is a project of GitLab."""
        return self.kind is ForgeKind.GITLAB

    @property
    def default_ref(self) -> str:
        """Return the full ref of the default branch, or the usual one if that was not seen."""
        return self.project.default_ref if isinstance(self.project, Project) else "refs/heads/main"

    @property
    def default_branch(self) -> str:
        """Return the name of the default branch."""
        return self.default_ref.removeprefix("refs/heads/")
