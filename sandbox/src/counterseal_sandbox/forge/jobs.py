"""Jobs of GitLab CI: the claims of their ID token, the tokens they get, the variables they see.

Claims and variables have the names and forms that GitLab gives them.
Sources: docs.gitlab.com "Predefined CI/CD variables reference" and "OpenID Connect (OIDC) Authentication Using ID
Tokens", the deployment tiers of "Environments".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from counterseal_sandbox.forge.accounts import Account
from counterseal_sandbox.forge.change import Change
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.repository import HostedRepository, JobRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal_sandbox.forge.model import Forge

HOST: Final = "gitlab.com"
DEFAULT_CONFIG: Final = ".gitlab-ci.yml"
#: What `id_tokens:` asks for in a job that signs.
_FOR_SIGSTORE: Final = {"SIGSTORE_ID_TOKEN": "sigstore"}
_MERGE_REQUEST: Final = "merge_request_event"
_HEAD: Final = re.compile(r"refs/merge-requests/([0-9]{1,9})/head\Z")
#: From the start of an environment's name, as GitLab guesses its tier.
_TIERS: Final = {
    "development": r"dev|review|trunk",
    "testing": r"test|tst|int|ac(ce|)pt|qa|qc|control|quality",
    "staging": r"st(a|)g|mod(e|)l|pre|demo|non",
    "production": r"pr(o|)d|live",
}


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What a job is to be; beside the job's own token it has `id_tokens` (variable → audience) and `api_token`.

    `manual` is that somebody has to play it; a job of the same `name` and pipeline as one before is that one, retried.
    """

    project: str
    ref: str
    source: str
    actor: str
    config_file: str = DEFAULT_CONFIG
    environment: str | None = None
    runner_environment: str = "gitlab-hosted"
    id_tokens: dict[str, str] = field(default_factory=lambda: dict(_FOR_SIGSTORE))
    api_token: bool = False
    job_id: int | None = None
    pipeline_id: int | None = None
    name: str | None = None
    manual: bool = False

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> JobOrder:
        """Return the order that a control call gives."""
        return cls(
            project=body["project"],
            ref=body["ref"],
            source=body["source"],
            actor=body["actor"],
            config_file=body.get("configFile") or DEFAULT_CONFIG,
            environment=body.get("environment"),
            runner_environment=body.get("runnerEnvironment") or "gitlab-hosted",
            id_tokens=_id_tokens(body.get("idToken", True)),
            api_token=bool(body.get("apiToken")),
            job_id=int(body["jobId"]) if body.get("jobId") else None,
            pipeline_id=int(body["pipelineId"]) if body.get("pipelineId") else None,
            name=body.get("name"),
            manual=bool(body.get("manual")),
        )


def _id_tokens(asked: object) -> dict[str, str]:
    """Return variable → audience: as `id_tokens:` has them, or for true that of a job that signs."""
    if isinstance(asked, dict):
        return {str(name): str(audience) for name, audience in asked.items()}
    return dict(_FOR_SIGSTORE) if asked else {}


@dataclass(frozen=True, slots=True)
class _Job:
    """A job that has started: `ref` is short, `kind` branch or tag; `merge_request` is what its pipeline is for."""

    id: str
    pipeline: str
    repository: HostedRepository
    ref: str
    kind: str
    revision: str
    actor: Account
    merge_request: Change | None

    @property
    def ref_path(self) -> str:
        """Return the full ref."""
        return f"refs/{'tags' if self.kind == 'tag' else 'heads'}/{self.ref}"

    @property
    def ref_protected(self) -> str:
        """Return whether the ref is protected, as GitLab writes it."""
        return "true" if self.repository.is_protected(self.ref_path) else "false"


