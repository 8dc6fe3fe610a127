"""The run of GitHub Actions that we are in, from its OIDC token (port `Environment`).

The token's issuer says where forge, API and git are, by the table in `forges.py`; nothing else in the environment
chooses a host (R35).
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.adapters.http import oidc
from counterseal.adapters.http.client import get
from counterseal.adapters.http.oidc import AUDIENCE, MAX_TOKEN, WHAT
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.errors import CountersealError, FormatError, ServiceError, UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import names, wire
from counterseal.model import Actor, ActorKind, Repository, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.adapters.http.transport import Answer
    from counterseal.forges import ForgeHost

_URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
_TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 - the name of a variable
_LOOPBACK: Final = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}/")


class GitHubEnvironment:
    """Implements `Environment` for GitHub Actions.

    Args:
        environ: The process's environment.
        audience: Whom its token is for.
        timeout: Seconds for one answer of the token service.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        audience: str = AUDIENCE,
        *,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._environ = environ
        self._audience = audience
        self._timeout = timeout
        self._pause = pause

    def token(self) -> str:
        """Return a fresh OIDC token for the audience.

        Raises:
            UsageError: The job has no permission to get one; the message shows the YAML to paste.
            ServiceError: GitHub did not give one.
        """
        url, secret = self._environ.get(_URL), self._environ.get(_TOKEN)
        if not url or not secret:
            raise UsageError(
                "this process has no CI identity to sign with",
                why=f"{_URL} and {_TOKEN} are not set: the job lacks the permission `id-token: write`, a pull request "
                "of a fork started it (it never gets one), or this is not a GitHub Actions job",
                fix="give the job in the workflow file\n\n    permissions:\n      id-token: write\n",
            )
        if not url.startswith("https://") and not _is_loopback(url):
            raise UsageError(
                f"{_URL} is not https", why="a token must not travel in the clear", fix="do not set it yourself"
            )
        # asking again changes nothing
        headers, query = {"Authorization": f"bearer {secret}"}, {"audience": self._audience}
        return _token_in(get(url, what=WHAT, headers=headers, query=query, seconds=self._timeout, pause=self._pause))

    def run(self) -> Run:
        """Return the run as its token tells it.

        Raises:
            UsageError: As `token`; or the token's issuer is not known.
            ServiceError: As `token`; or a claim is missing or not what it should be.
        """
        token = self.token()
        try:
            claims = oidc.decode(token)
            host = forges.forge_host(oidc.text(claims, "iss"))
            _check_place(self._environ[_URL], host)
            return self._run(claims, host)
        except FormatError as error:
            raise ServiceError(
                error.what,
                why=error.why or "the token service answered something else than its documentation says",
                fix="run the job again; if it fails again, report this: counterseal does not guess claims",
            ) from error

    def _run(self, claims: Mapping[str, Any], host: ForgeHost) -> Run:
        name = oidc.text(claims, "repository", names.GITHUB_REPOSITORY)
        run_id, attempt = oidc.number(claims, "run_id"), oidc.number(claims, "run_attempt")
        login = oidc.text(claims, "actor")
        # No claim says what kind of account it is; apps have this ending and people cannot.
        kind = ActorKind.BOT if login.endswith("[bot]") else ActorKind.USER
        return Run(
            issuer=host.issuer,
            sandbox=host.sandbox,
            repository=Repository(host.host, oidc.number(claims, "repository_id"), name),
            ref=oidc.text(claims, "ref"),
            ref_protected=oidc.protected(claims),
            revision=oidc.revision(claims, "sha"),
            event=oidc.text(claims, "event_name"),
            signer_ref=oidc.text(claims, "job_workflow_ref"),
            signer_digest=oidc.revision(claims, "job_workflow_sha"),
            config_ref=oidc.text(claims, "workflow_ref"),
            config_digest=oidc.revision(claims, "workflow_sha"),
            runner_environment=oidc.text(claims, "runner_environment"),
            run_id=run_id,
            attempt=attempt,
            actor=Actor(host.host, oidc.number(claims, "actor_id"), login, kind),
            # Display only: no claim has it.
            triggering_login=self._environ.get("GITHUB_TRIGGERING_ACTOR") or login,
            url=f"https://{host.host}/{name}/actions/runs/{run_id}/attempts/{attempt}",
            visibility=oidc.text(claims, "repository_visibility") if "repository_visibility" in claims else None,
        )


def _is_loopback(url: str) -> bool:
    return _LOOPBACK.match(url) is not None


def _check_place(url: str, host: ForgeHost) -> None:
    """Refuse a token whose issuer and origin do not belong together: real over https, a sandbox's from that sandbox."""
    elsewhere = not url.startswith(host.origin + "/") if host.sandbox else _is_loopback(url)
    if host.kind is not ForgeKind.GITHUB or elsewhere:
        raise FormatError(f"{WHAT}: {host.issuer!r} cannot have issued it", why=f"{_URL} is at another place")


def _token_in(answer: Answer) -> str:
    """Return the token that the runner's token service gives."""
    if answer.status != 200:
        raise _refused(f"HTTP {answer.status}: {answer.body[:200].decode(errors='replace')!r}")
    try:
        data = wire.load_json(answer.body, "the answer", max_bytes=MAX_TOKEN)
    except FormatError as error:
        raise _refused(str(error)) from error
    value = data.get("value") if isinstance(data, dict) else None
    if not isinstance(value, str):
        raise _refused("the answer has no token")
    return value


def _refused(why: str) -> CountersealError:
    return ServiceError(f"{WHAT} could not be obtained", why=why, fix="run the job again")
