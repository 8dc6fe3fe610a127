"""The switches of a repository of GitHub's, and the state of its workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.http.answers import RefusedError
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.model import Permission, ProjectSettings, Schedule

if TYPE_CHECKING:
    from counterseal.adapters.github.api import GitHubApi
    from counterseal.model import Project

_ADMIN: Final = "administration: read"
_ACTIVE: Final = "active"
#: Who may start workflows of change requests from forks without approval: here, everybody who is not new to GitHub.
_ANYBODY: Final = "first_time_contributors_new_to_github"
_POLICIES: Final = {_ANYBODY: True, "first_time_contributors": False, "all_external_contributors": False}
_MOST: Final = 100


class Switches:
    """The settings pages of one repository."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api

    def read(self, project: Project) -> ProjectSettings:
        """Return the switches, each None if this token is not shown it."""
        if project.own is not Permission.ADMIN:
            return ProjectSettings()
        token = self._shown("what a workflow's token may do", "/actions/permissions/workflow")
        forks = self._shown("approval of forks' workflows", "/actions/permissions/fork-pr-contributor-approval")
        return ProjectSettings(
            immutable_releases=self._immutable(),
            actions_may_approve=None if token is None else token.flag("can_approve_pull_request_reviews"),
            forks_run_here=None if forks is None else forks.one_of("approval_policy", _POLICIES),
        )

    def _shown(self, what: str, path: str) -> Fields | None:
        try:
            data: Any = self._api.find(self._api.here(path), what=what, access=_ADMIN)
        except RefusedError as error:
            if error.status != 403:
                raise
            return None
        return None if data is None else Fields(data, what)

    def _immutable(self) -> bool | None:
        """Return whether releases are immutable; to an administrator, "Not Found" says that they are not."""
        what = "immutable releases"
        try:
            data = self._api.find(self._api.here("/immutable-releases"), what=what, access=_ADMIN)
        except RefusedError as error:
            if error.status != 403:
                raise
            return None
        return data is not None and Fields(data, what).flag("enabled")

    def workflows(self, ref: str) -> list[Schedule]:
        """Return the workflows of the default branch."""
        what, found = f"workflows of {self._api.repository}", []
        for page in range(1, _MOST):
            query = {"per_page": "100", "page": str(page)}
            shown = Fields(
                self._api.get(self._api.here("/actions/workflows"), what=what, access="actions: read", **query), what
            )
            listed = [Fields(data, what) for data in shown.items("workflows")]
            found += [
                Schedule(each.text("path"), ref, each.text("state") == _ACTIVE, each.text("state")) for each in listed
            ]
            if len(found) >= shown.number("total_count"):
                return found
            if not listed:
                break
        raise ServiceError(f"{what}: {len(found)} were listed", why="a page is missing", fix="run again")
