"""GitLab as a `ProjectSurvey`: how a project is set up, as the holder of a token sees it. It only reads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import READ, REVIEWS
from counterseal.adapters.gitlab.api import GitLabApi
from counterseal.adapters.gitlab.people import People, level_of, permission_of
from counterseal.adapters.gitlab.settings import home
from counterseal.adapters.gitlab.survey.ci import PipelineSettings
from counterseal.adapters.gitlab.survey.protection import Protection
from counterseal.adapters.http.answers import date_of
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.errors import ServiceError
from counterseal.model import Actor, ActorKind, Collaborator, Permission, Project, Repository, Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from counterseal.adapters.gitlab.access import GitLabTokens
    from counterseal.model import AccessToken, ProjectSettings, RefRules, Schedule, Variable

_BRANCH: Final = "refs/heads/"
_VISIBILITY: Final = {visibility.value: visibility for visibility in Visibility}
#: Of how many members that may write GitLab is asked what kind of account it is; the kind of others stays open.
_MAX_KINDS: Final = 100


class GitLabSurvey:
    """Implements `ProjectSurvey`.

    Args:
        name: `group/project`.
        tokens: A person's token; those of a job see little of this.
        host: The forge host that ids belong to, such as `gitlab.com`.
        api_url: Base of the API, such as `https://gitlab.com/api/v4`.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        name: str,
        tokens: GitLabTokens,
        *,
        host: str,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitLabApi(name, tokens, api_url=api_url, timeout=timeout, pause=pause)
        self._host = host
        self._people = People(self._api, host)
        self._protection = Protection(self._api)
        self._page: Fields | None = None

    def _home(self) -> Fields:
        if self._page is None:
            self._page = home(self._api)
        return self._page

    def project(self) -> Project:
        """Return the project as its own page shows it."""
        shown = self._home()
        name = shown.text("path_with_namespace")
        if shown.is_null("default_branch"):
            raise ServiceError(
                f"project {name} has no branch yet", why="nothing was pushed to it", fix="push a first commit"
            )
        return Project(
            repository=Repository(self._host, shown.number("id"), name),
            visibility=shown.one_of("visibility", _VISIBILITY),
            default_ref=_BRANCH + shown.text("default_branch"),
            fork_of=_fork_of(shown),
            archived=shown.flag("archived"),
            page=f"https://{self._host}/{name}",
            own=_own(shown),
        )

    def collaborators(self) -> Sequence[Collaborator]:
        """Return all members, those of the groups above and of invited groups too, by login."""
        what, path = f"members of {self._api.project}", self._api.here("/members/all")
        best: dict[int, Collaborator] = {}
        for data in self._api.pages(path, what=what, access=REVIEWS):
            shown = Fields(data, what)
            if (actor := self._people.basic(shown)) is None:
                continue
            permission = permission_of(shown)
            if actor.id not in best or best[actor.id].permission < permission:
                best[actor.id] = Collaborator(actor, permission)
        return [self._with_kind(each, place) for place, each in enumerate(sorted(best.values(), key=_by_right))]

    def _with_kind(self, member: Collaborator, place: int) -> Collaborator:
        """Return a member whose kind was looked up, if they may write."""
        actor = member.actor
        if member.permission >= Permission.WRITE and place < _MAX_KINDS:
            return Collaborator(self._people.with_kind(actor), member.permission)
        return Collaborator(Actor(actor.host, actor.id, actor.login, ActorKind.OTHER), member.permission)

    def branch_rules(self, ref: str) -> RefRules:
        """Return how a branch is guarded, by its full ref; it may not be there yet."""
        return self._protection.of_branch(ref)

    def tag_rules(self, pattern: str) -> RefRules:
        """Return how the tags of a pattern such as `refs/tags/v*` are guarded."""
        return self._protection.of_tags(pattern)

    def settings(self) -> ProjectSettings:
        """Return the project's switches."""
        return PipelineSettings(self._api).switches(self._home())

    def schedules(self) -> Sequence[Schedule]:
        """Return the pipeline schedules, whatever they run on."""
        return PipelineSettings(self._api).schedules(self._people)

    def variables(self) -> Sequence[Variable]:
        """Return the project's variables."""
        return PipelineSettings(self._api).variables()

    def inherited_variables(self) -> Sequence[Variable]:
        """Return the variables of the groups that the project is in."""
        return PipelineSettings(self._api).inherited(self._home())

    def access_tokens(self) -> Sequence[AccessToken]:
        """Return the project's tokens, and the one of this environment that reads approvals, if there is one."""
        return PipelineSettings(self._api).access_tokens()

    def clock(self) -> datetime:
        """Return the time that GitLab's answers carry."""
        what = "GitLab's time"
        return date_of(self._api.read(self._api.here(""), what=what, access=READ), what)


def _by_right(member: Collaborator) -> tuple[int, str]:
    return (-member.permission, member.actor.login.lower())


def _fork_of(shown: Fields) -> str | None:
    name = "forked_from_project"
    return shown.inner(name).text("path_with_namespace") if shown.has(name) else None


def _own(shown: Fields) -> Permission:
    """Return what the holder of the token may do; who is no member may read what they were shown."""
    if not shown.has("permissions"):
        return Permission.READ
    of = shown.inner("permissions")
    places = [of.inner(name) for name in ("project_access", "group_access") if of.has(name)]
    return max((level_of(place) for place in places), default=Permission.READ)
