"""GitHub's accounts as actors: who is a person, who is a bot, and whose account is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.model import Actor, ActorKind

if TYPE_CHECKING:
    from counterseal.adapters.http.fields import Fields

#: GitHub's stand-in for deleted accounts, and the account that its own merge and edit buttons commit with.
GHOST: Final = 10137
WEB_FLOW: Final = 19864447

_KINDS: Final = {
    "User": ActorKind.USER,
    "Bot": ActorKind.BOT,
    "Organization": ActorKind.OTHER,
    "Mannequin": ActorKind.OTHER,
}


def actor_of(fields: Fields, host: str) -> Actor:
    """Return the account that a user object shows."""
    kind = fields.one_of("type", _KINDS)
    return Actor(host, fields.number("id"), fields.text("login"), kind)


def actor_in(parent: Fields, name: str, host: str) -> Actor | None:
    """Return the account in a field, or None if it is null or GitHub's ghost."""
    if parent.is_null(name):
        return None
    actor = actor_of(parent.inner(name), host)
    return None if actor.id == GHOST else actor
