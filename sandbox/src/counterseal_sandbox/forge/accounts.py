"""Accounts, tokens and what a token may do: the part of the forge that says who somebody is.

Ids are numbers and never used again; logins can be renamed, and registered again by others.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from counterseal.forges import ForgeKind

_NOREPLY = re.compile(r"(\d+)(?:\+[^@]*@users\.noreply\.github\.com|-[^@]*@users\.noreply\.gitlab\.com)\Z")


class AccountKind(StrEnum):
    """What an account is, in GitHub's words."""

    USER = "User"
    BOT = "Bot"
    ORGANIZATION = "Organization"


class Role(IntEnum):
    """What a collaborator may do in a repository, in rising order."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


@dataclass(slots=True)
class Account:
    """An account; `emails` are its addresses beside the no-reply one."""

    id: int
    login: str
    kind: AccountKind
    created_at: datetime
    emails: set[str] = field(default_factory=set)

    @property
    def noreply(self) -> str:
        """Return the address that the forge writes into commits made for this account."""
        return self.noreply_at(ForgeKind.GITHUB)

    def noreply_at(self, kind: ForgeKind) -> str:
        """Return the address that a forge of this kind writes into commits made for this account."""
        sign = "-" if kind is ForgeKind.GITLAB else "+"
        return f"{self.id}{sign}{self.login}@users.noreply.{kind}.com"


class TokenKind(StrEnum):
    """Whose a token is; the value is the start of its text."""

    PERSON = "ghp_"
    RUN = "ghs_"  # of GitHub: exactly `permissions`
    JOB = "glcbt-"  # of GitLab: what the person who started the pipeline may do, at the calls that take it
    PROJECT = "glpat-"  # of GitLab: a bot of one project


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a token speaks for.

    A person's role in each repository decides; tokens of other kinds belong to `repository`. A run of GitHub has
    exactly `permissions` (name → read or write). A project's token with `read_only` has GitLab's scope `read_api`.
    """

    account: int
    repository: int | None = None
    permissions: Mapping[str, str] | None = None
    kind: TokenKind = TokenKind.PERSON
    read_only: bool = False

    def known_to(self, forge: ForgeKind) -> bool:
        """Return whether a forge of this kind has given the token; people's are those of both."""
        return self.kind is TokenKind.PERSON or (self.kind is TokenKind.RUN) == (forge is ForgeKind.GITHUB)


ACTIONS_BOT: Final = (41898282, "github-actions[bot]")
WEB_FLOW: Final = (19864447, "web-flow")
GHOST: Final = (10137, "ghost")


class Accounts:
    """All accounts and tokens of a forge."""

    def __init__(self, now: datetime) -> None:
        self._by_id: dict[int, Account] = {}
        self._tokens: dict[str, Principal] = {}
        self._next = 50_001  # smaller numbers are for those who choose their own
        self.actions_bot = self._add(*ACTIONS_BOT, AccountKind.BOT, now)
        self.web_flow = self._add(*WEB_FLOW, AccountKind.USER, now)
        self.web_flow.emails.add("noreply@github.com")
        self.ghost = self._add(*GHOST, AccountKind.USER, now)

    def _add(self, number: int, login: str, kind: AccountKind, now: datetime) -> Account:
        account = self._by_id[number] = Account(number, login, kind, now)
        return account

    def create(self, login: str, kind: AccountKind, now: datetime, number: int | None = None) -> Account:
        """Return a new account.

        Raises:
            ValueError: Login or number are taken, or the login is not one.
        """
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,253}(\[bot\])?", login):
            raise ValueError(f"{login!r} cannot be a login")
        if self.by_login(login) or (number is not None and number in self._by_id):
            raise ValueError(f"the login {login!r} or the id {number} is taken")
        if number is None:
            number = self._next
        self._next = max(self._next, number + 1)
        account = self._add(number, login, kind, now)
        account.emails.add(f"{login}@people.example")
        return account

    def create_bot(self, repository: int, now: datetime) -> Account:
        """Return the account behind a new access token of a GitLab project."""
        number, self._next = self._next, self._next + 1
        return self._add(number, f"project_{repository}_bot_{secrets.token_hex(16)}", AccountKind.BOT, now)

    def delete(self, account: Account) -> None:
        """Remove an account; what it did stays, with nobody's name on it."""
        del self._by_id[account.id]
        self._tokens = {
            token: principal for token, principal in self._tokens.items() if principal.account != account.id
        }

    def by_id(self, number: int | None) -> Account | None:
        """Return the account with this id, or None (it is deleted)."""
        return None if number is None else self._by_id.get(number)

    def by_login(self, login: str) -> Account | None:
        """Return the account that has this login now, or None."""
        return next((account for account in self._by_id.values() if account.login.lower() == login.lower()), None)

    def by_email(self, address: str) -> Account | None:
        """Return the account that commits with this address are linked to, or None."""
        if match := _NOREPLY.match(address):
            return self.by_id(int(match.group(1)))
        return next((account for account in self._by_id.values() if address in account.emails), None)

    def issue_token(self, principal: Principal) -> str:
        """Return a new token that speaks for `principal`."""
        token = principal.kind + secrets.token_hex(18)
        self._tokens[token] = principal
        return token

    def revoke_token(self, token: str) -> None:
        """Let a token be unknown from now on."""
        self._tokens.pop(token, None)

    def principal(self, token: str, forge: ForgeKind = ForgeKind.GITHUB) -> Principal | None:
        """Return whom a token speaks for at a forge of this kind, or None."""
        principal = self._tokens.get(token)
        return principal if principal and principal.known_to(forge) else None
