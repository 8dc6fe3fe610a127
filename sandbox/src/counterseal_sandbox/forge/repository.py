"""A repository of the forge with all that hangs below it: change requests, releases, packages, runs and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.books import Home, RepositoryBooks
from counterseal_sandbox.forge.changes import Changes
from counterseal_sandbox.forge.merge_requests import MergeRequests
from counterseal_sandbox.forge.packages import Packages
from counterseal_sandbox.forge.project_releases import ProjectReleases
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.git.bare import BareRepository


@dataclass(frozen=True, slots=True)
class RunRecord:
    """An attempt of a run of GitHub Actions, as its page tells it; accounts are ids."""

    id: int
    attempt: int
    number: int
    event: str
    actor: int
    triggering: int
    ref: str
    revision: str
    workflow: str
    at: datetime


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job of GitLab CI, as its page tells it: `account` is whoever it runs for, `manual` that people play it."""

    id: int
    name: str
    pipeline: int
    source: str
    account: int
    ref: str
    tag: bool
    revision: str
    manual: bool
    at: datetime


@dataclass(slots=True)
class AskedRun:
    """A run (GitHub) or pipeline (GitLab) that somebody asked for.

    `file` defines it, `ref` is full, `account` is whoever asked, `inputs` are all that the file takes. `status` is the
    forge's word: nothing happens to it by itself, so tests say how it went on.
    """

    id: int
    file: str
    ref: str
    revision: str
    account: int
    inputs: Mapping[str, str]
    at: datetime
    status: str


class Family(Home, Protocol):
    """What such a repository asks of its forge beside that."""

    def family(self, repository: HostedRepository) -> Sequence[HostedRepository]:
        """Return the repositories whose change requests may come from a branch of this one."""


class HostedRepository(RepositoryBooks):
    """One repository. `runs` of GitHub Actions are remembered by id and attempt, `jobs` of GitLab CI by id.

    `asked` are the runs and pipelines that people asked for by hand, by id: the sandbox runs none of them.
    """

    forge: Family

    def __init__(
        self,
        forge: Family,
        number: int,
        name: str,
        owner: Account,
        git: BareRepository,
        kind: ForgeKind = ForgeKind.GITHUB,
    ) -> None:
        super().__init__(forge, number, name, owner, git, kind)
        self.runs: dict[tuple[int, int], RunRecord] = {}
        self.jobs: dict[int, JobRecord] = {}
        self.asked: dict[int, AskedRun] = {}
        self.changes: Changes = MergeRequests(self) if kind is ForgeKind.GITLAB else Changes(self)
        self.releases = Releases(self)
        self.packages = Packages(self)
        self.project_releases = ProjectReleases(self)

    @property
    def merge_requests(self) -> MergeRequests:
        """Return the merge requests of a project of GitLab."""
        if not isinstance(self.changes, MergeRequests):
            raise Refused("Not Found", 404)
        return self.changes

    def branch_moved(self, name: str, after: str | None, account: Account, *, forced: bool) -> None:
        """Tell the change requests that follow a branch; a fork's may be those of another repository."""
        for repository in self.forge.family(self):
            repository.changes.branch_pushed(self, name, after, account, forced=forced)
