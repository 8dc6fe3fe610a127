"""GitHub's calls about runs of Actions: what they were, and that somebody asks for one. Nothing runs by that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.formats import wire
from counterseal_sandbox.forge.ci import inputs as ci_inputs
from counterseal_sandbox.forge.github.basics import PAGES, node
from counterseal_sandbox.forge.github.routes import Routes
from counterseal_sandbox.forge.github.settings import workflow_files
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.forge.repository import AskedRun, RunRecord
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.github.call import Call

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


@ROUTES(f"GET {_REPOSITORY}/actions/runs/{{run_id}}", "actions/get-workflow-run", "actions:read")
def _newest(call: Call) -> Response:
    attempts = [record for (number, _), record in call.hosted.runs.items() if number == call.number("run_id")]
    if not attempts:
        raise Refused("Not Found", 404)
    return json_response(_run(call, max(attempts, key=lambda record: record.attempt)))


@ROUTES(
    f"POST {_REPOSITORY}/actions/workflows/{{workflow}}/dispatches",
    "actions/create-workflow-dispatch",
    "actions:write",
)
def _dispatch(call: Call) -> Response:
    hosted, body, file = call.hosted, call.body(), _file(call)
    branch = str(body.get("ref", "")).removeprefix("refs/heads/")
    if (tip := hosted.branch(branch)) is None:
        raise Refused(f"No ref found for: {branch}")
    if (found := hosted.git.file(tip, file)) is None:
        raise Refused("Not Found", 404)
    if hosted.settings.workflows.get(file, "active") != "active":
        raise Refused("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    given = body.get("inputs") or {}
    if not isinstance(given, dict):
        raise Refused("Invalid request.\n\nFor 'properties/inputs', it is not an object.")
    inputs, number, ref = ci_inputs.dispatched(found[2], given), next(call.forge.run_ids), f"refs/heads/{branch}"
    asked = AskedRun(number, file, ref, tip, call.actor.id, inputs, hosted.now(), "queued")
    hosted.asked[number] = asked
    who = call.actor.id
    hosted.runs[number, 1] = RunRecord(
        number, 1, next(call.forge.run_numbers), "workflow_dispatch", who, who, ref, tip, file, asked.at
    )
    if body.get("return_run_details") is not True:
        return Response(204)
    page = f"{PAGES}/{hosted.full_name}/actions/runs/{number}"
    url = f"{call.shapes.repository_url(hosted)}/actions/runs/{number}"
    return json_response({"workflow_run_id": number, "run_url": url, "html_url": page})


def _file(call: Call) -> str:
    """Return the file of the workflow that a call names, by its number or by its file's name."""
    wanted = call.path["workflow"]
    numbered = {str(number): path for number, path in enumerate(workflow_files(call), 1)}
    return numbered.get(wanted, f".github/workflows/{wanted}")


def _state(call: Call, record: RunRecord) -> tuple[str, str | None]:
    """Return status and conclusion: of a run that was asked for as it went on, any other is over and went well."""
    asked = call.hosted.asked.get(record.id)
    if asked is None or record.attempt > 1:
        return "completed", "success"
    return (asked.status, None) if asked.status in ("queued", "in_progress") else ("completed", asked.status)


def _run(call: Call, record: RunRecord) -> dict[str, Any]:
    shapes, hosted = call.shapes, call.hosted
    url, page = f"{shapes.repository_url(hosted)}/actions/runs/{record.id}", f"{PAGES}/{hosted.full_name}/actions"
    commit = hosted.git.commit(record.revision)
    person = {"name": commit.author.name, "email": commit.author.email}
    moment, repository = wire.timestamp(record.at), shapes.repository(hosted)
    status, conclusion = _state(call, record)
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
        "status": status,
        "conclusion": conclusion,
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
