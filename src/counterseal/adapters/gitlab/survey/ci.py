"""The CI/CD settings of a project of GitLab: switches, schedules, variables (without their values), tokens."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import MAINTAINER, OWNER, REVIEWS, VARIABLES, Access
from counterseal.adapters.gitlab.api import part
from counterseal.adapters.gitlab.people import level_of, permission_of
from counterseal.adapters.http.answers import RefusedError
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.model import AccessToken, Permission, ProjectSettings, Schedule, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.gitlab.api import GitLabApi
    from counterseal.adapters.gitlab.people import People
    from counterseal.model import Actor

_BRANCH: Final = "refs/heads/"
_REFS: Final = "refs/"
_PROJECT: Final = "project"
#: The token that reads approvals in jobs, asked about itself.
_API: Final = Access(("api",), "make a new project access token, and save it in COUNTERSEAL_GITLAB_TOKEN")


class PipelineSettings:
    """The CI/CD settings of one project."""

    def __init__(self, api: GitLabApi) -> None:
        self._api = api

    def switches(self, home: Fields) -> ProjectSettings:
        """Return the switches that the project's own page shows, each None if this token is not shown it."""
        push, forks, variables = (
            "ci_push_repository_for_job_token_allowed",
            "ci_allow_fork_pipelines_to_run_in_parent_project",
            "ci_pipeline_variables_minimum_override_role",
        )
        return ProjectSettings(
            job_token_may_push=home.flag(push) if home.has(push) else None,
            forks_run_here=home.flag(forks) if home.has(forks) else None,
            pipeline_variables=home.text(variables) if home.has(variables) else None,
        )

    def schedules(self, people: People) -> list[Schedule]:
        """Return the pipeline schedules with what their owners may do."""
        what, path = f"pipeline schedules of {self._api.project}", self._api.here("/pipeline_schedules")
        listed = [Fields(data, what) for data in self._api.pages(path, what=what, access=REVIEWS)]
        return [self._schedule(each, people) for each in listed]

    def _schedule(self, shown: Fields, people: People) -> Schedule:
        ref, active = shown.text("ref"), shown.flag("active")
        owner = None if shown.is_null("owner") else people.basic(shown.inner("owner"))
        return Schedule(
            file="",
            ref=ref if ref.startswith(_REFS) else _BRANCH + ref,
            active=active,
            state="active" if active else "inactive",
            owner=owner,
            owner_permission=None if owner is None else self._as_a_member(owner),
        )

    def _as_a_member(self, owner: Actor) -> Permission:
        """Return what an account may do as a member; who is none any more may start nothing."""
        what = f"permission of {owner.login}"
        data = self._api.find(self._api.here(f"/members/all/{owner.id}"), what=what, access=REVIEWS)
        return Permission.NONE if data is None else permission_of(Fields(data, what))

    # --- variables ---------------------------------------------------------------------------

    def variables(self) -> list[Variable]:
        """Return the project's variables."""
        what = f"variables of {self._api.project}"
        return list(self._variables(self._api.here("/variables"), what, _PROJECT, MAINTAINER))

    def inherited(self, home: Fields) -> list[Variable]:
        """Return the variables of all groups above the project; a person's own namespace has none."""
        namespace = home.inner("namespace")
        if namespace.text("kind") != "group":
            return []
        parts = namespace.text("full_path").split("/")
        groups = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        return [
            variable
            for group in groups
            for variable in self._variables(f"/groups/{part(group)}/variables", f"variables of {group}", group, OWNER)
        ]

    def _variables(self, path: str, what: str, place: str, access: Access) -> Iterator[Variable]:
        for data in self._api.pages(path, what=what, access=access):
            shown = Fields(data, what)
            yield Variable(shown.text("key"), place, shown.flag("protected"), shown.flag("masked"))

    # --- tokens ------------------------------------------------------------------------------

    def access_tokens(self) -> list[AccessToken]:
        """Return the project's tokens, before them the one of this environment that reads approvals."""
        found = self._own_token()
        what, path = f"access tokens of {self._api.project}", self._api.here("/access_tokens")
        for data in self._api.pages(path, what=what, access=MAINTAINER):
            shown = Fields(data, what)
            found.append(_token(shown, shown.text("name"), level_of(shown)))
        return found

    def _own_token(self) -> list[AccessToken]:
        """Return the token of this environment that reads approvals, if there is one and it may look at itself."""
        if not self._api.may(_API):
            return []
        what = VARIABLES["api"]
        try:
            shown = Fields(self._api.get("/personal_access_tokens/self", what=what, access=_API), what)
        except RefusedError as error:
            if error.status != 403:
                raise
            return []
        return [_token(shown, what, Permission.NONE)]


def _token(shown: Fields, name: str, permission: Permission) -> AccessToken:
    scopes = tuple(str(scope) for scope in shown.items("scopes"))
    ends = None if shown.is_null("expires_at") else _day(shown)
    return AccessToken(name, scopes, permission, shown.flag("active") and not shown.flag("revoked"), ends)


def _day(shown: Fields) -> datetime:
    """Return the first moment of the day on which a token ends, by UTC."""
    text = shown.text("expires_at")
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time(), UTC)
    except ValueError as error:
        raise ServiceError(f"{shown.what}: {text[:40]!r} is no day", fix="run again") from error
