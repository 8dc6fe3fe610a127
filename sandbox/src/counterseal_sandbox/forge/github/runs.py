"""GitHub's calls about runs of Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.formats import wire
from counterseal_sandbox.forge.github.basics import PAGES, node
from counterseal_sandbox.forge.github.routes import Routes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.github.call import Call
    from counterseal_sandbox.forge.repository import RunRecord

ROUTES = Routes()
_REPOSITORY = "/repos/{owner}/{repo}"


@ROUTES(
    f"GET {_REPOSITORY}/actions/runs/{{run_id}}/attempts/{{attempt_number}}",
    "actions/get-workflow-run-attempt",
    "actions:read",
)
def _attempt(call: Call) -> Response:
    record = call.hosted.runs.get((call.number("run_id"), call.number("attempt_number")))
    if record is None:
        raise Refused("Not Found", 404)
    return json_response(_run(call, record))


def _run(call: Call, record: RunRecord) -> dict[str, Any]:
    shapes, hosted = call.shapes, call.hosted
    url, page = f"{shapes.repository_url(hosted)}/actions/runs/{record.id}", f"{PAGES}/{hosted.full_name}/actions"
    commit = hosted.git.commit(record.revision)
    person = {"name": commit.author.name, "email": commit.author.email}
    moment, repository = wire.timestamp(record.at), shapes.repository(hosted)
    below = ("jobs", "logs", "artifacts", "cancel", "rerun")
    return {
        "id": record.id,
        "name": record.workflow,
        "node_id": node("WorkflowRun", record.id),
        "head_branch": record.ref.split("/", 2)[2],
        "head_sha": record.revision,
        "path": record.workflow,
        "display_title": commit.message.splitlines()[0],
        "run_number": record.number,
        "run_attempt": record.attempt,
        "event": record.event,
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 1,
        "url": url,
        "html_url": f"{page}/runs/{record.id}",
        "pull_requests": [],
        "created_at": moment,
        "updated_at": moment,
        "run_started_at": moment,
        "actor": shapes.user_by_id(record.actor),
        "triggering_actor": shapes.user_by_id(record.triggering),
        **{f"{name}_url": f"{url}/{name}" for name in below},
        "check_suite_url": f"{shapes.repository_url(hosted)}/check-suites/{record.id}",
        "workflow_url": f"{shapes.repository_url(hosted)}/actions/workflows/1",
        "head_commit": {
            "id": record.revision,
            "tree_id": commit.tree,
            "message": commit.message,
            "timestamp": wire.timestamp(commit.author.at),
            "author": person,
            "committer": person,
        },
        "repository": repository,
        "head_repository": repository,
    }
