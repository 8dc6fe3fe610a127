"""GitHub's calls about people, repositories, branches, files and refs."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from counterseal_sandbox.forge.git.objects import GitError
from counterseal_sandbox.forge.github.call import linked
from counterseal_sandbox.forge.github.routes import Routes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.github.call import Call

ROUTES = Routes()
_REPOSITORY = "/repos/{owner}/{repo}"


@ROUTES("GET /user", "users/get-authenticated")
def _me(call: Call) -> Response:
    if call.principal and call.principal.permissions is not None:
        raise Refused("Resource not accessible by integration", 403)
    return json_response(call.shapes.public_user(call.actor))


@ROUTES("GET /user/{account_id}", "users/get-by-id")
def _user_by_id(call: Call) -> Response:
    if (account := call.forge.accounts.by_id(call.number("account_id"))) is None:
        raise Refused("Not Found", 404)
    return json_response(call.shapes.public_user(account))


@ROUTES("GET /users/{username}", "users/get-by-username")
def _user(call: Call) -> Response:
    if (account := call.forge.accounts.by_login(call.path["username"])) is None:
        raise Refused("Not Found", 404)
    return json_response(call.shapes.public_user(account))


@ROUTES("GET /rate_limit", "rate-limit/get")
def _rate_limit(_: Call) -> Response:
    limit = {"limit": 5000, "remaining": 5000, "reset": 4_102_444_800, "used": 0}
    return json_response({"resources": {"core": limit, "search": limit}, "rate": limit})


@ROUTES(f"GET {_REPOSITORY}", "repos/get", "metadata:read")
def _repository(call: Call) -> Response:
    return json_response(call.shapes.own_repository(call.hosted, call.hosted.role(call.account)))


@ROUTES(f"GET {_REPOSITORY}/branches/{{branch}}", "repos/get-branch", "contents:read")
def _branch(call: Call) -> Response:
    name, repository = call.path["branch"], call.hosted
    if (sha := repository.branch(name)) is None:
        raise Refused("Branch not found", 404)
    url, protected = (
        f"{call.shapes.repository_url(repository)}/branches/{name}",
        repository.is_protected(f"refs/heads/{name}"),
    )
    page = f"https://github.com/{repository.full_name}/tree/{name}"
    shape = {
        "name": name,
        "commit": call.shapes.commit(repository, sha),
        "_links": {"self": url, "html": page},
        "protected": protected,
        "protection": {"enabled": protected},
        "protection_url": f"{url}/protection",
    }
    return json_response(shape)


@ROUTES(
    f"GET {_REPOSITORY}/collaborators/{{username}}/permission",
    "repos/get-collaborator-permission-level",
    "metadata:read",
)
def _permission(call: Call) -> Response:
    if (account := call.forge.accounts.by_login(call.path["username"])) is None:
        raise Refused(f"{call.path['username']} is not a user", 404)
    return json_response(call.shapes.permission(account, call.hosted.role(account)))


@ROUTES(f"GET {_REPOSITORY}/activity", "repos/list-activities", "contents:read")
def _activity(call: Call) -> Response:
    query = call.request.query
    ref, kind = query.get("ref", ""), query.get("activity_type", "")
    ref = ref if not ref or ref.startswith("refs/") else f"refs/heads/{ref}"
    newest_first = reversed(call.hosted.activity)
    activities = [activity for activity in newest_first if ref in ("", activity.ref) and kind in ("", activity.kind)]
    size = min(int(query.get("per_page", "30")), 100)
    if after := query.get("after"):  # GitHub pages this list by a cursor, not by number
        activities = [activity for activity in activities if activity.id < int(after)]
    links = []
    if len(activities) > size:
        kept = urlencode(
            {**{name: value for name, value in query.items() if name != "after"}, "after": activities[size - 1].id}
        )
        links = [f'<{call.shapes.api}{call.request.path}?{kept}>; rel="next"']
    return linked([call.shapes.activity(activity) for activity in activities[:size]], links)


# --- commits, files, refs ------------------------------------------------------------------------


@ROUTES(f"GET {_REPOSITORY}/contents/{{path}}", "repos/get-content", "contents:read")
def _read_file(call: Call) -> Response:
    repository, path = call.hosted, call.path["path"]
    commit = repository.git.resolve(call.request.query.get("ref", f"refs/heads/{repository.default_branch}"))
    if commit is None:
        raise Refused("No commit found for the ref", 404)
    if (file := repository.git.file(commit, path)) is None:
        raise Refused("Not Found", 404)
    return json_response(call.shapes.content(repository, path, file[1], file[2]))


@ROUTES(f"PUT {_REPOSITORY}/contents/{{path}}", "repos/create-or-update-file-contents", "contents:write")
def _write_file(call: Call) -> Response:
    repository, path, body = call.hosted, call.path["path"], call.body()
    branch = body.get("branch") or repository.default_branch
    tip = repository.branch(branch)
    if tip is None:
        raise Refused(f"Branch {branch} not found", 404)
    old = repository.git.file(tip, path)
    if old and not body.get("sha"):
        raise Refused('Invalid request. "sha" wasn\'t supplied.')
    if old and body["sha"] != old[1]:
        raise Refused(f"{path} does not match {body['sha']}", 409)
    try:
        content = base64.b64decode(body.get("content", ""), validate=False)
    except (binascii.Error, TypeError):
        raise Refused("content is not valid Base64") from None
    sha = repository.write_file(branch, path, content, call.actor, message=body.get("message", ""))
    written = repository.git.file(sha, path)
    commit = call.shapes.commit(repository, sha)
    shown = call.shapes.content(repository, path, written[1], content) if written else None
    return json_response({"content": shown, "commit": {**commit, **commit["commit"]}}, 200 if old else 201)


@ROUTES(
    f"GET {_REPOSITORY}/commits/{{ref}}/pulls",
    "repos/list-pull-requests-associated-with-commit",
    "contents:read & pull-requests:read",
)
def _changes_of_commit(call: Call) -> Response:
    repository, sha = call.hosted, call.path["ref"]
    if repository.git.resolve(sha) is None:
        raise Refused(f"No commit found for SHA: {sha}")
    tip = repository.branch(repository.default_branch)
    if tip and repository.git.is_ancestor(sha, tip):
        changes = [
            change
            for change in repository.changes
            if change.merged and sha in (change.merge_commit, *change.introduced)
        ]
    else:
        open_or_merged = (change for change in repository.changes if change.merged or change.state == "open")
        changes = [change for change in open_or_merged if sha in repository.changes.commits(change)]
    return call.page(changes, lambda change: call.shapes.change(repository, change))


@ROUTES(f"GET {_REPOSITORY}/commits/{{ref}}", "repos/get-commit", "contents:read")
def _commit(call: Call) -> Response:
    if (sha := call.hosted.git.resolve(call.path["ref"])) is None:
        raise Refused(f"No commit found for SHA: {call.path['ref']}")
    return json_response(call.shapes.commit(call.hosted, sha))


@ROUTES(f"GET {_REPOSITORY}/git/ref/{{ref}}", "git/get-ref", "contents:read")
def _ref(call: Call) -> Response:
    return _shown_ref(call, f"refs/{call.path['ref']}")


@ROUTES(f"POST {_REPOSITORY}/git/refs", "git/create-ref", "contents:write")
def _create_ref(call: Call) -> Response:
    body = call.body()
    ref, sha = str(body.get("ref")), str(body.get("sha"))
    if not ref.startswith("refs/") or ref.count("/") < 2:
        raise Refused("Reference name must start with 'refs/' and have at least two slashes.")
    if ref in call.hosted.git.refs():
        raise Refused("Reference already exists")
    _move(call, ref, sha)
    return _shown_ref(call, ref, 201)


@ROUTES(f"PATCH {_REPOSITORY}/git/refs/{{ref}}", "git/update-ref", "contents:write")
def _update_ref(call: Call) -> Response:
    body, ref, git = call.body(), f"refs/{call.path['ref']}", call.hosted.git
    old = git.refs().get(ref)
    if old is None:
        raise Refused("Reference does not exist")
    forced = not git.is_ancestor(old, str(body.get("sha")))
    if forced and (not body.get("force") or call.hosted.is_protected(ref)):
        raise Refused("Update is not a fast forward")
    _move(call, ref, str(body.get("sha")))
    return _shown_ref(call, ref)


@ROUTES(f"DELETE {_REPOSITORY}/git/refs/{{ref}}", "git/delete-ref", "contents:write")
def _delete_ref(call: Call) -> Response:
    ref = f"refs/{call.path['ref']}"
    if ref not in call.hosted.git.refs():
        raise Refused("Reference does not exist")
    if call.hosted.is_protected(ref):
        raise Refused("Cannot delete this protected branch")
    call.hosted.move_ref(ref, None, call.actor)
    return Response(204)


def _move(call: Call, ref: str, sha: str) -> None:
    try:
        call.hosted.move_ref(ref, sha, call.actor)
    except GitError as error:
        raise Refused("Object does not exist") from error


def _shown_ref(call: Call, ref: str, status: int = 200) -> Response:
    if (sha := call.hosted.git.refs().get(ref)) is None:
        raise Refused("Not Found", 404)
    kind = call.hosted.git.kind_of(sha)
    return json_response(call.shapes.ref(call.hosted, ref, sha, kind), status)
