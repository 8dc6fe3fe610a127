"""GitHub's REST API through PyGithub: one repository, one token; strict JSON, all pages, refusals explained.

PyGithub brings authentication, API version and connections; answers are taken raw and read by `Fields`, since its
objects show a missing field as None. Reads are repeated, writes never: whoever writes looks first.
"""

from __future__ import annotations

import re
import time
from math import ceil
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from github import Auth, Github
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, RequestsResponse

from counterseal import __version__
from counterseal.adapters.http import answers
from counterseal.adapters.http.answers import RefusedError
from counterseal.adapters.http.client import Answer, bound, is_protected, lower, patiently
from counterseal.errors import FormatError, ServiceError, UsageError
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    import requests

    T = TypeVar("T")

API_VERSION: Final = "2022-11-28"

_FORGE: Final = "GitHub"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
#: How GitHub refuses a job's token what only a setting of the repository allows, whatever permissions the job has.
_MAY_NOT_OPEN: Final = "not permitted to create or approve pull requests"


class _Connection:
    """What PyGithub's connections get beside their own: bounds, and no behaviour of their own for two statuses."""

    timeout: Any
    session: requests.Session

    def getresponse(self) -> RequestsResponse:
        """Return the answer; PyGithub would ask again for ever on 202, and follow 301 wherever it leads."""
        response: RequestsResponse = super().getresponse()  # type: ignore[misc] # of the class beside this one
        response.status = {202: 503, 301: 308}.get(response.status, response.status)
        return response


class _Http(_Connection, HTTPRequestsConnectionClass):
    pass


class _Https(_Connection, HTTPSRequestsConnectionClass):
    pass


