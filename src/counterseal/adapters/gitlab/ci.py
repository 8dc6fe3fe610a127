"""The job of GitLab CI that we are in, from its ID token (port `Environment`).

GitLab puts the token into the job's environment (`id_tokens:`). Its issuer says where forge, API and git are, by the
table in `forges.py`; what the environment says of the API has to be the same (R35).
Source: docs.gitlab.com "OpenID Connect (OIDC) Authentication Using ID Tokens", token payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.adapters.http import oidc
from counterseal.adapters.http.oidc import AUDIENCE, REQUEST_AUDIENCE, WHAT
from counterseal.errors import FormatError, ServiceError, UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import names
from counterseal.model import Actor, Repository, Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.forges import ForgeHost

TOKEN_VARIABLE: Final = "SIGSTORE_ID_TOKEN"  # noqa: S105 - the name of a variable
#: The same for `request`, whose job has to be able to say who asks and nothing more: on the gate's ref every job with a
#: token for Sigstore is the gate.
REQUEST_VARIABLE: Final = "COUNTERSEAL_ID_TOKEN"
_VARIABLES: Final = {AUDIENCE: TOKEN_VARIABLE, REQUEST_AUDIENCE: REQUEST_VARIABLE}
_API: Final = "CI_API_V4_URL"
#: To any depth; `names.GITLAB_PROJECT`, for what we sign, allows 20 slashes.
_PROJECT: Final = names.Grammar(
    "project", "[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+", "group/project"
)
_REFS: Final = {"branch": "refs/heads/", "tag": "refs/tags/"}


class GitLabEnvironment:
    """Implements `Environment` for GitLab CI.

    Args:
        environ: The process's environment.
        audience: Whom its token is for.
    """

    def __init__(self, environ: Mapping[str, str], audience: str = AUDIENCE) -> None:
        self._environ = environ
        if environ.get(TOKEN_VARIABLE) and not environ.get(_VARIABLES[audience]):
            audience = AUDIENCE  # a job that may sign as itself says who it is by that
        self._audience, self._variable = audience, _VARIABLES[audience]

    def token(self) -> str:
        """Return the job's ID token for the audience; GitLab makes one at the start of the job.

        Raises:
            UsageError: The job has none; the message shows the YAML to paste.
        """
        token = self._environ.get(self._variable)
        if not token:
            use = "to sign with" if self._audience == AUDIENCE else "to say who asks"
            raise UsageError(
                f"this process has no CI identity {use}",
                why=f"{self._variable} is not set: the job asks for no ID token, or this is not a GitLab job",
                fix="give the job in the pipeline file\n\n    id_tokens:\n"
                f"      {self._variable}:\n        aud: {self._audience}\n",
            )
        return token

    def run(self) -> Run:
        """Return the job as its token tells it.

        Raises:
            UsageError: As `token`; the token's issuer is not known, its audience is not ours, or the environment names
                the API of somebody else.
            ServiceError: A claim is missing or not what it should be, or the issuer is no GitLab.
        """
        token = self.token()
        try:
            claims = oidc.decode(token)
            host = forges.forge_host(oidc.text(claims, "iss"))
            self._check_place(host)
            self._check_audience(claims)
            return self._run(claims, host)
        except FormatError as error:
            raise ServiceError(
                error.what,
                why=error.why or "GitLab's token says something else than its documentation",
                fix="run the job again; if it fails again, report this: counterseal does not guess claims",
            ) from error

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            takes = "Sigstore takes" if self._audience == AUDIENCE else "`request` takes"
            raise UsageError(
                f"{self._variable} is for the audience {audience!r}",
                why=f"{takes} tokens for {self._audience!r} only",
                fix=f"id_tokens: {{{self._variable}: {{aud: {self._audience}}}}}",
            )

    def _check_place(self, host: ForgeHost) -> None:
        if host.kind is not ForgeKind.GITLAB:
            raise FormatError(f"{WHAT}: {host.issuer!r} cannot have issued it", why="it is not GitLab")
        api = self._environ.get(_API)
        if api not in {None, host.api}:
            raise UsageError(
                f"the variable {_API} is not what GitLab sets",
                why=f"it is {api!r}, and the token of this job is from {host.issuer}, whose API is {host.api}",
                fix=f"remove {_API} from the variables of project, group and pipeline: those win over GitLab's own",
            )

    def _run(self, claims: Mapping[str, Any], host: ForgeHost) -> Run:
        name = oidc.text(claims, "project_path", _PROJECT)
        job, login = oidc.number(claims, "job_id"), oidc.text(claims, "user_login")
        kind = oidc.text(claims, "ref_type")
        if kind not in _REFS:
            raise FormatError(f"{WHAT}: the claim 'ref_type' is {kind!r}, neither branch nor tag")
        definition = oidc.text(claims, "ci_config_ref_uri")
        if not definition.startswith(f"{host.host}/"):
            raise FormatError(f"{WHAT}: the claim 'ci_config_ref_uri' is {definition!r}, not of {host.host}")
        definition = definition.removeprefix(f"{host.host}/")
        digest = oidc.revision(claims, "ci_config_sha")
        return Run(
            issuer=host.issuer,
            sandbox=host.sandbox,
            repository=Repository(host.host, oidc.number(claims, "project_id"), name),
            ref=_REFS[kind] + oidc.text(claims, "ref"),
            ref_protected=oidc.protected(claims),
            revision=oidc.revision(claims, "sha"),
            event=oidc.text(claims, "pipeline_source"),
            # GitLab has one definition, the pipeline file: included files are not named.
            signer_ref=definition,
            signer_digest=digest,
            config_ref=definition,
            config_digest=digest,
            runner_environment=oidc.text(claims, "runner_environment"),
            run_id=job,
            attempt=1,  # a retried job is a new job
            actor=Actor(host.host, oidc.number(claims, "user_id"), login),
            triggering_login=login,
            url=f"https://{host.host}/{name}{forges.DIALECTS[host.kind].runs}{job}",
            visibility=oidc.text(claims, "project_visibility") if "project_visibility" in claims else None,
            pipeline=oidc.number(claims, "pipeline_id"),
        )
