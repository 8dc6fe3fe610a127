"""GitLab's calls about people, projects, branches, tags, files and commits."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from counterseal.forges import ForgeKind
from counterseal_sandbox.forge.accounts import AccountKind, Role
from counterseal_sandbox.forge.git.objects import GitError
from counterseal_sandbox.forge.gitlab.call import Routes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.gitlab.call import Call
    from counterseal_sandbox.forge.repository import HostedRepository

ROUTES = Routes()
_PROJECT = "/projects/:id"
_REPOSITORY = f"{_PROJECT}/repository"


@ROUTES("GET /user")
def _me(call: Call) -> Response:
    shown = {**call.shapes.full_user(call.actor), "email": call.actor.noreply_at(ForgeKind.GITLAB)}
    return json_response({**shown, "commit_email": shown["email"], "two_factor_enabled": False, "external": False})


@ROUTES("GET /users", public=True)
def _users(call: Call) -> Response:
    if not (name := call.request.query.get("username")):
        raise Refused("Not authorized to access /api/v4/users", 403)
    account = call.forge.accounts.by_login(name)
    known = [account] if account and account.kind is not AccountKind.ORGANIZATION else []
    return call.page(known, call.shapes.user)


@ROUTES("GET /users/:user_id")
def _user(call: Call) -> Response:
    account = call.forge.accounts.by_id(call.number("user_id"))
    if account is None or account.kind is AccountKind.ORGANIZATION:
        raise Refused("404 User Not Found", 404)
    return json_response(call.shapes.full_user(account))


@ROUTES(f"GET {_PROJECT}", public=True)
def _project(call: Call) -> Response:
    role = call.project.roles.get(call.account.id, Role.NONE) if call.account else Role.NONE
    return json_response(call.shapes.project(call.project, role))


@ROUTES(f"GET {_PROJECT}/members/all/:user_id")
def _member(call: Call) -> Response:
    number = call.number("user_id")
    account, role = call.forge.accounts.by_id(number), call.project.roles.get(number, Role.NONE)
    if account is None or account.kind is AccountKind.ORGANIZATION or not role:
        raise Refused("404 Not found", 404)
    return json_response(call.shapes.member(account, role, call.project))


@ROUTES(f"GET {_PROJECT}/events")
def _events(call: Call) -> Response:
    query = call.request.query
    if query.get("action") != "pushed":
        raise Refused("the sandbox knows the events of pushes only: action=pushed", 501)
    activities = call.project.activity if query.get("sort") == "asc" else call.project.activity[::-1]
    after, before = query.get("after", ""), query.get("before", "9999")
    wanted = [activity for activity in activities if after < activity.at.date().isoformat() < before]
    return call.page(wanted, lambda activity: call.shapes.pushed(call.project, activity))


# --- branches, tags, files -----------------------------------------------------------------------


@ROUTES(f"GET {_REPOSITORY}/branches", job=True, public=True)
def _branches(call: Call) -> Response:
    def shape(name: str) -> dict[str, Any]:
        return call.shapes.branch(call.project, name, call.project.git.refs()[f"refs/heads/{name}"], call.role)

    return call.page(_ref_names(call, "refs/heads/"), shape)


def _ref_names(call: Call, start: str) -> list[str]:
    """Return the names of refs that `search` asks for: a part of the name, its start after `^`, its end before `$`."""
    pattern = re.compile(re.sub(r"\\([\^$])", r"\1", re.escape(call.request.query.get("search", ""))), re.IGNORECASE)
    names = [ref.removeprefix(start) for ref in call.project.git.refs() if ref.startswith(start)]
    return [name for name in names if pattern.search(name)]


@ROUTES(f"GET {_REPOSITORY}/branches/:branch", public=True)
def _branch(call: Call) -> Response:
    return _shown_branch(call, call.path["branch"])


def _shown_branch(call: Call, name: str, status: int = 200) -> Response:
    if (sha := call.project.branch(name)) is None:
        raise Refused("404 Branch Not Found", 404)
    return json_response(call.shapes.branch(call.project, name, sha, call.role), status)


@ROUTES(f"POST {_REPOSITORY}/branches", least=Role.WRITE)
def _create_branch(call: Call) -> Response:
    name, ref = call.needed("branch", "ref")
    if call.project.branch(name) is not None:
        raise Refused("Branch already exists", 400)
    if (sha := call.project.git.resolve(ref)) is None:
        raise Refused(f"Invalid reference name: {ref}", 400)
    try:
        call.project.move_branch(name, sha, call.actor)
    except GitError:
        raise Refused("Branch name is invalid", 400) from None
    return _shown_branch(call, name, 201)


@ROUTES(f"DELETE {_REPOSITORY}/branches/:branch", least=Role.WRITE)
def _delete_branch(call: Call) -> Response:
    name, project = call.path["branch"], call.project
    if project.branch(name) is None:
        raise Refused("404 Branch Not Found", 404)
    if project.is_protected(f"refs/heads/{name}"):
        raise Refused("Protected branch cannot be removed", 403)
    project.move_ref(f"refs/heads/{name}", None, call.actor)
    return Response(204)


@ROUTES(f"GET {_REPOSITORY}/tags", job=True, public=True)
def _tags(call: Call) -> Response:
    return call.page(_ref_names(call, "refs/tags/"), lambda name: _shown_tag(call, name))


@ROUTES(f"GET {_REPOSITORY}/tags/:tag_name", public=True)
def _tag(call: Call) -> Response:
    return json_response(_shown_tag(call, call.path["tag_name"]))


def _shown_tag(call: Call, name: str) -> dict[str, Any]:
    git = call.project.git
    if (target := git.refs().get(f"refs/tags/{name}")) is None:
        raise Refused("404 Tag Not Found", 404)
    if git.kind_of(target) != "tag":
        return call.shapes.tag(call.project, name, target, None)
    moment, _, message = git.text("tag", "--list", "--format=%(taggerdate:unix) %(contents)", "--", name).partition(" ")
    return call.shapes.tag(call.project, name, target, (message, datetime.fromtimestamp(int(moment), UTC)))


@ROUTES(f"GET {_REPOSITORY}/files/:file_path/raw", job=True, public=True)
def _raw_file(call: Call) -> Response:
    git, ref = call.project.git, call.request.query.get("ref") or "HEAD"
    if (commit := git.resolve(ref)) is None:
        raise Refused("404 Commit Not Found", 404)
    if (file := git.file(commit, call.path["file_path"])) is None:
        raise Refused("404 File Not Found", 404)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Gitlab-Blob-Id": file[1],
        "X-Gitlab-Commit-Id": commit,
        "X-Gitlab-Ref": ref,
        "X-Gitlab-Size": str(len(file[2])),
    }
    return Response(200, file[2], headers)


# --- commits -------------------------------------------------------------------------------------


@ROUTES(f"GET {_REPOSITORY}/commits/:sha", job=True, public=True)
def _commit(call: Call) -> Response:
    return json_response(call.shapes.commit(call.project, _resolved(call, call.path["sha"])))


@ROUTES(f"GET {_REPOSITORY}/commits/:sha/signature")
def _signature(call: Call) -> Response:
    sha = _resolved(call, call.path["sha"])
    if sha not in call.project.signed:
        raise Refused("404 Signature Not Found", 404)
    signature = {
        "signature_type": "SSH",
        "verification_status": "verified_system",
        "commit_source": "gitaly",
        "key": None,
    }
    return json_response(signature)


@ROUTES(f"GET {_REPOSITORY}/commits/:sha/merge_requests", job=True, public=True)
def _changes_of_commit(call: Call) -> Response:
    sha = _resolved(call, call.path["sha"])
    # GitLab lists every merge request that the commit is in or has made, open ones and those of other branches too
    changes = [
        change
        for change in call.project.changes
        if sha in (change.merge_commit, change.squash_commit) or sha in call.project.changes.commits(change)
    ]
    return call.page(changes, lambda change: call.shapes.change(call.project, change))


def _resolved(call: Call, name: str) -> str:
    if (sha := call.project.git.resolve(name)) is None:
        raise Refused("404 Commit Not Found", 404)
    return sha


@ROUTES(f"GET {_REPOSITORY}/compare")
def _compare(call: Call) -> Response:
    base, head = (_resolved(call, call.request.query.get(name, "")) for name in ("from", "to"))
    commits = call.project.git.commits_between(base, head)
    return json_response(call.shapes.comparison(call.project, base, head, commits))


@ROUTES(f"POST {_REPOSITORY}/commits", least=Role.WRITE)
def _create_commit(call: Call) -> Response:
    branch, message = call.needed("branch", "commit_message")
    given, project = call.parameters(), call.project
    start = project.branch(str(given.get("start_branch") or branch))
    if given.get("start_branch") and project.branch(branch) is not None:
        text = f"A branch called '{branch}' already exists. Switch to that branch in order to make changes"
        raise Refused(text, 400)
    if start is None:
        raise Refused("You can only create or edit files when you are on a branch", 400)
    files = dict(_action(project, start, action) for action in given.get("actions") or ())
    try:
        sha = project.commit_files(branch, files, call.actor, message, start=start)
    except Refused as refused:
        raise Refused(str(refused), 400) from None
    return json_response(call.shapes.commit(project, sha), 201)


def _action(project: HostedRepository, start: str, action: Any) -> tuple[str, bytes | None]:
    """Return the path and the new content that one of `actions` means."""
    kind, path = str(action.get("action")), str(action.get("file_path"))
    there = project.git.file(start, path) is not None
    if kind == "create" and there:
        raise Refused("A file with this name already exists", 400)
    if kind in ("update", "delete") and not there:
        raise Refused("A file with this name doesn't exist", 400)
    if kind == "delete":
        return path, None
    if kind not in ("create", "update"):
        raise Refused("actions[0][action] does not have a valid value", 400)
    content = str(action.get("content") or "")
    try:
        return path, base64.b64decode(content) if action.get("encoding") == "base64" else content.encode()
    except binascii.Error:
        raise Refused("content is not valid Base64", 400) from None
