"""GitLab's calls about jobs and pipelines, after lib/api/entities/ci of its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal_sandbox.forge.gitlab.call import Routes
from counterseal_sandbox.forge.gitlab.json import PAGES, when
from counterseal_sandbox.forge.refusal import Refused
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
