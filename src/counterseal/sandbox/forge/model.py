"""The forge as it is: accounts, tokens, repositories, and every call that nobody could answer. No HTTP here.

State lies in memory, git objects and assets below a folder. All calls that change something
happen under `lock`; the faces take it.
"""

from __future__ import annotations

import re
import shutil
import threading
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from counterseal.identifiers import MIRROR_REF
from counterseal.sandbox.forge.accounts import Account, AccountKind, Accounts, Principal, Role
from counterseal.sandbox.forge.git import BareRepository
from counterseal.sandbox.forge.refusal import Refused
from counterseal.sandbox.forge.repository import HostedRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: What a careful maintainer protects from the first day: the default branch and the ledger's mirror.
PROTECTED = ("refs/heads/main", MIRROR_REF)


class Forge:
    """A forge whose files lie below `folder`.

    `clock` may be replaced to let time pass. `unknown_calls` names what a face was asked and could not answer,
    `tickets` are the one-time links to assets that were handed out.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._repositories: dict[int, HostedRepository] = {}
        self._ids = count(500_001)
        self._repository_ids = count(701)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.lock = threading.RLock()
        self.unknown_calls: list[str] = []
        self.tickets: dict[str, Path] = {}
        self.accounts = Accounts(self.now())

    def now(self) -> datetime:
        """Return the current moment in whole seconds, as forges tell time."""
        return self.clock().replace(microsecond=0)

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
        """Return the token of a CI run, with exactly these permissions in this repository."""
        bot = self.accounts.actions_bot
        return self.accounts.issue_token(Principal(bot.id, repository.id, {"metadata": "read", **permissions}))

    # --- repositories ------------------------------------------------------------------------

    def create_repository(
        self, full_name: str, *, private: bool = False, collaborators: Mapping[str, str] | None = None
    ) -> HostedRepository:
        """Return a new, empty repository; `collaborators` maps logins to read, triage, write, maintain or admin."""
        owner, _, name = full_name.partition("/")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name) or name in (".", ".."):
            raise Refused(f"{full_name!r} is no owner/name")
        if self.find(full_name):
            raise Refused(f"{full_name} exists already")
        number = next(self._repository_ids)
        git = BareRepository(self._folder / "repositories" / str(number) / "git")
        git.create()
        repository = HostedRepository(self, number, name, self.account(owner), git)
        repository.private = private
        repository.protect(PROTECTED)
        for login, role in (collaborators or {}).items():
            repository.roles[self.account(login).id] = _role(role)
        self._repositories[number] = repository
        return repository

    def fork(self, repository: HostedRepository, owner: str) -> HostedRepository:
        """Return a copy of a repository under another owner."""
        fork = self.create_repository(f"{owner}/{repository.name}")
        fork.parent = repository.id
        fork.git.run("fetch", "--quiet", str(repository.git.path), "refs/heads/*:refs/heads/*")
        return fork

    def find(self, full_name: str) -> HostedRepository | None:
        """Return the repository that has this name now, or None."""
        wanted = full_name.lower()
        return next((each for each in self._repositories.values() if each.full_name.lower() == wanted), None)

    def repository(self, full_name: str) -> HostedRepository:
        """Return a repository by `owner/name`."""
        if (repository := self.find(full_name)) is None:
            raise Refused("Not Found", 404)
        return repository

    def by_id(self, number: int | None) -> HostedRepository | None:
        """Return a repository by id, or None if it is gone."""
        return None if number is None else self._repositories.get(number)

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


def _role(name: str) -> Role:
    try:
        return Role[name.upper()]
    except KeyError:
        raise Refused(f"{name!r} is no role: read, triage, write, maintain or admin") from None
