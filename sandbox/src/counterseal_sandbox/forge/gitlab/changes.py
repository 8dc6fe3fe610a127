"""GitLab's calls about merge requests, approvals, versions and notes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.gitlab.call import Routes
from counterseal_sandbox.forge.gitlab.shapes import state_of
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal_sandbox.forge.change import Change, Comment
    from counterseal_sandbox.forge.gitlab.call import Call

ROUTES = Routes()
_ALL = "/projects/:id/merge_requests"
_ONE = f"{_ALL}/:merge_request_iid"
_DRAFT = re.compile(r"\s*(?:\[draft\]|\(draft\)|draft:)", re.IGNORECASE)
_SUBMIT = re.compile(r"/submit_review (requested_changes|approved|reviewed)\s*\Z")
_ASK = re.compile(r"/request_review @([A-Za-z0-9_.-]+)\s*\Z")


def _change(call: Call) -> Change:
    try:
        return call.project.merge_requests.get(call.number("merge_request_iid"))
    except Refused:
        raise Refused("404 Not found", 404) from None


def _shown(call: Call, change: Change, status: int = 200) -> Response:
    return json_response(call.shapes.full_change(call.project, change), status)


@ROUTES(f"GET {_ALL}", job=True, public=True)
def _list(call: Call) -> Response:
    query = call.request.query
    changes = [change for change in call.project.merge_requests if _fits(change, query)]
    changes = changes[::-1] if query.get("sort") == "asc" else changes
    return call.page(changes, lambda change: call.shapes.change(call.project, change))


def _fits(change: Change, query: Mapping[str, str]) -> bool:
    asked = query.get("state", "all")
    branches = {"source_branch": change.head_branch, "target_branch": change.base_branch}
    return asked in ("all", state_of(change)) and all(query.get(name) in (None, is_) for name, is_ in branches.items())


@ROUTES(f"POST {_ALL}")
def _create(call: Call) -> Response:
    branch, base, title = call.needed("source_branch", "target_branch", "title")
    given, source = call.parameters(), call.project
    target = source
    if number := given.get("target_project_id"):
        target = call.forge.by_id(int(number)) or source
        if target not in call.forge.family(source):
            raise Refused("404 Project Not Found", 404)
    if call.role < Role.WRITE:
        raise Refused("403 Forbidden", 403)
    change = target.merge_requests.open(
        call.actor, branch, base, title=title, body=str(given.get("description") or ""), source=source
    )
    change.draft, change.squash = bool(_DRAFT.match(title)), bool(given.get("squash"))
    return json_response(call.shapes.full_change(target, change), 201)


@ROUTES(f"GET {_ONE}", job=True, public=True)
def _get(call: Call) -> Response:
    return _shown(call, _change(call))


@ROUTES(f"PUT {_ONE}")
def _update(call: Call) -> Response:
    change, given, changes = _change(call), call.parameters(), call.project.merge_requests
    if call.role < Role.WRITE and call.actor.id != change.author:
        raise Refused("403 Forbidden", 403)
    if title := str(given.get("title") or ""):
        changes.note(change, call.actor, f"changed title from **{change.title}** to **{title}**")
        change.title, change.draft = title, bool(_DRAFT.match(title))
    if "description" in given:
        change.body = str(given["description"] or "")
        changes.note(change, call.actor, "changed the description")
    if given.get("target_branch"):
        changes.retarget(change, call.actor, str(given["target_branch"]))
    if event := given.get("state_event"):
        states = {"close": "closed", "reopen": "open"}
        if event not in states:
            raise Refused("state_event does not have a valid value", 400)
        changes.set_state(change, call.actor, states[event])
    return _shown(call, change)


@ROUTES(f"PUT {_ONE}/merge")
def _merge(call: Call) -> Response:
    change, given, project = _change(call), call.parameters(), call.project
    if call.role < Role.WRITE:
        raise Refused("401 Unauthorized", 401)
    change.squash = change.squash if given.get("squash") is None else _true(given["squash"])
    method = "squash" if change.squash else "merge"
    message = str(given.get("squash_commit_message") or "")
    project.merge_requests.merge(change, call.actor, method, title=message, sha=str(given.get("sha") or ""))
    source = call.forge.by_id(change.head_repository)
    if _true(given.get("should_remove_source_branch")) and source and source.branch(change.head_branch):
        source.move_ref(f"refs/heads/{change.head_branch}", None, call.actor)
    return _shown(call, change)


def _true(value: Any) -> bool:
    return str(value).lower() in ("true", "1")


@ROUTES(f"GET {_ONE}/commits")
def _commits(call: Call) -> Response:
    newest_first = call.project.changes.commits(_change(call))[::-1]
    return call.page(newest_first, lambda commit: call.shapes.commit(call.project, commit))


@ROUTES(f"GET {_ONE}/versions")
def _versions(call: Call) -> Response:
    change = _change(call)
    return call.page(change.versions[::-1], lambda version: call.shapes.version(call.project, change, version))


@ROUTES(f"GET {_ONE}/diffs")
def _diffs(call: Call) -> Response:
    version = _change(call).versions[-1]
    files = call.project.git.changes(version.base, version.head)
    return call.page(files, lambda file: call.shapes.diff(call.project, version.base, version.head, file))


@ROUTES(f"GET {_ONE}/resource_state_events")
def _state_events(call: Call) -> Response:
    change = _change(call)
    events = [event for event in change.timeline if event.kind in ("merged", "closed", "reopened")]
    return call.page(events, lambda event: call.shapes.state_event(change, event))


# --- approvals -----------------------------------------------------------------------------------


def _approvals(call: Call, change: Change, status: int = 200) -> Response:
    caller = call.account
    may = caller is not None and call.role >= Role.WRITE and call.project.merge_requests.may_approve(change, caller)
    return json_response(call.shapes.approvals(call.project, change, caller, may=may), status)


@ROUTES(f"GET {_ONE}/approvals")
def _get_approvals(call: Call) -> Response:
    return _approvals(call, _change(call))


@ROUTES(f"GET {_ONE}/reviewers")
def _reviewers(call: Call) -> Response:
    return json_response(call.shapes.reviewers(_change(call)))


@ROUTES(f"POST {_ONE}/approve", least=Role.WRITE)
def _approve(call: Call) -> Response:
    change = _change(call)
    call.project.merge_requests.approve(change, call.actor, sha=str(call.parameters().get("sha") or ""))
    return _approvals(call, change, 201)


@ROUTES(f"POST {_ONE}/unapprove", least=Role.WRITE)
def _unapprove(call: Call) -> Response:
    change = _change(call)
    call.project.merge_requests.unapprove(change, call.actor)
    return _approvals(call, change, 201)


# --- notes ---------------------------------------------------------------------------------------


@ROUTES(f"GET {_ONE}/notes", job=True, public=True)
def _notes(call: Call) -> Response:
    change, query = _change(call), call.request.query
    moment = "updated_at" if query.get("order_by") == "updated_at" else "created_at"
    kinds = {"only_comments": {False}, "only_activity": {True}}.get(query.get("activity_filter", ""), {True, False})
    wanted = [note for note in change.comments if note.system in kinds]
    notes = sorted(wanted, key=lambda note: (getattr(note, moment), note.id), reverse=query.get("sort") != "asc")
    return call.page(notes, lambda note: call.shapes.note(call.project, change, note))


@ROUTES(f"POST {_ONE}/notes")
def _create_note(call: Call) -> Response:
    change, changes = _change(call), call.project.merge_requests
    (text,) = call.needed("body")
    if submitted := _SUBMIT.match(text):  # a quick action: it does something, and leaves no comment
        return _submit_review(call, change, submitted.group(1))
    if asked := _ASK.match(text):
        if call.role < Role.WRITE:
            raise Refused("403 Forbidden", 403)
        call.project.merge_requests.request_review(change, call.actor, call.forge.account(asked.group(1)))
        return json_response({"commands_changes": {}, "summary": ["Requested a review."]}, 202)
    return json_response(call.shapes.note(call.project, change, changes.comment(change, call.actor, text)), 201)


def _submit_review(call: Call, change: Change, state: str) -> Response:
    if call.role < Role.WRITE:
        raise Refused("403 Forbidden", 403)
    if state == "requested_changes":
        call.project.merge_requests.request_changes(change, call.actor)
    elif state == "approved":
        call.project.merge_requests.approve(change, call.actor)
    return json_response({"commands_changes": {}, "summary": ["Submitted the current review."]}, 202)


@ROUTES(f"PUT {_ONE}/notes/:note_id")
def _update_note(call: Call) -> Response:
    change = _change(call)
    note = _note(change, call.number("note_id"))
    (text,) = call.needed("body")
    if note.system or (call.actor.id != note.account and call.role < Role.MAINTAIN):
        raise Refused("403 Forbidden", 403)
    note.body, note.updated_at = text, call.project.now()
    return json_response(call.shapes.note(call.project, change, note))


def _note(change: Change, note_id: int) -> Comment:
    for note in change.comments:
        if note.id == note_id:
            return note
    raise Refused("404 Note Not Found", 404)
