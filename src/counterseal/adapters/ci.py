"""The CI run that we are in, from its OIDC token (port `Environment`); GitHub Actions now.

The claims are decoded, not verified: Fulcio verifies the token before it puts them into a certificate, and whoever
reads our signatures reads the certificate. Here they say where to look, and that is why the one table of issuers
stands here: issuer → forge host → API → git. Nothing else in the environment chooses a host (R35).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from counterseal import digests, wire
from counterseal.errors import CountersealError, FormatError, ServiceError, UsageError
from counterseal.model import Actor, ActorKind, Repository, Run

if TYPE_CHECKING:
    from collections.abc import Mapping

AUDIENCE: Final = "sigstore"

_URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
_TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 - the name of a variable
_SECONDS: Final = 20.0
_MAX_ANSWER: Final = 64 << 10
_SANDBOX: Final = re.compile(r"(http://127\.0\.0\.1:[0-9]{1,5})/github\Z")
_LOOPBACK: Final = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}/")
_NUMBER: Final = re.compile(r"[0-9]{1,19}\Z")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+\Z")
_WHAT: Final = "the identity token of this run"


@dataclass(frozen=True, slots=True)
class ForgeHost:
    """Where a run's forge is: the host that ids belong to, and the bases of API and git (no slash at the end)."""

    issuer: str
    host: str
    api: str
    git: str
    sandbox: bool


_TABLE: Final = {
    each.issuer: each
    for each in (
        ForgeHost(
            "https://token.actions.githubusercontent.com",
            "github.com",
            "https://api.github.com",
            "https://github.com",
            sandbox=False,
        ),
    )
}


def forge_host(issuer: str) -> ForgeHost:
    """Return the forge whose CI has this OIDC issuer: a row of the table, or the sandbox on loopback.

    Raises:
        UsageError: Nobody that we know.
    """
    if (known := _TABLE.get(issuer)) is not None:
        return known
    if (found := _SANDBOX.match(issuer)) is not None:
        origin = found.group(1)
        return ForgeHost(issuer, "github.com", f"{origin}/github/api", f"{origin}/github/git", sandbox=True)
    raise UsageError(
        f"the OIDC issuer {issuer!r} is not known",
        why=f"runs are recognised by {', '.join(_TABLE)} and by a sandbox on 127.0.0.1",
        fix="run this in GitHub Actions on github.com",
    )


def sandbox_origin(issuer: str) -> str:
    """Return the URL below which all services of the sandbox with this issuer are.

    Raises:
        UsageError: It is not the issuer of a sandbox.
    """
    found = _SANDBOX.match(issuer)
    if found is None:
        raise UsageError(
            f"{issuer!r} is not the issuer of a sandbox", why="a sandbox is at http://127.0.0.1:PORT/github"
        )
    return found.group(1)


