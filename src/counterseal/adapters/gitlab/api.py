"""GitLab's REST API (and GraphQL) through python-gitlab: one project, up to three tokens.

python-gitlab brings authentication and the making of requests. Its errors lose the headers that tell how long to wait,
its objects show a missing field as an AttributeError, its pages follow `rel=next` to any host, its session follows
redirects with the token: so answers are taken from our own line below it (`http/line.py`), and judged in
`http/calls.py`.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

import requests
from gitlab import Gitlab, GitlabAuthenticationError, GitlabHttpError

from counterseal import __version__
from counterseal.adapters.gitlab.access import ENDED, REVIEWS, VARIABLES, Access
from counterseal.adapters.http import answers
from counterseal.adapters.http.calls import Calls
from counterseal.adapters.http.line import Line
from counterseal.adapters.http.patience import patiently
from counterseal.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal.adapters.gitlab.access import GitLabTokens
    from counterseal.adapters.http.transport import Answer

_BASE: Final = "/api/v4"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")
#: What python-gitlab raises about a status that is not success, the last one about its JSON; we read both ourselves.
_NO_SUCCESS: Final = (GitlabHttpError, GitlabAuthenticationError, RecursionError)


class _Client:
    """python-gitlab with one token, on a line of ours."""

    def __init__(self, url: str, session: requests.Session, seconds: float, **token: Any) -> None:
        self._line = Line(session, url, seconds, ignoring=_NO_SUCCESS)
        self._gitlab = Gitlab(
            url.removesuffix(_BASE), timeout=seconds, user_agent=f"counterseal/{__version__}", session=session, **token
        )

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        """Return the answer to one request; `path` may be a whole URL of the same host."""
        return self._line.ask(
            lambda: self._gitlab.http_request(method, path, max_retries=0, obey_rate_limit=False, **more)
        )


class GitLabApi(Calls[Access]):
    """Calls about one project.

    Args:
        project: `group/project`, with any number of subgroups.
        tokens: They are in no message.
        api_url: Base of the API, such as `https://gitlab.com/api/v4`.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    forge: ClassVar = "GitLab"
    moved: ClassVar = "the project was moved or renamed: use its current path"
    status_page: ClassVar = "https://status.gitlab.com"

    def __init__(
        self,
        project: str,
        tokens: GitLabTokens,
        *,
        api_url: str,
        timeout: float,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        if not _NAME.fullmatch(project):
            raise UsageError(
                f"{project[:100]!r} is not a project",
                why="a name has a group and at least one slash",
                fix="name it like group/project",
            )
        super().__init__(api_url, tokens.all, timeout=timeout, pause=pause)
        if not self.url.endswith(_BASE):
            raise UsageError(
                f"{api_url} is not a base of GitLab's API", why=f"it ends in {_BASE}", fix="use CI_API_V4_URL"
            )
        self.project = project
        self._tokens = tokens
        self._clients: dict[tuple[str, bool], _Client] = {}

    def here(self, path: str) -> str:
        """Return the path of something in the project."""
        return f"/projects/{part(self.project)}{path}"

    # --- who speaks --------------------------------------------------------------------------

    def may(self, access: Access) -> bool:
        """Return whether there is a token for such calls."""
        return any(self._tokens.of(kind) for kind in access.kinds)

    def _speaker(self, what: str, access: Access) -> tuple[str, str]:
        """Return which kind of token makes a call, and the token."""
        for kind in access.kinds:
            if token := self._tokens.of(kind):
                return kind, token
        wanted = " or ".join(VARIABLES[kind] for kind in access.kinds)
        raise ServiceError(f"{what}: no token that may do this", why=f"{wanted} is not set", fix=access.fix)

    def authorization(self, what: str, access: Access) -> dict[str, str]:
        """Return the header that carries the token of a call, for requests to GitLab's own host."""
        kind, token = self._speaker(what, access)
        return {"JOB-TOKEN" if kind == "job" else "PRIVATE-TOKEN": token}

    def _client(
        self, session: requests.Session, kind: str, token: str, seconds: float, *, bearer: bool = False
    ) -> _Client:
        name = "oauth_token" if bearer else "job_token" if kind == "job" else "private_token"
        return _Client(self.url, session, seconds, **{name: token})

    def _send(self, what: str, access: Access, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
        """Return the answer to one request; a whole URL is GraphQL's, which takes the token as a bearer."""
        kind, token = self._speaker(what, access)
        bearer = path.startswith("http")
        if (kind, bearer) not in self._clients:
            self._clients[kind, bearer] = self._client(requests.Session(), kind, token, self.timeout, bearer=bearer)
        return self._clients[kind, bearer].ask(method, path, query_data=dict(query), post_data=body)

    # --- beside reading and writing ----------------------------------------------------------

    def graphql(self, query: str, variables: Mapping[str, Any], *, what: str) -> Any:
        """Return the `data` that answers a query; any error in the answer is one here (R01)."""
        url = f"{self.url.removesuffix(_BASE)}/api/graphql"
        sent = {"query": query, "variables": dict(variables)}
        answer = patiently(what, lambda: self._send(what, REVIEWS, "POST", url, {}, sent), pause=self.pause)
        data = self.json(answer, what, REVIEWS)
        if not isinstance(data, dict) or data.get("errors") or "data" not in data:
            told = answers.one_line(self._words(data), *self._tokens.all)
            raise ServiceError(f"{what}: GitLab's answer cannot be used", why=told, fix="run again")
        return data["data"]

    def upload(self, path: str, file: Path, *, what: str, access: Access, **query: str) -> Any:
        """Return the JSON that answers an upload (PUT), which is sent once.

        Raises:
            UncertainError: It is not known whether it was done.
            RefusedError: GitLab refused.
            ServiceError: Anything else.
        """
        seconds = self.timeout + file.stat().st_size / 1e5

        def send() -> Answer:
            with file.open("rb") as stream, requests.Session() as session:
                client = self._client(session, *self._speaker(what, access), seconds)
                return client.ask("PUT", path, query_data=dict(query), post_data=stream, raw=True)

        return self.json(self.written(send, what), what, access)

    # --- refusals ----------------------------------------------------------------------------

    def _words(self, data: Any) -> str:
        """Return the text of a refusal, which GitLab puts into one of several places, as text or as a structure."""
        if not isinstance(data, dict):
            return ""
        reasons = [data[name] for name in ("message", "error", "error_description", "errors") if data.get(name)]
        return "; ".join(
            reason if isinstance(reason, str) else json.dumps(reason, ensure_ascii=False) for reason in reasons
        )

    def refusal(self, answer: Answer, what: str, access: Access) -> ServiceError:
        """Return the error that explains a status which is not success."""
        kind, _ = self._speaker(what, access)
        fixes = {
            401: f"{ENDED[kind]}; or {access.fix}",
            403: access.fix,
            404: f"check the name; a token that may not see it is told the same, so {access.fix}",
        }
        return self._refused(f"{what}: GitLab refused {VARIABLES[kind]}", answer, fixes)


def part(text: str) -> str:
    """Return `text` as one part of a path; slashes are escaped."""
    return quote(text, safe="")
