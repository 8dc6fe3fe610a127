"""CI runs of the forge: the claims of their OIDC token, the token they get, the variables they see.

Claims and variables have the names and forms that GitHub Actions gives them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from counterseal.identifiers import GATE_WORKFLOW, REPOSITORY
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.repository import RunRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal_sandbox.forge.model import Forge
    from counterseal_sandbox.forge.repository import HostedRepository

_NAME = re.compile(rb"^name:[ \t]*(.+?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is to be; with `gate_revision` its job is counterseal's reusable gate at that revision."""

    repository: str
    workflow: str
    ref: str
    event: str
    actor: str
    triggering_actor: str
    attempt: int = 1
    run_id: int | None = None
    gate_revision: str | None = None
    permissions: Mapping[str, str] = field(default_factory=dict)
    runner_environment: str = "github-hosted"
    environment: str | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> RunOrder:
        """Return the order that a control call gives."""
        return cls(
            repository=body["repository"],
            workflow=body["workflow"],
            ref=body["ref"],
            event=body["event"],
            actor=body["actor"],
            triggering_actor=body.get("triggeringActor") or body["actor"],
            attempt=int(body.get("attempt") or 1),
            run_id=int(body["runId"]) if body.get("runId") else None,
            gate_revision=body.get("gateRevision"),
            permissions=dict(body.get("permissions") or {}),
            runner_environment=body.get("runnerEnvironment") or "github-hosted",
            environment=body.get("environment"),
        )


class Runs:
    """Starts runs. `start_identity(claims, may_sign=…)` is the OIDC issuer's part."""

    def __init__(self, forge: Forge, start_identity: Callable[..., Any], *, api: str, site: str) -> None:
        self._forge = forge
        self._start_identity = start_identity
        self._api = api
        self._site = site
        self._revisions: dict[tuple[int, str, str], str] = {}

    def start(self, order: RunOrder) -> dict[str, str]:
        """Return the environment variables of a new run."""
        repository = self._forge.repository(order.repository)
        revision = repository.git.resolve(order.ref) if order.ref.startswith("refs/") else None
        if revision is None:
            raise Refused(f"{order.repository} has no ref {order.ref!r} (give it in full, like refs/heads/main)")
        _check_permissions(order.permissions)
        run_id = str(order.run_id or next(self._forge.run_ids))
        if order.attempt > 1:  # a run that is started again is of the commit that it was of
            revision = self._revisions.get((repository.id, run_id, order.ref), revision)
        self._revisions[repository.id, run_id, order.ref] = revision
        shared = self._facts(order, repository, revision, run_id, str(next(self._forge.run_numbers)))
        self._remember(order, repository, shared)
        token = self._forge.run_token(
            repository, {name: level for name, level in order.permissions.items() if name != "id-token"}
        )
        may_sign = order.permissions.get("id-token") == "write"
        credentials = self._start_identity(_claims(order, repository, shared), may_sign=may_sign)
        variables = self._variables(order, shared)
        variables["GITHUB_TOKEN"] = token
        if credentials is not None:
            variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = credentials.request_url
            variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = credentials.request_token
        return variables

    def _remember(self, order: RunOrder, repository: HostedRepository, facts: Mapping[str, str]) -> None:
        actor, triggering = (self._forge.account(account).id for account in (order.actor, order.triggering_actor))
        run, number, now = int(facts["run_id"]), int(facts["run_number"]), repository.now()
        repository.runs[run, order.attempt] = RunRecord(
            run, order.attempt, number, order.event, actor, triggering, order.ref, facts["sha"], order.workflow, now
        )

    def _facts(
        self, order: RunOrder, repository: HostedRepository, revision: str, run_id: str, number: str
    ) -> dict[str, str]:
        """Return what claims and variables both tell, under the names of the claims."""
        actor = self._forge.account(order.actor)
        self._forge.account(order.triggering_actor)
        file = repository.git.file(revision, order.workflow)
        named = _NAME.search(file[2]) if file else None
        kind = "tag" if order.ref.startswith("refs/tags/") else "branch"
        return {
            "repository": repository.full_name,
            "repository_id": str(repository.id),
            "repository_owner": repository.owner.login,
            "repository_owner_id": str(repository.owner.id),
            "ref": order.ref,
            "ref_type": kind,
            "ref_protected": "true" if repository.is_protected(order.ref) else "false",
            "sha": revision,
            "event_name": order.event,
            "run_id": run_id,
            "run_number": number,
            "run_attempt": str(order.attempt),
            "workflow": named.group(1).decode().strip("\"'") if named else order.workflow,
            "workflow_ref": f"{repository.full_name}/{order.workflow}@{order.ref}",
            "workflow_sha": revision,
            "actor": actor.login,
            "actor_id": str(actor.id),
        }

    def _variables(self, order: RunOrder, facts: dict[str, str]) -> dict[str, str]:
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            **{f"GITHUB_{name.upper()}": value for name, value in facts.items()},
            "GITHUB_REF_NAME": facts["ref"].split("/", 2)[2],
            "GITHUB_TRIGGERING_ACTOR": order.triggering_actor,
            "GITHUB_SERVER_URL": self._site,
            "GITHUB_API_URL": self._api,
            "RUNNER_ENVIRONMENT": order.runner_environment,
        }


def _claims(order: RunOrder, repository: HostedRepository, facts: Mapping[str, str]) -> dict[str, str]:
    if order.gate_revision:
        job = {
            "job_workflow_ref": f"{REPOSITORY}/{GATE_WORKFLOW}@{order.gate_revision}",
            "job_workflow_sha": order.gate_revision,
        }
    else:
        job = {"job_workflow_ref": facts["workflow_ref"], "job_workflow_sha": facts["workflow_sha"]}
    place = f"environment:{order.environment}" if order.environment else f"ref:{order.ref}"
    if not order.environment and order.event == "pull_request":
        place = "pull_request"
    return {
        "sub": f"repo:{repository.full_name}:{place}",
        **facts,
        **job,
        "repository_visibility": "private" if repository.private else "public",
        "runner_environment": order.runner_environment,
        "head_ref": "",
        "base_ref": "",
        **({"environment": order.environment} if order.environment else {}),
    }


def _check_permissions(permissions: Mapping[str, str]) -> None:
    for name, level in permissions.items():
        if level not in ("read", "write", "none"):
            raise Refused(f"permissions: {name}: {level!r} is not read, write or none")