class Jobs:
    """Starts jobs.

    Args:
        forge: The model.
        id_token: Returns the ID token for claims and an audience; the OIDC issuer's part.
        server: The URL of GitLab (`CI_SERVER_URL`).
        api: The base of its API.
        site: Where git and pages of projects are.
    """

    def __init__(
        self, forge: Forge, id_token: Callable[[Mapping[str, str | int], str], str], *, server: str, api: str, site: str
    ) -> None:
        self._forge = forge
        self._id_token = id_token
        self._server = server
        self._api = api
        self._site = site
        self._ids = count(8_000_001)
        self._revisions: dict[tuple[int, str, str], str] = {}

    def start(self, order: JobOrder) -> dict[str, str]:
        """Return the environment variables of a new job."""
        job = self._job(order)
        variables = {**self._variables(order, job), **_ref_variables(job)}
        variables["CI_JOB_TOKEN"] = self._forge.job_token(job.repository, job.actor)
        claims = self._claims(order, job)
        variables |= {name: self._id_token(claims, audience) for name, audience in order.id_tokens.items()}
        if order.api_token:
            variables["COUNTERSEAL_GITLAB_TOKEN"] = self._forge.project_token(job.repository)
        return variables

    def _job(self, order: JobOrder) -> _Job:
        repository, actor = self._forge.gitlab_project(order.project), self._forge.account(order.actor)
        merge_request = None
        if order.source == _MERGE_REQUEST:
            merge_request = _merge_request(repository, order.ref)
            ref, kind, revision = merge_request.head_branch, "branch", merge_request.head
        else:
            ref, kind, revision = _resolved(repository, order.ref)
        pipeline = str(order.pipeline_id or next(self._forge.pipeline_ids))
        revision = self._revisions.setdefault(
            (repository.id, pipeline, order.ref), revision
        )  # a job that is retried keeps its commit
        number = str(order.job_id or next(self._ids))
        repository.jobs[int(number)] = JobRecord(
            int(number),
            order.name or f"job-{number}",
            int(pipeline),
            order.source,
            actor.id,
            ref,
            kind == "tag",
            revision,
            order.manual,
            repository.now(),
        )
        return _Job(number, pipeline, repository, ref, kind, revision, actor, merge_request)

    def _claims(self, order: JobOrder, job: _Job) -> dict[str, str | int]:
        # Of a merge request from a fork, the token speaks for the fork.
        source = job.repository
        if job.merge_request:
            source = self._forge.by_id(job.merge_request.head_repository) or source
        claims: dict[str, str | int] = {
            "sub": f"project_path:{source.full_name}:ref_type:{job.kind}:ref:{job.ref}",
            **self._project(source),
            **{f"job_{name}": value for name, value in self._project(job.repository).items()},
            "project_visibility": "private" if job.repository.private else "public",
            "user_id": str(job.actor.id),
            "user_login": job.actor.login,
            **({"user_email": min(job.actor.emails)} if job.actor.emails else {}),
            **({"user_access_level": role} if (role := job.repository.gitlab_role(job.actor)) else {}),
            "pipeline_id": job.pipeline,
            "pipeline_source": order.source,
            "job_id": job.id,
            "ref": job.ref,
            "ref_type": job.kind,
            "ref_path": job.ref_path,
            "ref_protected": job.ref_protected,
            "runner_id": 1,
            "runner_environment": order.runner_environment,
            "sha": job.revision,
            "ci_config_ref_uri": f"{HOST}/{source.full_name}//{order.config_file}@{job.ref_path}",
            "ci_config_sha": job.revision,
        }
        return claims | _environment_claims(order.environment)

    def _project(self, repository: HostedRepository) -> dict[str, str]:
        return {
            "namespace_id": str(self._forge.namespace(repository)),
            "namespace_path": repository.namespace,
            "project_id": str(repository.id),
            "project_path": repository.full_name,
        }

    def _variables(self, order: JobOrder, job: _Job) -> dict[str, str]:
        page = f"{self._site}/{job.repository.full_name}"
        return {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_SERVER_HOST": HOST,
            "CI_SERVER_URL": self._server,
            "CI_API_V4_URL": self._api,
            "CI_CONFIG_PATH": order.config_file,
            "CI_PROJECT_ID": str(job.repository.id),
            "CI_PROJECT_PATH": job.repository.full_name,
            "CI_PROJECT_NAMESPACE": job.repository.namespace,
            "CI_PROJECT_URL": page,
            "CI_PROJECT_VISIBILITY": "private" if job.repository.private else "public",
            "CI_REPOSITORY_URL": f"{page}.git",
            "CI_DEFAULT_BRANCH": job.repository.default_branch,
            "CI_PIPELINE_ID": job.pipeline,
            "CI_PIPELINE_SOURCE": order.source,
            "CI_JOB_ID": job.id,
            "CI_JOB_URL": f"{page}/-/jobs/{job.id}",
            "GITLAB_USER_ID": str(job.actor.id),
            "GITLAB_USER_LOGIN": job.actor.login,
            **({"CI_ENVIRONMENT_NAME": order.environment} if order.environment else {}),
        }


def _ref_variables(job: _Job) -> dict[str, str]:
    variables = {
        "CI_COMMIT_SHA": job.revision,
        "CI_COMMIT_REF_NAME": job.ref,
        "CI_COMMIT_REF_PROTECTED": job.ref_protected,
    }
    if job.merge_request is None:
        return {**variables, f"CI_COMMIT_{job.kind.upper()}": job.ref}
    return {
        **variables,
        "CI_MERGE_REQUEST_IID": str(job.merge_request.number),
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": job.merge_request.head_branch,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": job.merge_request.base_branch,
    }


def _resolved(repository: HostedRepository, ref: str) -> tuple[str, str, str]:
    """Return the short name, kind and commit of a full ref."""
    for start, kind in (("refs/heads/", "branch"), ("refs/tags/", "tag")):
        if ref.startswith(start) and (revision := repository.git.resolve(ref)) is not None:
            return ref.removeprefix(start), kind, revision
    raise Refused(f"{repository.full_name} has no ref {ref!r} (give it in full, like refs/heads/main)")


def _merge_request(repository: HostedRepository, ref: str) -> Change:
    """Return the open merge request whose pipeline a ref asks for: its head, or its branch in the project."""
    if match := _HEAD.match(ref):
        return repository.changes.get(int(match.group(1)))
    for change in repository.changes:
        if change.state == "open" and f"refs/heads/{change.head_branch}" == ref:
            return change
    raise Refused(f"{repository.full_name} has no open merge request from {ref!r} (or give refs/merge-requests/N/head)")


def _environment_claims(name: str | None) -> dict[str, str]:
    if not name:
        return {}
    tiers = (tier for tier, start in _TIERS.items() if re.match(start, name, re.IGNORECASE))
    return {
        "environment": name,
        "environment_protected": "false",
        "deployment_tier": next(tiers, "other"),
        "environment_action": "start",
    }
