"""GitHub's REST API through PyGithub: one repository, one token.

PyGithub brings authentication, API version and the making of requests. Its objects show a missing field as None, it
follows a 301 with the token and without the query, waits on 202 for ever, and repeats writes: so answers are taken from
our own line below it (`http/line.py`), and judged in `http/calls.py`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from github import Auth, Github
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass

from counterseal import __version__
from counterseal.adapters.http.calls import Calls
from counterseal.adapters.http.line import Line
from counterseal.errors import ServiceError, UsageError
from counterseal.formats import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.adapters.http.transport import Answer

API_VERSION: Final = "2022-11-28"

#: How GitHub refuses a job's token what only a setting of the repository allows, whatever permissions the job has.
_MAY_NOT_OPEN: Final = "not permitted to create or approve pull requests"
#: What PyGithub raises about rate limit headers that are no numbers; we read those ourselves.
_NO_NUMBER: Final = (ValueError, OverflowError)


class GitHubApi(Calls[str]):
    """Calls about one repository; `access` is the permission that a job's token needs, such as `contents: read`.

    Args:
        repository: `owner/name`.
        token: A token; it is in no message.
        api_url: Base of the API, such as `https://api.github.com`.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    forge: ClassVar = "GitHub"
    moved: ClassVar = "the repository has moved: use its current name"
    status_page: ClassVar = "https://www.githubstatus.com"

    def __init__(
        self, repository: str, token: str, *, api_url: str, timeout: float, pause: Callable[[float], None] = time.sleep
    ) -> None:
        if not names.GITHUB_REPOSITORY.fits(repository):
            raise UsageError(
                f"{repository[:100]!r} is not a repository",
                why="a name has an owner and one slash",
                fix="name it like owner/name",
            )
        super().__init__(api_url, (token,), timeout=timeout, pause=pause)
        self.repository = repository
        self._token = token
        client = Github(
            auth=Auth.Token(token),
            base_url=self.url,
            user_agent=f"counterseal/{__version__}",
            seconds_between_requests=None,
            seconds_between_writes=None,
            api_version=API_VERSION,
        )
        self._requester = client.requester
        place = urlsplit(self.url)
        kind = HTTPSRequestsConnectionClass if place.scheme == "https" else HTTPRequestsConnectionClass
        self._connection = at = kind(place.hostname or "", place.port)
        self._line = Line(at.session, f"{at.protocol}://{at.host}:{at.port}", timeout, ignoring=_NO_NUMBER)

    @property
    def authorization(self) -> dict[str, str]:
        """Return the header that carries the token, for requests to GitHub's own hosts."""
        return {"Authorization": f"Bearer {self._token}", "X-GitHub-Api-Version": API_VERSION}

    def here(self, path: str) -> str:
        """Return the path of something in the repository."""
        return f"/repos/{self.repository}{path}"

    def _send(self, what: str, access: str, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:  # noqa: ARG002 - who may and what for is GitLab's question
        return self._line.ask(
            lambda: self._requester.requestJson(method, path, dict(query), input=body, cnx=self._connection)
        )

    # --- refusals ----------------------------------------------------------------------------

    def _words(self, data: Any) -> str:
        return data["message"] if isinstance(data, dict) and isinstance(data.get("message"), str) else ""

    def refusal(self, answer: Answer, what: str, access: str) -> ServiceError:
        """Return the error that explains a status which is not success."""
        fixes = {
            401: "the token is wrong or has ended: a job's token ends with the job, so run it again",
            403: f"give the job in the workflow file, beside what it has\n\n{yaml_of(access)}",
            404: f"check the name; a token without this permission sees nothing either:\n\n{yaml_of(access)}",
        }
        if _MAY_NOT_OPEN in self.message(answer):
            fixes[403] = (
                "turn on in the repository: Settings → Actions → General → Workflow permissions → "
                '"Allow GitHub Actions to create and approve pull requests"; or open the request from your machine'
            )
        return self._refused(f"{what}: GitHub refused", answer, fixes)


def yaml_of(needs: str) -> str:
    """Return the permissions of a job as YAML to paste; `needs` like `contents: read, pull-requests: read`."""
    lines = "".join(f"      {permission.strip()}\n" for permission in needs.split(","))
    return f"    permissions:\n{lines}"
