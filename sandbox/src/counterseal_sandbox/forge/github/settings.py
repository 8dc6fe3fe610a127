"""GitHub's calls about collaborators, workflows, and the switches of Actions and releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.formats import wire
from counterseal_sandbox.forge.accounts import AccountKind, Role
from counterseal_sandbox.forge.github.basics import PAGES, node
from counterseal_sandbox.forge.github.routes import Routes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.github.call import Call

ROUTES = Routes()
_REPOSITORY = "/repos/{owner}/{repo}"
_WORKFLOWS = ".github/workflows/"


@ROUTES(f"GET {_REPOSITORY}/collaborators", "repos/list-collaborators", "metadata:read")
def _collaborators(call: Call) -> Response:
    hosted = call.hosted
    if call.principal and call.principal.permissions is None and hosted.role(call.account) < Role.WRITE:
        raise Refused("Must have push access to view repository collaborators.", 403)
    people = [
        (account, role)
        for number, role in hosted.roles.items()
        if (account := call.forge.accounts.by_id(number)) and account.kind is not AccountKind.ORGANIZATION
    ]
    return call.page(people, lambda each: call.shapes.collaborator(*each))


@ROUTES(f"GET {_REPOSITORY}/immutable-releases", "repos/check-immutable-releases", "administration:read")
def _immutable(call: Call) -> Response:
    if not call.hosted.immutable_releases:
        raise Refused("Not Found", 404)
    return json_response({"enabled": True, "enforced_by_owner": False})


@ROUTES(f"PUT {_REPOSITORY}/immutable-releases", "repos/enable-immutable-releases", "administration:write")
def _make_immutable(call: Call) -> Response:
    call.hosted.immutable_releases = True
    return Response(204)


_PERMISSIONS = f"{_REPOSITORY}/actions/permissions"


@ROUTES(
    f"GET {_PERMISSIONS}/workflow",
    "actions/get-github-actions-default-workflow-permissions-repository",
    "administration:read",
)
def _token(call: Call) -> Response:
    may = call.hosted.actions_may_approve
    return json_response({"default_workflow_permissions": "read", "can_approve_pull_request_reviews": may})


@ROUTES(
    f"PUT {_PERMISSIONS}/workflow",
    "actions/set-github-actions-default-workflow-permissions-repository",
    "administration:write",
)
def _set_token(call: Call) -> Response:
    if isinstance(may := call.body().get("can_approve_pull_request_reviews"), bool):
        call.hosted.actions_may_approve = may
    return Response(204)


@ROUTES(
    f"GET {_PERMISSIONS}/fork-pr-contributor-approval",
    "actions/get-fork-pr-contributor-approval-permissions-repository",
    "administration:read",
)
def _forks(call: Call) -> Response:
    if call.hosted.private:
        raise Refused("Not Found", 404)
    return json_response({"approval_policy": call.hosted.settings.fork_approval})


@ROUTES(f"GET {_REPOSITORY}/actions/workflows", "actions/list-repo-workflows", "actions:read")
def _workflows(call: Call) -> Response:
    shown = [_workflow(call, *each) for each in enumerate(workflow_files(call), 1)]
    return json_response({"total_count": len(shown), "workflows": shown})


@ROUTES(f"PUT {_REPOSITORY}/actions/workflows/{{workflow}}/enable", "actions/enable-workflow", "actions:write")
def _enable(call: Call) -> Response:
    wanted, files = call.path["workflow"], workflow_files(call)  # a number, or the name of its file
    for number, path in enumerate(files, 1):
        if wanted in (str(number), path.removeprefix(_WORKFLOWS)):
            call.hosted.settings.workflows[path] = "active"
            return Response(204)
    raise Refused("Not Found", 404)


def workflow_files(call: Call) -> list[str]:
    """Return the workflow files of the default branch."""
    hosted = call.hosted
    tip = hosted.branch(hosted.default_branch)
    listed = hosted.git.text("ls-tree", "--name-only", tip, _WORKFLOWS).splitlines() if tip else []
    return [path for path in listed if path.endswith((".yml", ".yaml"))]


def _workflow(call: Call, number: int, path: str) -> dict[str, Any]:
    moment, url = wire.timestamp(call.hosted.created_at), f"{call.shapes.repository_url(call.hosted)}/actions/workflows"
    page = f"{PAGES}/{call.hosted.full_name}"
    return {
        "id": number,
        "node_id": node("Workflow", number),
        "name": path.removeprefix(_WORKFLOWS),
        "path": path,
        "state": call.hosted.settings.workflows.get(path, "active"),
        "created_at": moment,
        "updated_at": moment,
        "url": f"{url}/{number}",
        "html_url": f"{page}/blob/{call.hosted.default_branch}/{path}",
        "badge_url": f"{page}/workflows/{number}/badge.svg",
    }
