"""What guards the branches and tags of a project of GitLab.

Who may push is shown to maintainers; to others only whether a branch is protected, and whether developers may push.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.adapters.gitlab.access import MAINTAINER
from counterseal.adapters.gitlab.settings import Settings
from counterseal.adapters.http.answers import RefusedError
from counterseal.adapters.http.fields import Fields
from counterseal.model import RefRules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.adapters.gitlab.api import GitLabApi

_BRANCH: Final = "refs/heads/"
_TAG: Final = "refs/tags/"
#: The access level that is nobody's.
_NO_ONE: Final = 0


class Protection:
    """The protected branches and tags of one project."""

    def __init__(self, api: GitLabApi) -> None:
        self._api = api

    def of_branch(self, ref: str) -> RefRules:
        """Return how a branch is guarded; where several patterns match, the most permissive counts."""
        name, what = ref.removeprefix(_BRANCH), "protected branches"
        try:
            listed = self._list(what, "/protected_branches")
        except RefusedError as error:
            if error.status != 403:
                raise
            shown = Settings(self._api).branch(name)
            if shown is None:  # it may be protected before it is there, and that is a maintainer's to see
                raise
            return _as_a_developer(shown)
        guards = [each for each in listed if _matches(each.text("name"), name)]
        pushers = _who(guards, "push_access_levels")
        return RefRules(
            protected=bool(guards),
            by_change_request=bool(guards) and not pushers,
            pushers=pushers if guards else ("everybody with the role Developer",),
            bypassers=(),
            forced=not guards or any(each.flag("allow_force_push") for each in guards),
            deletable=not guards,
        )

    def of_tags(self, pattern: str) -> RefRules:
        """Return how the tags of a pattern are guarded: a protected one is not moved, and deleted only by hand."""
        what, name = "protected tags", pattern.removeprefix(_TAG)
        samples = forges.samples(name)
        listed = self._list(what, "/protected_tags")
        guards = [each for each in listed if all(_matches(each.text("name"), sample) for sample in samples)]
        creators = _who(guards, "create_access_levels")
        return RefRules(
            protected=bool(guards),
            pushers=creators if guards else ("everybody with the role Developer",),
            bypassers=(),
            forced=not guards,
            deletable=not guards,
        )

    def _list(self, what: str, path: str) -> list[Fields]:
        listed: Iterable[Any] = self._api.pages(self._api.here(path), what=what, access=MAINTAINER)
        return [Fields(data, what) for data in listed]


def _as_a_developer(shown: Fields) -> RefRules:
    """Return what a branch's own page tells."""
    pushed = shown.flag("developers_can_push") or shown.flag("can_push")
    return RefRules(protected=shown.flag("protected"), by_change_request=False if pushed else None)


def _matches(pattern: str, name: str) -> bool:
    """Return whether GitLab's pattern is of a name; its star stands for slashes, too."""
    return forges.ref_matches(pattern.replace("/", "-"), name.replace("/", "-"))


def _who(guards: Iterable[Fields], name: str) -> tuple[str, ...]:
    """Return who is let in, in GitLab's words."""
    who: list[str] = []
    for guard in guards:
        for data in guard.items(name):
            level = Fields(data, f"{guard.what}: {name}")
            if not level.has("access_level") or level.number("access_level") != _NO_ONE or _is_somebody(level):
                who.append(level.text("access_level_description"))
    return tuple(dict.fromkeys(who))


def _is_somebody(level: Fields) -> bool:
    return any(level.has(name) for name in ("user_id", "group_id", "deploy_key_id"))
