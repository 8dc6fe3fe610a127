"""GitLab's REST API (and GraphQL) through python-gitlab: one project, up to three tokens, strict JSON, all pages.

python-gitlab brings authentication and encoding; statuses are judged here, since its errors lose the headers that tell
how long to wait, and its objects show a missing field as an AttributeError. Reads are repeated, writes never: whoever
writes looks first. Redirects are not followed: `requests` would carry GitLab's token headers to the other host.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import gitlab
import requests
from gitlab._backends.requests_backend import RequestsBackend, RequestsResponse

from counterseal import __version__
from counterseal.adapters.gitlab.access import ENDED, REVIEWS, VARIABLES
from counterseal.adapters.http import answers
from counterseal.adapters.http.answers import RefusedError
from counterseal.adapters.http.client import Answer, bound, is_protected, lower, patiently
from counterseal.errors import FormatError, ServiceError, UsageError
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import TypeVar

    from counterseal.adapters.gitlab.access import Access, GitLabTokens

    T = TypeVar("T")

_FORGE: Final = "GitLab"
_BASE: Final = "/api/v4"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")


class _Received(RequestsResponse):
    @property
    def status_code(self) -> int:
        """Return success, whatever it was: see the module's docstring."""
        return 200


class _Backend(RequestsBackend):
    def http_request(self, *args: Any, **kwargs: Any) -> RequestsResponse:
        """Send one request and follow nothing."""
        return _Received(super().http_request(*args, allow_redirects=False, **kwargs).response)


