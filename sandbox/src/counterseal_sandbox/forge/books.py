"""A repository's own books: its settings, people's roles, protected refs, and the log of pushes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.git.objects import NO_COMMIT, GitError, Signature
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterseal_sandbox.forge.accounts import Account, Accounts
    from counterseal_sandbox.forge.git.bare import BareRepository

_BRANCHES = "refs/heads/"
#: More than any role.
NOBODY = Role.ADMIN + 1
#: GitLab's names for the roles of the one model.
GITLAB_ROLES = {
    Role.READ: "guest",
    Role.TRIAGE: "reporter",
    Role.WRITE: "developer",
    Role.MAINTAIN: "maintainer",
    Role.ADMIN: "owner",
}


@dataclass(frozen=True, slots=True)
class Activity:
    """A line of the log of pushes: who moved which branch, and how (GitHub's `activity_type`)."""

    id: int
    ref: str
    before: str
    after: str
    account: int | None
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """A pipeline schedule of a project of GitLab; nothing happens by it in the sandbox."""

    id: int
    ref: str
    cron: str
    owner: int
    created_at: datetime
    active: bool = True


class Home(Protocol):
    """What a repository asks of its forge."""

    accounts: Accounts

    def now(self) -> datetime:
        """Return the current moment in whole seconds."""

    def moment(self) -> datetime:
        """Return the current moment in milliseconds."""

    def new_id(self) -> int:
        """Return a number that was never used before."""

    def by_id(self, number: int | None) -> RepositoryBooks | None:
        """Return a repository by id, or None if it is gone."""


class RepositoryBooks:
    """One repository, without what hangs below it.

    `protected` are shell patterns of refs that cannot be force-pushed or deleted.

    `actions_may_approve` is GitHub's setting that lets a run's token open and approve change requests,
    `immutable_releases` the one that freezes a release when it is published. `parent` is the id of the
    repository that this one is a fork of, `signed` are the commits that the forge made and vouches for itself.

    Projects of GitLab have settings of their own, which stand as GitLab has them at first: whether a job's token may
    push, whether authors may approve their own merge requests, whether a push takes all approvals away, and the
    `merge_method`: `merge` (always a merge commit) or `ff` (fast-forward only). `schedules` are its pipeline schedules.
    What only settings pages show stands in `settings`.
    """

    def __init__(
        self,
        forge: Home,
        number: int,
        name: str,
        owner: Account,
        git: BareRepository,
        kind: ForgeKind = ForgeKind.GITHUB,
    ) -> None:
        self.forge = forge
        self.kind = kind
        self.id = number
        self.name = name
        self.owner = owner
        self.git = git
        self.private = False
        self.default_branch = "main"
        self.created_at = forge.now()
        self.actions_may_approve = False
        self.immutable_releases = False
        self.job_token_may_push = False
        self.author_may_approve = False
        self.reset_approvals_on_push = False
        self.merge_method = "merge"
        self.schedules: list[Schedule] = []
        self.settings = Settings()
        self.parent: int | None = None
        self.roles: dict[int, Role] = {owner.id: Role.ADMIN}
        self.activity: list[Activity] = []
        self.signed: set[str] = set()
        self._protected: tuple[str, ...] = ()
        self._pushers: dict[str, int] = {}
        self._numbers = 0

    @property
    def full_name(self) -> str:
        """Return `owner/name`."""
        return f"{self.owner.login}/{self.name}"

    @property
    def namespace(self) -> str:
        """Return the full name without the last part: the owner, or at GitLab a path of groups."""
        return self.full_name.rpartition("/")[0]

    def now(self) -> datetime:
        """Return the current moment as this kind of forge tells time."""
        return self.forge.moment() if self.kind is ForgeKind.GITLAB else self.forge.now()

    def new_number(self) -> int:
        """Return the next number for a change request."""
        self._numbers += 1
        return self._numbers

    # --- protection and roles ----------------------------------------------------------------

    @property
    def protected(self) -> tuple[str, ...]:
        """Return the patterns of protected refs."""
        return self._protected

    def protect(self, patterns: Sequence[str]) -> None:
        """Set the patterns of protected refs; git itself refuses from then on."""
        self._protected = tuple(patterns)
        self.git.protect([pattern for pattern in patterns if pattern not in self.settings.forced])

    def let_force(self, patterns: Sequence[str]) -> None:
        """Let refs of protected patterns be force-pushed and deleted all the same."""
        self.settings.forced = frozenset(patterns)
        self.protect(self._protected)

    def let_push(self, pattern: str, least: Role | None) -> None:
        """Let only people with a role push to the refs of a protected pattern of GitLab's (None: nobody)."""
        self._pushers[pattern] = NOBODY if least is None else least
        self.git.let_push(self._pushers)

    def only_by_change_requests(self) -> None:
        """Let nobody push to the default branch (GitHub: a ruleset that requires a pull request)."""
        self.let_push(_BRANCHES + self.default_branch, None)

    def pushers(self, ref: str) -> int:
        """Return the least role that may push to a full ref."""
        return max((least for pattern, least in self._pushers.items() if fnmatchcase(ref, pattern)), default=Role.WRITE)

    def schedule(self, account: Account, ref: str, cron: str = "17 * * * *") -> Schedule:
        """Return a new pipeline schedule."""
        schedule = Schedule(self.forge.new_id(), ref, cron, account.id, self.now())
        self.schedules.append(schedule)
        return schedule

    def is_protected(self, ref: str) -> bool:
        """Return whether a full ref is protected."""
        return any(fnmatchcase(ref, pattern) for pattern in self._protected)

    def role(self, account: Account | None) -> Role:
        """Return what an account may do here (everybody may read what is public)."""
        if account is None:
            return Role.NONE
        return self.roles.get(account.id, Role.NONE if self.private else Role.READ)

    def gitlab_role(self, account: Account) -> str:
        """Return GitLab's name for an account's own role here (empty: none)."""
        return GITLAB_ROLES.get(self.roles.get(account.id, Role.NONE), "")

    # --- refs --------------------------------------------------------------------------------

    def branch(self, name: str) -> str | None:
        """Return the commit of a branch, or None."""
        return self.git.resolve(_BRANCHES + name)

    def move_branch(self, name: str, sha: str, account: Account, kind: str | None = None) -> None:
        """Let a branch point to `sha` and tell everybody who follows it."""
        self.move_ref(_BRANCHES + name, sha, account, kind)

    def move_ref(self, ref: str, sha: str | None, account: Account, kind: str | None = None) -> None:
        """Move, make or delete (`sha` None) a ref on an account's behalf, protection or not."""
        before = self.branch(ref.removeprefix(_BRANCHES)) if ref.startswith(_BRANCHES) else None
        self.git.set_ref(ref, sha)
        if ref.startswith(_BRANCHES) and before != sha:
            self._moved(ref, before, sha, account, kind)

    @contextmanager
    def pushing(self, account: Account, kind: str | None = None) -> Iterator[None]:
        """Compare the refs before and after the block and book what `account` changed."""
        before = self.git.refs()
        try:
            yield
        finally:
            after = self.git.refs()
            for ref in sorted({*before, *after}):
                if ref.startswith(_BRANCHES) and before.get(ref) != after.get(ref):
                    self._moved(ref, before.get(ref), after.get(ref), account, kind)

    def _moved(self, ref: str, before: str | None, after: str | None, account: Account, kind: str | None) -> None:
        forced = bool(before and after and not self.git.is_ancestor(before, after))
        if before is None:
            kind = "branch_creation"
        elif after is None:
            kind = "branch_deletion"
        else:
            kind = "force_push" if forced else kind or "push"
        now = self.now()
        entry = Activity(self.forge.new_id(), ref, before or NO_COMMIT, after or NO_COMMIT, account.id, kind, now)
        self.activity.append(entry)
        self.branch_moved(ref.removeprefix(_BRANCHES), after, account, forced=forced)

    def branch_moved(self, name: str, after: str | None, account: Account, *, forced: bool) -> None:
        """Tell whatever follows a branch that it was moved (`after` None: deleted)."""

    def write_file(
        self, branch: str, path: str, content: bytes | None, account: Account, *, message: str = "", trailers: str = ""
    ) -> str:
        """Return the commit that writes (`content` None: removes) one file at the head of a branch."""
        text = message or f"{'Remove' if content is None else 'Write'} {path}"
        text = f"{text}\n\n{trailers}" if trailers else text
        return self.commit_files(branch, {path: content}, account, text)

    def commit_files(
        self,
        branch: str,
        files: Mapping[str, bytes | None],
        account: Account,
        message: str,
        *,
        start: str | None = None,
    ) -> str:
        """Return the commit that writes files (None: removes them) on top of a branch, or of the commit `start`."""
        parent = start or self.branch(branch)
        tree = parent
        try:
            for path, content in files.items():
                tree = self.git.tree_with(tree, path, content)
            if tree is None:
                raise Refused("there is nothing to commit")
            person = Signature(account.login, account.noreply_at(self.kind), self.now())
            parents = [parent] if parent else []
            sha = self.git.commit_tree(tree, parents, message, author=person, committer=person)
            self.move_branch(branch, sha, account)
        except GitError as error:
            raise Refused(f"path: {error}") from error
        return sha