class GitHubEnvironment:
    """Implements `Environment` for GitHub Actions.

    Args:
        environ: The process's environment.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def token(self) -> str:
        """Return a fresh OIDC token for the audience `sigstore`.

        Raises:
            UsageError: The job has no permission to get one; the message shows the YAML to paste.
            ServiceError: GitHub did not give one.
        """
        url, secret = self._environ.get(_URL), self._environ.get(_TOKEN)
        if not url or not secret:
            raise UsageError(
                "this process has no CI identity to sign with",
                why=f"{_URL} and {_TOKEN} are not set: the job lacks the permission `id-token: write`, a pull request "
                "of a fork started it (it never gets one), or this is no GitHub Actions job",
                fix="give the job in the workflow file\n\n    permissions:\n      id-token: write\n",
            )
        if not url.startswith("https://") and not _is_loopback(url):
            raise UsageError(
                f"{_URL} is not https", why="a token must not travel in the clear", fix="do not set it yourself"
            )
        return _ask(url, secret)

    def run(self) -> Run:
        """Return the run as its token tells it.

        Raises:
            UsageError: As `token`; or the token's issuer is not known.
            ServiceError: As `token`; or a claim is missing or not what it should be.
        """
        token = self.token()
        try:
            claims = _claims(token)
            host = forge_host(_text(claims, "iss"))
            _check_place(self._environ[_URL], host)
            return self._run(claims, host)
        except FormatError as error:
            raise ServiceError(
                error.what,
                why=error.why or "the token service answered something else than its documentation says",
                fix="run the job again; if it stays so, report this: counterseal does not guess claims",
            ) from error

    def _run(self, claims: Mapping[str, Any], host: ForgeHost) -> Run:
        name = _text(claims, "repository", _NAME)
        run_id, attempt = _number(claims, "run_id"), _number(claims, "run_attempt")
        login = _text(claims, "actor")
        # No claim says what kind of account it is; apps have this ending and people cannot.
        kind = ActorKind.BOT if login.endswith("[bot]") else ActorKind.USER
        protected = _text(claims, "ref_protected")
        if protected not in {"true", "false"}:
            raise FormatError(f"{_WHAT}: the claim 'ref_protected' is {protected!r}, neither true nor false")
        return Run(
            issuer=host.issuer,
            sandbox=host.sandbox,
            repository=Repository(host.host, _number(claims, "repository_id"), name),
            ref=_text(claims, "ref"),
            ref_protected=protected == "true",
            revision=_revision(claims, "sha"),
            event=_text(claims, "event_name"),
            signer_ref=_text(claims, "job_workflow_ref"),
            signer_digest=_revision(claims, "job_workflow_sha"),
            config_ref=_text(claims, "workflow_ref"),
            config_digest=_revision(claims, "workflow_sha"),
            runner_environment=_text(claims, "runner_environment"),
            run_id=run_id,
            attempt=attempt,
            actor=Actor(host.host, _number(claims, "actor_id"), login, kind),
            # Display only: no claim has it.
            triggering_login=self._environ.get("GITHUB_TRIGGERING_ACTOR") or login,
            url=f"https://{host.host}/{name}/actions/runs/{run_id}/attempts/{attempt}",
            visibility=_text(claims, "repository_visibility") if "repository_visibility" in claims else None,
        )


def _is_loopback(url: str) -> bool:
    return _LOOPBACK.match(url) is not None


def _check_place(url: str, host: ForgeHost) -> None:
    """Refuse a token whose issuer and origin do not belong together: real over https, a sandbox's from that sandbox."""
    if _is_loopback(url) if not host.sandbox else not url.startswith(sandbox_origin(host.issuer) + "/"):
        raise FormatError(f"{_WHAT}: {host.issuer!r} cannot have issued it", why=f"{_URL} is at another place")


def _ask(url: str, secret: str) -> str:
    """Return the token that the runner's token service gives for our audience."""
    try:
        with requests.Session() as session:
            # Asking again changes nothing, so every failure of the moment may be retried.
            retry = Retry(3, status_forcelist=(429, 500, 502, 503, 504), backoff_factor=0.2, backoff_jitter=0.2)
            retry.respect_retry_after_header = False
            session.mount("https://", HTTPAdapter(max_retries=retry))
            session.mount("http://", HTTPAdapter(max_retries=retry))
            session.trust_env = not _is_loopback(url)
            session.auth = _Bearer(secret)
            with session.get(
                url, params={"audience": AUDIENCE}, timeout=_SECONDS, allow_redirects=False, stream=True
            ) as answer:
                body = answer.raw.read(_MAX_ANSWER + 1, decode_content=True)
                if answer.status_code != 200:
                    raise _refused(f"HTTP {answer.status_code}: {body[:200].decode(errors='replace')!r}")
        data = wire.load_json(body, "the answer", max_bytes=_MAX_ANSWER)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _refused(type(error).__name__) from error
    except FormatError as error:
        raise _refused(str(error)) from error
    value = data.get("value") if isinstance(data, dict) else None
    if not isinstance(value, str):
        raise _refused("the answer has no token")
    return value


class _Bearer(requests.auth.AuthBase):
    """The runner's own token; as `auth`, so that ~/.netrc cannot replace it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"bearer {self._secret}"
        return request


def _refused(why: str) -> CountersealError:
    return ServiceError(f"{_WHAT} could not be had", why=why, fix="run the job again")


def _claims(token: str) -> Mapping[str, Any]:
    """Return the claims of a JWT (RFC 7519), unverified."""
    parts = token.split(".")
    try:
        payload = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
    except (IndexError, ValueError) as error:
        raise FormatError(f"{_WHAT}: not a JWT") from error
    claims = wire.load_json(payload, _WHAT, max_bytes=_MAX_ANSWER)
    if not isinstance(claims, dict):
        raise FormatError(f"{_WHAT}: the claims are no object")
    return claims


def _text(claims: Mapping[str, Any], name: str, form: re.Pattern[str] | None = None) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value.isprintable() or not value or (form and not form.match(value)):
        raise FormatError(f"{_WHAT}: the claim {name!r} is {'missing' if value is None else 'malformed'}")
    return value


def _number(claims: Mapping[str, Any], name: str) -> int:
    return int(_text(claims, name, _NUMBER))


def _revision(claims: Mapping[str, Any], name: str) -> str:
    value = _text(claims, name)
    if not digests.is_revision(value):
        raise FormatError(f"{_WHAT}: the claim {name!r} is no full revision")
    return value
