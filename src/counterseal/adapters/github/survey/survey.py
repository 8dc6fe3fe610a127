"""GitHub as a `ProjectSurvey`: how a repository is set up, as the holder of a token sees it. It only reads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from counterseal.adapters.github.api import GitHubApi
from counterseal.adapters.github.people import actor_of
from counterseal.adapters.github.settings import home
from counterseal.adapters.github.survey.rules import Rules
from counterseal.adapters.github.survey.switches import Switches
from counterseal.adapters.http.answers import date_of
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.model import Collaborator, Permission, Project, Repository, Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from counterseal.model import AccessToken, ProjectSettings, RefRules, Schedule, Variable

_BRANCH: Final = "refs/heads/"
_METADATA: Final = "metadata: read"
_ROLES: Final = {permission.name.lower(): permission for permission in Permission}
_VISIBILITY: Final = {visibility.value: visibility for visibility in Visibility}
#: GitHub's flags for what somebody may do, the most first.
_FLAGS: Final = {
    "admin": Permission.ADMIN,
    "maintain": Permission.MAINTAIN,
    "push": Permission.WRITE,
    "triage": Permission.TRIAGE,
    "pull": Permission.READ,
}


class GitHubSurvey:
    """Implements `ProjectSurvey`.

    Args:
        name: `owner/name`.
        token: A person's token; a job's sees little of this.
        host: The forge host that ids belong to, such as `github.com`.
        api_url: Base of the API.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        name: str,
        token: str,
        *,
        host: str,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitHubApi(name, token, api_url=api_url, timeout=timeout, pause=pause)
        self._host = host
        self._rules = Rules(self._api)
        self._known: Project | None = None

    def project(self) -> Project:
        """Return the repository as its own page shows it."""
        if self._known is None:
            shown = home(self._api)
            name = shown.text("full_name")
            self._known = Project(
                repository=Repository(self._host, shown.number("id"), name),
                visibility=shown.one_of("visibility", _VISIBILITY),
                default_ref=_BRANCH + shown.text("default_branch"),
                fork_of=_fork_of(shown),
                archived=shown.flag("archived"),
                page=f"https://{self._host}/{name}",
                own=_highest(shown.inner("permissions")) if shown.has("permissions") else None,
            )
        return self._known

    def collaborators(self) -> Sequence[Collaborator]:
        """Return all accounts with a role in the repository, those of teams too, by login."""
        what, path = f"collaborators of {self._api.repository}", self._api.here("/collaborators")
        listed = [Fields(data, what) for data in self._api.pages(path, what=what, access=_METADATA, affiliation="all")]
        found = [Collaborator(actor_of(each, self._host), _role(each)) for each in listed]
        return sorted(found, key=lambda each: each.actor.login.lower())

    def branch_rules(self, ref: str) -> RefRules:
        """Return how a branch is guarded, by its full ref; it may not be there yet."""
        return self._rules.of_branch(ref)

    def tag_rules(self, pattern: str) -> RefRules:
        """Return how the tags of a pattern such as `refs/tags/v*` are guarded."""
        return self._rules.of_tags(pattern)

    def settings(self) -> ProjectSettings:
        """Return the repository's switches; most are shown to its administrators only."""
        return Switches(self._api).read(self.project())

    def schedules(self) -> Sequence[Schedule]:
        """Return all workflows of the default branch with their state: which have a cron, their files say."""
        return Switches(self._api).workflows(self.project().default_ref)

    def variables(self) -> Sequence[Variable]:
        """Return none: at GitHub a job names the variables that it takes."""
        return ()

    def inherited_variables(self) -> Sequence[Variable]:
        """Return none: at GitHub a job names the variables that it takes."""
        return ()

    def access_tokens(self) -> Sequence[AccessToken]:
        """Return none: GitHub's repositories have no tokens of their own."""
        return ()

    def clock(self) -> datetime:
        """Return the time that GitHub's answers carry."""
        what = "GitHub's time"
        return date_of(self._api.read("/rate_limit", what=what, access=_METADATA), what)


def _fork_of(shown: Fields) -> str | None:
    if not shown.flag("fork"):
        return None
    return shown.inner("parent").text("full_name") if shown.has("parent") else ""


def _highest(flags: Fields) -> Permission:
    granted = (permission for name, permission in _FLAGS.items() if flags.has(name) and flags.flag(name))
    return next(granted, Permission.NONE)


def _role(shown: Fields) -> Permission:
    """Return what a collaborator may do; a custom role has a name of its own, the flags tell what it is based on."""
    role = shown.text("role_name")
    return _ROLES[role] if role in _ROLES else _highest(shown.inner("permissions"))
