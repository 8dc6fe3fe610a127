"""GitLab's accounts as actors: who is a person, who is a bot, and what they may do in the project."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import REVIEWS
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.model import Actor, ActorKind, Permission

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.adapters.gitlab.api import GitLabApi

#: GitLab's stand-in for deleted accounts; gitlab.com had to give it the second name.
GHOSTS: Final = frozenset({"ghost", "ghost1"})

#: GitLab's levels, and what they come to: a Planner or Security Manager may do less than a Developer.
_LEVELS: Final = {
    0: Permission.NONE,
    5: Permission.NONE,
    10: Permission.READ,
    15: Permission.READ,
    20: Permission.TRIAGE,
    25: Permission.TRIAGE,
    30: Permission.WRITE,
    40: Permission.MAINTAIN,
    50: Permission.ADMIN,
}
_NOREPLY: Final = re.compile(r"([0-9]{1,19})-([A-Za-z0-9_.-]{1,255})@users\.noreply\.(.+)\Z")
_GLOBAL_ID: Final = re.compile(r"gid://gitlab/User/([0-9]{1,19})\Z")


class People:
    """The accounts that a project deals with."""

    def __init__(self, api: GitLabApi, host: str) -> None:
        self._api = api
        self._host = host
        self._kinds: dict[int, ActorKind] = {}

    # --- who ---------------------------------------------------------------------------------

    def shown(self, parent: Fields, name: str) -> Actor | None:
        """Return the account in a field with its kind, or None if it is null or GitLab's ghost."""
        return None if parent.is_null(name) else self.known(parent.inner(name))

    def basic(self, fields: Fields) -> Actor | None:
        """Return the account that a user object shows, or None for the ghost; its kind is not looked up."""
        login = fields.text("username")
        return None if login in GHOSTS else Actor(self._host, fields.number("id"), login)

    def known(self, fields: Fields) -> Actor | None:
        """Return the account that a user object shows with its kind, or None for the ghost."""
        actor = self.basic(fields)
        return actor and self.with_kind(actor)

    def with_kind(self, actor: Actor) -> Actor:
        """Return the account with its kind, which only its own page tells (R13); without a page it is `OTHER`."""
        if actor.id not in self._kinds:
            what = f"account {actor.login}"
            data = self._api.find(f"/users/{actor.id}", what=what, access=REVIEWS)
            self._kinds[actor.id] = ActorKind.OTHER if data is None else _kind_of(Fields(data, what), actor.id)
        return Actor(actor.host, actor.id, actor.login, self._kinds[actor.id])

    def by_login(self, login: str) -> Actor:
        """Return the account that has a login now."""
        what = f"account {login}"
        listed = [Fields(data, what) for data in self._api.pages("/users", what=what, access=REVIEWS, username=login)]
        accounts = [account for account in listed if account.text("username").lower() == login.lower()]
        if len(accounts) != 1:
            raise ServiceError(
                f"{what}: {len(accounts)} accounts have this name",
                why="it was renamed or deleted",
                fix="use the person's current username",
            )
        actor = self.known(accounts[0])
        if actor is None:
            raise ServiceError(f"{what} is nobody", why="it stands in for deleted accounts", fix="name a person")
        return actor

    def by_noreply(self, address: str) -> Actor | None:
        """Return the account that a private commit address of GitLab (`ID-login@users.noreply…`) names, or None."""
        match = _NOREPLY.fullmatch(address)
        if match is None or match.group(3).lower() != self._host:
            return None
        return Actor(self._host, int(match.group(1)), match.group(2))

    def by_global_id(self, fields: Fields) -> Actor:
        """Return the account that a user object of GraphQL shows."""
        match = _GLOBAL_ID.match(fields.text("id"))
        if match is None:
            raise ServiceError(
                f"{fields.what}: GitLab's answer cannot be used",
                why=f"{fields.text('id')[:80]!r} is not a user",
                fix="run again",
            )
        return Actor(self._host, int(match.group(1)), fields.text("username"))

    # --- what they may -----------------------------------------------------------------------

    def permission(self, actor: Actor, *, is_public: Callable[[], bool]) -> Permission:
        """Return what an account may do in the project now.

        Args:
            actor: The account, by its numeric id.
            is_public: Tells whether people who are no members may read the project.
        """
        what = f"permission of {actor.login}"
        data = self._api.find(self._api.here(f"/members/all/{actor.id}"), what=what, access=REVIEWS)
        if data is None:
            self._api.get(f"/users/{actor.id}", what=f"account {actor.login}", access=REVIEWS)  # a deleted account
            return Permission.READ if is_public() else Permission.NONE
        fields = Fields(data, what)
        fields.require("id", actor.id)
        return permission_of(fields)


def permission_of(member: Fields) -> Permission:
    """Return what a member of a project may do: nothing while they are blocked, or wait to be let in.

    Raises:
        ServiceError: Their level is not known.
    """
    active = member.text("state") == "active"
    if member.has("membership_state"):
        active = active and member.text("membership_state") == "active"
    return level_of(member) if active else Permission.NONE


def level_of(access: Fields) -> Permission:
    """Return what an access level comes to.

    Raises:
        ServiceError: It is not known.
    """
    level = access.number("access_level")
    if level not in _LEVELS:
        raise ServiceError(
            f"{access.what}: GitLab's answer cannot be used",
            why=f"the access level {level} is not known (known: {', '.join(map(str, _LEVELS))})",
            fix="give the person one of GitLab's standard roles",
        )
    return _LEVELS[level]


def _kind_of(fields: Fields, number: int) -> ActorKind:
    fields.require("id", number)
    return ActorKind.BOT if fields.flag("bot") else ActorKind.USER