class GitLabApi:
    """Calls about one project.

    Args:
        project: `group/project`, with any number of subgroups.
        tokens: They are in no message.
        api_url: Base of the API, such as `https://gitlab.com/api/v4`.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

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
                f"{project[:100]!r} is no project",
                why="a name has a group and at least one slash",
                fix="name it like group/project",
            )
        for token in tokens.all:
            answers.check_token(token, _FORGE)
        if not is_protected(api_url):
            raise UsageError(
                f"{api_url}: a token goes over https only", why="plain http is for this machine only", fix="use https"
            )
        self.project = project
        self.url = api_url.rstrip("/")
        if not self.url.endswith(_BASE):
            raise UsageError(
                f"{api_url} is no base of GitLab's API", why=f"it ends in {_BASE}", fix="use CI_API_V4_URL"
            )
        self.timeout = timeout
        self.pause = pause
        self._tokens = tokens
        self._clients: dict[tuple[str, bool], gitlab.Gitlab] = {}

    def here(self, path: str) -> str:
        """Return the path of something in the project."""
        return f"/projects/{part(self.project)}{path}"

    # --- who speaks --------------------------------------------------------------------------

    def may(self, access: Access) -> bool:
        """Return whether there is a token for such calls."""
        return any(self._tokens.of(kind) for kind in access.kinds)

    def _kind(self, what: str, access: Access) -> str:
        """Return which token makes a call."""
        for kind in access.kinds:
            if self._tokens.of(kind):
                return kind
        wanted = " or ".join(VARIABLES[kind] for kind in access.kinds)
        raise ServiceError(f"{what}: no token that may", why=f"{wanted} is not set", fix=access.fix)

    def authorization(self, what: str, access: Access) -> dict[str, str]:
        """Return the header that carries the token of a call, for requests to GitLab's own host."""
        kind = self._kind(what, access)
        return {"JOB-TOKEN" if kind == "job" else "PRIVATE-TOKEN": self._tokens.of(kind) or ""}

    def _client(self, kind: str, seconds: float, *, bearer: bool = False) -> gitlab.Gitlab:
        session = requests.Session()
        bound(session, self.url, seconds)
        token = self._tokens.of(kind)
        return gitlab.Gitlab(
            self.url.removesuffix(_BASE),
            oauth_token=token if bearer else None,
            job_token=token if kind == "job" else None,
            private_token=token if kind != "job" and not bearer else None,
            timeout=seconds,
            user_agent=f"counterseal/{__version__}",
            session=session,
            backend=_Backend,
        )

    def _send(self, kind: str, method: str, path: str, query: Mapping[str, str], body: Any = None) -> Answer:
        """Return the answer to one request; a whole URL is GraphQL's, which takes the token as a bearer."""
        bearer = path.startswith("http")
        if (kind, bearer) not in self._clients:
            self._clients[kind, bearer] = self._client(kind, self.timeout, bearer=bearer)
        return _ask(self._clients[kind, bearer], method, path, query_data=dict(query), post_data=body)

    # --- reading -----------------------------------------------------------------------------

    def get(self, path: str, *, what: str, access: Access, **query: str) -> Any:
        """Return the JSON at `path`.

        Args:
            path: Below the API's base.
            what: What is asked for, for messages.
            access: Who may.
            **query: Parameters.

        Raises:
            ServiceError: It is not to be had.
        """
        return self.json(self.read(path, what=what, access=access, **query), what, access)

    def find(self, path: str, *, what: str, access: Access, **query: str) -> Any | None:
        """Return the JSON at `path`, or None if there is nothing."""
        answer = self.read(path, what=what, access=access, **query)
        return None if answer.status == 404 else self.json(answer, what, access)

    def read(self, path: str, *, what: str, access: Access, **query: str) -> Answer:
        """Return the answer to a GET, after as many tries as are due."""
        kind = self._kind(what, access)
        return patiently(what, lambda: self._send(kind, "get", path, query), pause=self.pause)

    def pages(self, path: str, *, what: str, access: Access, **query: str) -> Iterator[Any]:
        """Yield the items of a list, page by page.

        Raises:
            ServiceError: A page is not to be had or missing, is no list, or there is no end of pages.
        """
        wanted: Mapping[str, str] = {"per_page": "100", **query}
        count, full = 0, True
        for _ in range(answers.MAX_PAGES):
            answer = self.read(path, what=what, access=access, **wanted)
            items = answers.load_list(self.json(answer, what, access), what, _FORGE)
            count, full = count + len(items), full and bool(items)
            yield from items
            following = answers.next_page(answer, self.url, what)
            if following is None:
                _check_complete(answer, count, what)
                return
            path, wanted = following, {}
        raise answers.endless(what, full=full)

    def graphql(self, query: str, variables: Mapping[str, Any], *, what: str) -> Any:
        """Return the `data` that answers a query; any error in the answer is one here (R01)."""
        kind = self._kind(what, REVIEWS)
        url = f"{self.url.removesuffix(_BASE)}/api/graphql"
        sent = {"query": query, "variables": dict(variables)}
        answer = patiently(what, lambda: self._send(kind, "post", url, {}, sent), pause=self.pause)
        data = self.json(answer, what, REVIEWS)
        if not isinstance(data, dict) or data.get("errors") or "data" not in data:
            told = answers.one_line(self._words(data), *self._tokens.all)
            raise ServiceError(f"{what}: {_FORGE}'s answer cannot be used", why=told, fix="run again")
        return data["data"]

    # --- writing -----------------------------------------------------------------------------

    def write(self, method: str, path: str, body: Any, *, what: str, access: Access) -> Any:
        """Return the JSON that answers a write, which is sent once.

        Raises:
            UncertainError: It is not known whether it was done.
            RefusedError: GitLab refused.
            ServiceError: Anything else.
        """
        kind = self._kind(what, access)
        answer = answers.write_once(what, lambda: self._send(kind, method, path, {}, body), self.message)
        return None if answer.status == 204 else self.json(answer, what, access)

    def upload(self, path: str, file: Path, *, what: str, access: Access, **query: str) -> Any:
        """Return the JSON that answers an upload (PUT), which is sent once.

        Raises:
            UncertainError: It is not known whether it was done.
            RefusedError: GitLab refused.
            ServiceError: Anything else.
        """
        kind, seconds = self._kind(what, access), self.timeout + file.stat().st_size / 1e5

        def send() -> Answer:
            with file.open("rb") as stream, self._client(kind, seconds) as client:
                return _ask(client, "put", path, query_data=dict(query), post_data=stream, raw=True)

        return self.json(answers.write_once(what, send, self.message), what, access)

    def ensure(self, what: str, look: Callable[[], T | None], write: Callable[[], None]) -> T:
        """Return what `look` finds, written by `write` if it was not there (see `answers.ensure`)."""
        return answers.ensure(what, look, write, forge=_FORGE, pause=self.pause)

    # --- refusals ----------------------------------------------------------------------------

    def json(self, answer: Answer, what: str, access: Access) -> Any:
        """Return the JSON of a successful answer; any other is the error that explains it."""
        if answer.status not in (200, 201):
            raise self.refusal(answer, what, access)
        return answers.load(answer, what, _FORGE)

    def message(self, answer: Answer) -> str:
        """Return what GitLab says in a refusal, as one line without our tokens."""
        try:
            data = wire.load_json(answer.body, "answer")
        except FormatError:
            data = {}
        return answers.one_line(self._words(data), *self._tokens.all)

    def _words(self, data: Any) -> str:
        """Return the text of a refusal, which GitLab puts into one of several places, as text or as a structure."""
        if not isinstance(data, dict):
            return ""
        found = [data[name] for name in ("message", "error", "error_description", "errors") if data.get(name)]
        return "; ".join(each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in found)

    def refusal(self, answer: Answer, what: str, access: Access) -> ServiceError:
        """Return the error that explains a status which is not success."""
        kind = self._kind(what, access)
        fixes = {
            401: f"{ENDED[kind]}; or {access.fix}",
            403: access.fix,
            404: f"check the name; a token that may not see it is told the same, so {access.fix}",
            429: "wait for GitLab's rate limit, then run again",
            501: "this sandbox does not know the call",
        }
        fix = fixes.get(answer.status, "see GitLab's message")
        if 300 <= answer.status < 400:
            fix = "the project was moved or renamed: use its path of today"
        elif answer.status >= 500 and answer.status != 501:
            fix = "see https://status.gitlab.com, then run again"
        return RefusedError(f"{what}: GitLab refused {VARIABLES[kind]}", answer.status, self.message(answer), fix=fix)


def _ask(client: gitlab.Gitlab, method: str, path: str, **more: Any) -> Answer:
    response = client.http_request(
        method, path, obey_rate_limit=False, retry_transient_errors=False, max_retries=0, **more
    )
    return Answer(response.status_code, lower(response.headers), response.content)


def part(text: str) -> str:
    """Return `text` as one part of a path; slashes are escaped."""
    return quote(text, safe="")


def _check_complete(answer: Answer, count: int, what: str) -> None:
    """Refuse a list whose last page says that there is more (R01); what became longer meanwhile is complete."""
    total, following = answer.headers.get("x-total", ""), answer.headers.get("x-next-page", "")
    if following or (total.isdigit() and int(total) > count):
        raise ServiceError(
            f"{what}: {count} of {total or 'more'} were listed",
            why="a page is missing, or the list changed while it was read",
            fix="run again",
        )
