"""GitLab's calls about jobs and pipelines, after lib/api/entities/ci of its source. Nothing runs by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.ci import inputs as ci_inputs
from counterseal_sandbox.forge.gitlab.call import Routes
from counterseal_sandbox.forge.gitlab.json import PAGES, when
from counterseal_sandbox.forge.jobs import DEFAULT_CONFIG
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.repository import AskedRun
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.gitlab.call import Call
    from counterseal_sandbox.forge.repository import JobRecord

ROUTES = Routes()
_PROJECT = "/projects/:id"


@ROUTES(f"GET {_PROJECT}/jobs/:job_id", public=True)
def _get_job(call: Call) -> Response:
    record = call.project.jobs.get(int(call.path["job_id"]) if call.path["job_id"].isdecimal() else 0)
    if record is None:
        raise Refused("404 Not Found", 404)
    return json_response(_job(call, record))


@ROUTES(f"GET {_PROJECT}/pipelines/:pipeline_id/jobs", public=True)
def _pipeline_jobs(call: Call) -> Response:
    number, retried = call.path["pipeline_id"], call.request.query.get("include_retried", "").lower() == "true"
    jobs = [job for job in call.project.jobs.values() if str(job.pipeline) == number]
    newest = {job.name: job.id for job in jobs}
    kept = [job for job in jobs if retried or newest[job.name] == job.id]
    return call.page(kept[::-1], lambda job: _job(call, job))


@ROUTES(f"POST {_PROJECT}/pipeline", least=Role.WRITE)
def _start(call: Call) -> Response:
    (branch,), project, given = call.needed("ref"), call.project, call.parameters().get("inputs") or {}
    if (tip := project.branch(branch)) is None:
        raise Refused("Reference not found", 400, {"base": ["Reference not found"]})
    found = project.git.file(tip, DEFAULT_CONFIG)
    if found is None:
        raise Refused("Missing CI config file", 400, {"base": ["Missing CI config file"]})
    if not isinstance(given, dict):
        raise Refused("inputs is invalid", 400)
    inputs, number = ci_inputs.of_pipeline(found[2], given), next(call.forge.pipeline_ids)
    ref = f"refs/heads/{branch}"
    asked = AskedRun(number, DEFAULT_CONFIG, ref, tip, call.actor.id, inputs, project.now(), "created")
    project.asked[number] = asked
    return json_response(_pipeline(call, asked), 201)


@ROUTES(f"GET {_PROJECT}/pipelines/:pipeline_id", public=True)
def _get_pipeline(call: Call) -> Response:
    asked = call.project.asked.get(call.number("pipeline_id"))
    if asked is None:
        raise Refused("404 Not found", 404)
    return json_response(_pipeline(call, asked))


def _pipeline(call: Call, asked: AskedRun) -> dict[str, Any]:
    """Return a pipeline that somebody asked for, as `entities/ci/pipeline.rb` shows it."""
    moment, page = when(asked.at), f"{PAGES}/{call.project.full_name}"
    return {
        "id": asked.id,
        "iid": asked.id,
        "project_id": call.project.id,
        "sha": asked.revision,
        "ref": asked.ref.removeprefix("refs/heads/"),
        "status": asked.status,
        "source": "api",
        "created_at": moment,
        "updated_at": moment,
        "web_url": f"{page}/-/pipelines/{asked.id}",
        "name": None,
        "before_sha": "0" * 40,
        "tag": False,
        "yaml_errors": None,
        "user": call.shapes.user_by_id(asked.account),
        "started_at": None,
        "finished_at": None,
        "committed_at": None,
        "duration": None,
        "queued_duration": None,
        "coverage": None,
        "archived": False,
    }


def _job(call: Call, record: JobRecord) -> dict[str, Any]:
    project, moment = call.project, when(record.at)
    page = f"{PAGES}/{project.full_name}"
    pipeline = {
        "id": record.pipeline,
        "iid": record.pipeline,
        "project_id": project.id,
        "sha": record.revision,
        "ref": record.ref,
        "status": "running",
        "source": record.source,
        "created_at": moment,
        "updated_at": moment,
        "web_url": f"{page}/-/pipelines/{record.pipeline}",
    }
    return {
        "id": record.id,
        "status": "running",
        "stage": "test",
        "name": record.name,
        "ref": record.ref,
        "tag": record.tag,
        "coverage": None,
        "allow_failure": False,
        "created_at": moment,
        "started_at": moment,
        "finished_at": None,
        "erased_at": None,
        "duration": None,
        "queued_duration": 0.1,
        "user": call.shapes.user_by_id(record.account),
        "commit": call.shapes.commit(project, record.revision),
        "pipeline": pipeline,
        "web_url": f"{page}/-/jobs/{record.id}",
        "project": {"ci_job_token_scope_enabled": False},
        "artifacts": [],
        "runner": None,
        "artifacts_expire_at": None,
        "archived": False,
        "tag_list": [],
    }
