"""GitHub's words for those who get around rules, for people to read. Names in them are foreign text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.http.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Numbers of GitHub's own roles in rulesets; others are an organisation's.
_ROLES: Final = {2: "everybody with the role maintain", 4: "everybody with write access", 5: "repository admins"}
_WHOLE: Final = {"OrganizationAdmin": "organization owners", "DeployKey": "deploy keys"}
_NUMBERED: Final = {"Integration": "app", "Team": "team", "User": "user", "RepositoryRole": "role"}
_IN: Final = {"users": ("user", "login"), "teams": ("team", "slug"), "apps": ("app", "slug")}


def bypasser(actor: Fields) -> str:
    """Return who it is that gets around a ruleset."""
    kind, number = actor.text("actor_type"), actor.number("actor_id") if actor.has("actor_id") else 0
    if kind == "RepositoryRole" and number in _ROLES:
        who = _ROLES[number]
    else:
        who = _WHOLE.get(kind) or f"{_NUMBERED.get(kind, kind)} {number}"
    only = actor.has("bypass_mode") and actor.text("bypass_mode") == "pull_request"
    return f"{who} (when they merge pull requests)" if only else who


def names(of: Fields) -> tuple[str, ...]:
    """Return the users, teams and apps that older protection names."""
    return tuple(_names(of))


def _names(of: Fields) -> Iterator[str]:
    for place, (kind, name) in _IN.items():
        for data in of.items(place) if of.has(place) else ():
            yield f"{kind} {Fields(data, f'{of.what}: {place}').text(name)}"
