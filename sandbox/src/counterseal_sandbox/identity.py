"""The OIDC issuer of the sandbox, in the shape of GitHub Actions: who a run is, as a signed token.

It issues tokens for runs that were started through it and for nobody else. What a run may claim is the business
of whoever starts the run. GitLab's shape is in `gitlab_identity.py`.

Source: docs.github.com "OpenID Connect reference" and the issuer's discovery document.
"""

from __future__ import annotations

import base64
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import jwt

from counterseal_sandbox.http import HttpError, Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal_sandbox.keys import Keys

PREFIX: Final = "/github"
TOKEN_SECONDS: Final = 300

#: What a run has to claim: every value is a string, as GitHub sends it (numbers and booleans too).
REQUIRED_CLAIMS: Final = (
    "actor",
    "actor_id",
    "event_name",
    "job_workflow_ref",
    "job_workflow_sha",
    "ref",
    "ref_protected",
    "repository",
    "repository_id",
    "repository_owner_id",
    "repository_visibility",
    "run_attempt",
    "run_id",
    "runner_environment",
    "sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
)
#: What a run may claim beside that; what follows from other claims is filled in.
OPTIONAL_CLAIMS: Final = (
    "base_ref",
    "check_run_id",
    "environment",
    "head_ref",
    "ref_type",
    "repository_owner",
    "run_number",
    "sub",
)
_KEY_ID: Final = "counterseal-sandbox"


@dataclass(frozen=True, slots=True)
class RunCredentials:
    """What a run finds as ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN."""

    request_url: str
    request_token: str


class Issuer:
    """An OIDC issuer at `<server url>/github`.

    Args:
        server_url: Origin of the sandbox, without a path.
        keys: Its keys; `keys.oidc` signs the tokens (RS256, as GitHub does).
    """

    prefix = PREFIX
    key_path = "/.well-known/jwks"
    #: Whether runs ask for their token, as in GitHub; in GitLab it lies in their environment.
    hands_out_tokens = True
    claims: tuple[str, ...] = (*REQUIRED_CLAIMS, *OPTIONAL_CLAIMS)

    def __init__(self, server_url: str, keys: Keys) -> None:
        self.url = server_url + self.prefix
        self._keys = keys
        self._runs: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def start_run(self, claims: Mapping[str, str], *, may_sign: bool) -> RunCredentials | None:
        """Return what a new run gets to ask for its identity, or None for a run without `id-token: write`.

        Args:
            claims: Each of `REQUIRED_CLAIMS`, and of `OPTIONAL_CLAIMS` what the run has.
            may_sign: Whether the job has the permission `id-token: write`.

        Raises:
            HttpError: A claim is missing, unknown or not a string (422).
        """
        completed = _completed(claims)
        if not may_sign:
            return None
        request_token = secrets.token_urlsafe(32)
        with self._lock:
            self._runs[request_token] = completed
        return RunCredentials(f"{self.url}/token?api-version=2.0", request_token)

    def token(self, claims: Mapping[str, Any], audience: str, *, seconds: int = TOKEN_SECONDS) -> str:
        """Return a token with these claims, valid for `seconds` from now (negative: already expired)."""
        now = int(time.time())
        standard: dict[str, Any] = {
            "iss": self.url,
            "aud": audience,
            "iat": now + min(seconds, 0),
            "nbf": now - TOKEN_SECONDS,
            "exp": now + seconds,
            "jti": secrets.token_hex(16),
        }
        return jwt.encode({**claims, **standard}, self._keys.oidc, "RS256", headers={"kid": _KEY_ID})

    def handle(self, request: Request) -> Response:
        """Answer discovery, keys, and a run's question for its token."""
        match request.method, request.path:
            case "GET", "/.well-known/openid-configuration":
                return json_response(self._discovery())
            case "GET", self.key_path:
                return json_response({"keys": [self._public_key()]})
            case "GET", "/token" if self.hands_out_tokens:
                return json_response({"value": self._token_for(request)})
            case _:
                raise HttpError(501, f"the sandbox's issuer has no {request.method} {self.prefix}{request.path}")

    def _token_for(self, request: Request) -> str:
        scheme, _, request_token = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            claims = self._runs.get(request_token) if scheme.lower() == "bearer" else None
        if claims is None:
            raise HttpError(401, "no run of this sandbox has this request token")
        # Without an audience GitHub names the repository's owner.
        owner = f"https://github.com/{claims['repository_owner']}"
        return self.token(claims, request.query.get("audience") or owner)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "jwks_uri": self.url + self.key_path,
            # GitHub has no such endpoints; sigstore's and Go's OIDC clients want them named.
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "claims_supported": sorted({"aud", "exp", "iat", "iss", "jti", "nbf", *self.claims}),
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }

    def _public_key(self) -> dict[str, str]:
        numbers = self._keys.oidc.public_key().public_numbers()
        return {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": _KEY_ID,
            "n": _base64url(numbers.n),
            "e": _base64url(numbers.e),
        }


def _completed(claims: Mapping[str, str]) -> dict[str, str]:
    """Return all claims of a run: those given, and those that follow from them."""
    if missing := [name for name in REQUIRED_CLAIMS if name not in claims]:
        raise HttpError(422, f"a run needs the claim {missing[0]!r}")
    if unknown := sorted(set(claims) - {*REQUIRED_CLAIMS, *OPTIONAL_CLAIMS}):
        raise HttpError(422, f"GitHub's tokens have no claim {unknown[0]!r}")
    for name, value in claims.items():
        given: object = value
        if not isinstance(given, str):
            raise HttpError(422, f"the claim {name!r} is not a string")
    scope = f"environment:{claims['environment']}" if "environment" in claims else f"ref:{claims['ref']}"
    derived = {
        "base_ref": "",
        "head_ref": "",
        "ref_type": "tag" if claims["ref"].startswith("refs/tags/") else "branch",
        "repository_owner": claims["repository"].partition("/")[0],
        "run_number": claims["run_id"],
        "sub": f"repo:{claims['repository']}:{scope}",
    }
    return {**derived, **claims}


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
