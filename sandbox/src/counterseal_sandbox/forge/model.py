"""The forge as it is: accounts, tokens, repositories, and every call that nobody could answer. No HTTP here.

State lies in memory, git objects and assets below a folder. All calls that change something
happen under `lock`; the faces take it.
"""

from __future__ import annotations

import re
import shutil
import threading
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF
from counterseal_sandbox.forge.accounts import Account, AccountKind, Accounts, Principal, Role, TokenKind
from counterseal_sandbox.forge.books import GITLAB_ROLES
from counterseal_sandbox.forge.git.bare import BareRepository
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.repository import HostedRepository
from counterseal_sandbox.forge.settings import TokenRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: What a careful maintainer protects from the first day: the default branch and the ledger's.
PROTECTED = ("refs/heads/main", LEDGER_REF)
_NAME = {
    ForgeKind.GITHUB: re.compile(r"[A-Za-z0-9._-]{1,100}\Z"),
    ForgeKind.GITLAB: re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\Z"),  # subgroups
}


class Forge:
    """A forge whose files lie below `folder`.

    `clock` may be replaced to let time pass. `unknown_calls` names what a face was asked and could not answer,
    `tickets` are the one-time links to assets that were handed out. `run_ids` and `run_numbers` count runs of GitHub
    Actions, `pipeline_ids` pipelines of GitLab.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._repositories: dict[int, HostedRepository] = {}
        self._ids = count(500_001)
        self._repository_ids = count(701)
        self.run_ids, self.run_numbers, self.pipeline_ids = count(9_000_001), count(1), count(4_000_001)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._namespaces: dict[str, int] = {}
        self.lock = threading.RLock()
        self.unknown_calls: list[str] = []
        self.tickets: dict[str, Path] = {}
        self.accounts = Accounts(self.now())

    def now(self) -> datetime:
        """Return the current moment in whole seconds, as forges tell time."""
        return self.clock().replace(microsecond=0)

    def moment(self) -> datetime:
        """Return the current moment in milliseconds, as GitLab tells time: no two things happen in the same one."""
        now = self.clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if timedelta(0) <= self._latest - now < timedelta(seconds=1):
            now = self._latest + timedelta(milliseconds=1)
        self._latest = now
        return now

    def new_id(self) -> int:
        """Return a number that was never used before."""
        return next(self._ids)

    # --- accounts ----------------------------------------------------------------------------

    def create_account(self, login: str, kind: str = "User", number: int | None = None) -> Account:
        """Return a new account of kind `User`, `Bot` or `Organization`."""
        try:
            return self.accounts.create(login, AccountKind(kind), self.now(), number)
        except ValueError as error:
            raise Refused(str(error)) from error

    def account(self, login: str) -> Account:
        """Return an account by login."""
        if (account := self.accounts.by_login(login)) is None:
            raise Refused(f"no account {login}", 404)
        return account

    def token(self, login: str) -> str:
        """Return a new personal token."""
        return self.accounts.issue_token(Principal(self.account(login).id))

    def run_token(self, repository: HostedRepository, permissions: Mapping[str, str]) -> str:
        """Return the token of a CI run of GitHub, with exactly these permissions in this repository."""
        bot, given = self.accounts.actions_bot, {"metadata": "read", **permissions}
        return self.accounts.issue_token(Principal(bot.id, repository.id, given, TokenKind.RUN))

    def job_token(self, repository: HostedRepository, actor: Account) -> str:
        """Return the token of a job of GitLab CI, whose pipeline this person has started."""
        return self.accounts.issue_token(Principal(actor.id, repository.id, kind=TokenKind.JOB))

    def project_token(self, repository: HostedRepository, role: Role = Role.TRIAGE, *, read_only: bool = True) -> str:
        """Return a new access token of a GitLab project: a bot with this role, and `read_api` if `read_only`."""
        now = self.now()
        bot = self.accounts.create_bot(repository.id, now)
        repository.roles[bot.id] = role
        scope, ends = "read_api" if read_only else "api", (now + timedelta(days=365)).date().isoformat()
        record = TokenRecord(self.new_id(), bot.id, "counterseal", (scope,), now, ends)
        repository.settings.tokens.append(record)
        return self.accounts.issue_token(Principal(bot.id, repository.id, kind=TokenKind.PROJECT, read_only=read_only))

    # --- repositories ------------------------------------------------------------------------

    def create_repository(
        self,
        full_name: str,
        *,
        kind: ForgeKind = ForgeKind.GITHUB,
        private: bool = False,
        collaborators: Mapping[str, str] | None = None,
        number: int | None = None,
    ) -> HostedRepository:
        """Return a new, empty repository of GitHub, or project of GitLab.

        Args:
            full_name: `owner/name`; the name of a GitLab project may have subgroups before it.
            kind: At which forge it is; a name is taken at both.
            private: Whether only collaborators may see it.
            collaborators: Maps logins to read, triage, write, maintain or admin, at GitLab to guest, reporter,
                developer, maintainer or owner.
            number: Its id, if it is to have a certain one; none has it yet.
        """
        owner, _, name = full_name.partition("/")
        if not _NAME[kind].match(name) or name in (".", ".."):
            raise Refused(f"{full_name!r} is not an owner/name")
        if self.find(full_name):
            raise Refused(f"{full_name} exists already")
        number = number or next(self._repository_ids)
        git = BareRepository(self._folder / "repositories" / str(number) / "git")
        git.create(kind)
        repository = HostedRepository(self, number, name, self.account(owner), git, kind)
        repository.private = private
        repository.protect(PROTECTED)
        for login, role in (collaborators or {}).items():
            repository.roles[self.account(login).id] = _role(role, kind)
        self._repositories[number] = repository
        return repository

    def fork(self, repository: HostedRepository, owner: str) -> HostedRepository:
        """Return a copy of a repository under another owner."""
        fork = self.create_repository(f"{owner}/{repository.name.rpartition('/')[2]}", kind=repository.kind)
        fork.parent = repository.id
        fork.git.run("fetch", "--quiet", str(repository.git.path), "refs/heads/*:refs/heads/*")
        return fork

    def namespace(self, repository: HostedRepository) -> int:
        """Return the number of the group (or person) that a GitLab project is in."""
        path = repository.namespace.lower()
        if "/" not in path:
            return repository.owner.id
        return self._namespaces.setdefault(path, 90_001 + len(self._namespaces))

    def find(self, full_name: str) -> HostedRepository | None:
        """Return the repository that has this name now, or None."""
        wanted = full_name.lower()
        return next(
            (repository for repository in self._repositories.values() if repository.full_name.lower() == wanted), None
        )

    def repository(self, full_name: str, kind: ForgeKind | None = None) -> HostedRepository:
        """Return a repository by `owner/name`; with `kind` only if it is at such a forge."""
        repository = self.find(full_name)
        if repository is None or kind not in (None, repository.kind):
            raise Refused("Not Found", 404)
        return repository

    def gitlab_project(self, full_name: str) -> HostedRepository:
        """Return a project of GitLab by its path."""
        return self.repository(full_name, ForgeKind.GITLAB)

    def by_id(self, number: int | None) -> HostedRepository | None:
        """Return a repository by id, or None if it is gone."""
        return None if number is None else self._repositories.get(number)

    def below(self, group: str) -> list[HostedRepository]:
        """Return the projects of a GitLab group and of the groups in it."""
        start = f"{group.lower()}/"
        return [each for each in self._repositories.values() if each.full_name.lower().startswith(start)]

    def family(self, repository: HostedRepository) -> list[HostedRepository]:
        """Return the repositories whose change requests may come from a branch of this one."""
        parent = self.by_id(repository.parent)
        return [repository, *([parent] if parent else [])]

    def delete_repository(self, repository: HostedRepository) -> None:
        """Delete a repository. Reviews of changes that came from it lose their revision: forges may forget it."""
        del self._repositories[repository.id]
        shutil.rmtree(repository.git.path.parent)
        for other in self._repositories.values():
            for change in other.changes:
                if change.head_repository == repository.id:
                    change.head_repository = None
                    for review in change.reviews:
                        review.commit = None


def _role(name: str, kind: ForgeKind) -> Role:
    if kind is ForgeKind.GITLAB:
        for role, called in GITLAB_ROLES.items():
            if called == name:
                return role
        raise Refused(f"{name!r} is not a role: {', '.join(GITLAB_ROLES.values())}")
    try:
        return Role[name.upper()]
    except KeyError:
        raise Refused(f"{name!r} is not a role: read, triage, write, maintain or admin") from None
