"""The OIDC issuer of the sandbox in the shape of GitLab: its jobs find their token in the environment.

Source: docs.gitlab.com "OpenID Connect (OIDC) Authentication Using ID Tokens", token payload; the discovery document of
gitlab.com.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.sandbox.http import HttpError
from counterseal.sandbox.identity import Issuer

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "/gitlab"
VARIABLE: Final = "SIGSTORE_ID_TOKEN"
#: What `id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}` asks for.
AUDIENCE: Final = "sigstore"

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
OPTIONAL_CLAIMS: Final = ("environment", "environment_protected", "deployment_tier", "user_email", "user_access_level")


class GitLabIssuer(Issuer):
    """An OIDC issuer at `<server url>/gitlab`."""

    prefix = PREFIX
    key_path = "/oauth/discovery/keys"
    hands_out_tokens = False
    claims = (*REQUIRED_CLAIMS, *OPTIONAL_CLAIMS)

    def job_token(self, claims: Mapping[str, str | int]) -> str:
        """Return the ID token of a job for Sigstore.

        Args:
            claims: Each of `REQUIRED_CLAIMS`, and of `OPTIONAL_CLAIMS` what the job has.

        Raises:
            HttpError: A claim is missing or unknown (422).
        """
        if missing := [name for name in REQUIRED_CLAIMS if name not in claims]:
            raise HttpError(422, f"a job needs the claim {missing[0]!r}")
        if unknown := sorted(set(claims) - set(self.claims)):
            raise HttpError(422, f"GitLab's tokens have no claim {unknown[0]!r}")
        return self.token(claims, AUDIENCE)