class GitHubApi:
    """Calls about one repository.

    Args:
        repository: `owner/name`.
        token: A token; it is in no message.
        api_url: Base of the API, such as `https://api.github.com`.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self, repository: str, token: str, *, api_url: str, timeout: float, pause: Callable[[float], None] = time.sleep
    ) -> None:
        if not _NAME.fullmatch(repository):
            raise UsageError(
                f"{repository[:100]!r} is no repository",
                why="a name has an owner and one slash",
                fix="name it like owner/name",
            )
        answers.check_token(token, _FORGE)
        if not is_protected(api_url):
            raise UsageError(
                f"{api_url}: a token goes over https only", why="plain http is for this machine only", fix="use https"
            )
        self.repository = repository
        self.url = api_url.rstrip("/")
        self.timeout = timeout
        self.pause = pause
        self._token = token
        client = Github(
            auth=Auth.Token(token),
            base_url=self.url,
            timeout=ceil(timeout),
            user_agent=f"counterseal/{__version__}",
            per_page=100,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
            api_version=API_VERSION,
        )
        self._requester = client.requester
        place = urlsplit(self.url)
        kind = _Https if place.scheme == "https" else _Http
        self._connection = kind(place.hostname or "", place.port)
        bound(self._connection.session, self.url, timeout)

    @property
    def authorization(self) -> dict[str, str]:
        """Return the header that carries the token, for requests to GitHub's own hosts."""
        return {"Authorization": f"Bearer {self._token}", "X-GitHub-Api-Version": API_VERSION}

    def here(self, path: str) -> str:
        """Return the path of something in the repository."""
        return f"/repos/{self.repository}{path}"

    # --- reading -----------------------------------------------------------------------------

    def get(self, path: str, *, what: str, needs: str, **query: str) -> Any:
        """Return the JSON at `path`.

        Args:
            path: Below the API's base.
            what: What is asked for, for messages.
            needs: The permission that a job's token needs for it, such as `contents: read`.
            **query: Parameters.

        Raises:
            ServiceError: It is not to be had.
        """
        return self.json(self._read(path, what, query), what, needs)

    def find(self, path: str, *, what: str, needs: str, **query: str) -> Any | None:
        """Return the JSON at `path`, or None if there is nothing."""
        answer = self._read(path, what, query)
        return None if answer.status == 404 else self.json(answer, what, needs)

    def pages(self, path: str, *, what: str, needs: str, **query: str) -> Iterator[Any]:
        """Yield the items of a list, page by page.

        Raises:
            ServiceError: A page is not to be had, is no list, or there is no end of pages.
        """
        wanted: Mapping[str, str] = {"per_page": "100", **query}
        full = True
        for _ in range(answers.MAX_PAGES):
            answer = self._read(path, what, wanted)
            items = answers.load_list(self.json(answer, what, needs), what, _FORGE)
            full = full and bool(items)
            yield from items
            following = answers.next_page(answer, self.url, what)
            if following is None:
                return
            path, wanted = following, {}
        raise answers.endless(what, full=full)

    def _read(self, path: str, what: str, query: Mapping[str, str]) -> Answer:
        return patiently(what, lambda: self._send("GET", path, query), pause=self.pause)

    def _send(self, method: str, path: str, query: Mapping[str, str], body: Any = None) -> Answer:
        status, headers, text = self._requester.requestJson(method, path, dict(query), input=body, cnx=self._connection)
        return Answer(status, lower(headers), text.encode())

    # --- writing -----------------------------------------------------------------------------

    def write(self, method: str, path: str, body: Any, *, what: str, needs: str) -> Any:
        """Return the JSON that answers a write, which is sent once.

        Raises:
            UncertainError: It is not known whether it was done.
            RefusedError: GitHub refused.
            ServiceError: Anything else.
        """
        answer = answers.write_once(what, lambda: self._send(method, path, {}, body), self.message)
        return None if answer.status == 204 else self.json(answer, what, needs)

    def ensure(self, what: str, look: Callable[[], T | None], write: Callable[[], None]) -> T:
        """Return what `look` finds, written by `write` if it was not there.

        After a write of which nobody knows whether it was done, it is looked for again before it is repeated.

        Raises:
            ServiceError: It is not there after three tries.
        """
        return answers.ensure(what, look, write, forge=_FORGE, pause=self.pause)

    # --- refusals ----------------------------------------------------------------------------

    def json(self, answer: Answer, what: str, needs: str) -> Any:
        """Return the JSON of a successful answer; any other is the error that explains it."""
        if answer.status not in (200, 201):
            raise self.refusal(answer, what, needs)
        return answers.load(answer, what, _FORGE)

    def message(self, answer: Answer) -> str:
        """Return what GitHub says in a refusal, as one line without our token."""
        try:
            data = wire.load_json(answer.body, "answer")
            text = data["message"] if isinstance(data, dict) and isinstance(data.get("message"), str) else ""
        except FormatError:
            text = ""
        return answers.one_line(text, self._token)

    def refusal(self, answer: Answer, what: str, needs: str) -> ServiceError:
        """Return the error that explains a status which is not success."""
        fixes = {
            401: "the token is wrong or has ended: a job's token ends with the job, so run it again",
            403: f"give the job in the workflow file, beside what it has\n\n{yaml_of(needs)}",
            404: f"check the name; a token without this permission sees nothing either:\n\n{yaml_of(needs)}",
            429: "wait for GitHub's rate limit, then run again",
            501: "this sandbox does not know the call",
        }
        fix, message = fixes.get(answer.status, "see GitHub's message"), self.message(answer)
        if 300 <= answer.status < 400:
            fix = "the repository has moved: use its name of today"
        elif answer.status >= 500 and answer.status != 501:
            fix = "see https://www.githubstatus.com, then run again"
        elif answer.status == 403 and _MAY_NOT_OPEN in message:
            fix = (
                "turn on in the repository: Settings → Actions → General → Workflow permissions → "
                '"Allow GitHub Actions to create and approve pull requests"; or open the request from your machine'
            )
        return RefusedError(f"{what}: GitHub refused", answer.status, message, fix=fix)


def yaml_of(needs: str) -> str:
    """Return the permissions of a job as YAML to paste; `needs` like `contents: read, pull-requests: read`."""
    lines = "".join(f"      {each.strip()}\n" for each in needs.split(","))
    return f"    permissions:\n{lines}"
