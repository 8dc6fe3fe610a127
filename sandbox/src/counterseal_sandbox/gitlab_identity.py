"""The OIDC issuer of the sandbox in the shape of GitLab: its jobs find their token in the environment.

Sources: docs.gitlab.com "OpenID Connect (OIDC) Authentication Using ID Tokens", token payload; GitLab's
lib/gitlab/ci/jwt.rb and jwt_v2.rb; the discovery document of gitlab.com.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal_sandbox.http import HttpError
from counterseal_sandbox.identity import Issuer

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "/gitlab"
VARIABLE: Final = "SIGSTORE_ID_TOKEN"
#: What `id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}` asks for.
AUDIENCE: Final = "sigstore"
#: A token lives as long as its job may take: an hour, unless the project says otherwise.
JOB_SECONDS: Final = 3600

#: What a job's token says; every value is a string, as GitLab sends it (but `runner_id`, a number).
REQUIRED_CLAIMS: Final = (
    "ci_config_ref_uri",
    "ci_config_sha",
    "job_id",
    "namespace_id",
    "namespace_path",
    "pipeline_id",
    "pipeline_source",
    "project_id",
    "project_path",
    "project_visibility",
    "ref",
    "ref_path",
    "ref_protected",
    "ref_type",
    "runner_environment",
    "runner_id",
    "sha",
    "sub",
    "user_id",
    "user_login",
)
OPTIONAL_CLAIMS: Final = (
    "deployment_tier",
    "environment",
    "environment_action",
    "environment_protected",
    "groups_direct",
    "job_namespace_id",
    "job_namespace_path",
    "job_project_id",
    "job_project_path",
    "user_access_level",
    "user_email",
    "user_identities",
)


class GitLabIssuer(Issuer):
    """An OIDC issuer at `<server url>/gitlab`."""

    prefix = PREFIX
    key_path = "/oauth/discovery/keys"
    hands_out_tokens = False
    claims = (*REQUIRED_CLAIMS, *OPTIONAL_CLAIMS)

    def job_token(self, claims: Mapping[str, str | int], audience: str = AUDIENCE) -> str:
        """Return the ID token of a job.

        Args:
            audience: Whom it is for; Sigstore unless the job says otherwise.
            claims: Each of `REQUIRED_CLAIMS`, and of `OPTIONAL_CLAIMS` what the job has.

        Raises:
            HttpError: A claim is missing or unknown, or not a string where GitLab sends one (422).
        """
        if missing := [name for name in REQUIRED_CLAIMS if name not in claims]:
            raise HttpError(422, f"a job needs the claim {missing[0]!r}")
        if unknown := sorted(set(claims) - set(self.claims)):
            raise HttpError(422, f"GitLab's tokens have no claim {unknown[0]!r}")
        for name, value in claims.items():
            if not isinstance(value, int if name == "runner_id" else str):
                raise HttpError(422, f"the claim {name!r} is not a {'number' if name == 'runner_id' else 'string'}")
        return self.token(claims, audience, seconds=JOB_SECONDS)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/oauth/authorize",
            "token_endpoint": f"{self.url}/oauth/token",
            "revocation_endpoint": f"{self.url}/oauth/revoke",
            "introspection_endpoint": f"{self.url}/oauth/introspect",
            "userinfo_endpoint": f"{self.url}/oauth/userinfo",
            "jwks_uri": self.url + self.key_path,
            "scopes_supported": ["openid", "profile", "email"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claim_types_supported": ["normal"],
            "claims_supported": sorted({"aud", "exp", "iat", "iss", "jti", "nbf", *self.claims}),
        }
