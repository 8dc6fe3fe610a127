"""GitHub's calls about pull requests, reviews, comments and the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal_sandbox.forge.github.routes import Routes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.change import Change
    from counterseal_sandbox.forge.github.call import Call

ROUTES = Routes()
_PULLS = "/repos/{owner}/{repo}/pulls"
_PULL = _PULLS + "/{pull_number}"
_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
_COMMENTING = "issues:write|pull-requests:write"
_READING = "issues:read|pull-requests:read"


def _change(call: Call) -> Change:
    return call.hosted.changes.get(int(call.path.get("pull_number") or call.path["issue_number"]))


@ROUTES(f"GET {_PULLS}", "pulls/list", "pull-requests:read")
def _list(call: Call) -> Response:
    query = call.request.query
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base", "")
    wanted = [
        change
        for change in call.hosted.changes
        if state in ("all", change.state) and head in ("", change.head_label) and base in ("", change.base_branch)
    ]
    wanted = wanted[::-1] if query.get("direction") == "asc" else wanted
    return call.page(wanted, lambda change: call.shapes.change(call.hosted, change))


@ROUTES(f"POST {_PULLS}", "pulls/create", "pull-requests:write", outsiders=True)
def _create(call: Call) -> Response:
    body, repository = call.body(), call.hosted
    owner, _, branch = str(body.get("head", "")).rpartition(":")
    source = repository
    if owner and owner.lower() != repository.owner.login.lower():
        source = call.forge.repository(f"{owner}/{repository.name}")
    if not body.get("title"):
        raise Refused("Validation Failed: missing_field title")
    change = repository.changes.open(
        call.actor,
        branch,
        str(body.get("base", "")),
        title=str(body["title"]),
        body=str(body.get("body") or ""),
        source=source,
    )
    change.draft = bool(body.get("draft"))
    return json_response(call.shapes.full_change(repository, change), 201)


@ROUTES(f"GET {_PULL}", "pulls/get", "pull-requests:read")
def _get(call: Call) -> Response:
    return json_response(call.shapes.full_change(call.hosted, _change(call)))


@ROUTES(f"PATCH {_PULL}", "pulls/update", "pull-requests:write")
def _update(call: Call) -> Response:
    change, body, changes = _change(call), call.body(), call.hosted.changes
    change.title = str(body.get("title", change.title))
    change.body = str(body.get("body", change.body) or "")
    if "base" in body:
        changes.retarget(change, call.actor, str(body["base"]))
    if "state" in body:
        changes.set_state(change, call.actor, str(body["state"]))
    return json_response(call.shapes.full_change(call.hosted, change))


@ROUTES(f"PUT {_PULL}/merge", "pulls/merge", "contents:write")
def _merge(call: Call) -> Response:
    body = call.body()
    method, title, sha = (str(body.get(name) or "") for name in ("merge_method", "commit_title", "sha"))
    result = call.hosted.changes.merge(_change(call), call.actor, method or "merge", title=title, sha=sha)
    return json_response({"sha": result, "merged": True, "message": "Pull Request successfully merged"})


@ROUTES(f"GET {_PULL}/commits", "pulls/list-commits", "pull-requests:read")
def _commits(call: Call) -> Response:
    # GitHub lists the first 250 commits and says nothing of the others
    commits = call.hosted.changes.commits(_change(call))[:250]
    return call.page(commits, lambda commit: call.shapes.commit(call.hosted, commit))


@ROUTES(f"GET {_PULL}/files", "pulls/list-files", "pull-requests:read")
def _files(call: Call) -> Response:
    change = _change(call)
    files = call.hosted.git.changes(call.hosted.changes.diff_base(change), change.head)[:3000]
    return call.page(files, lambda file: call.shapes.file_change(call.hosted, change.head, file))


# --- reviews -------------------------------------------------------------------------------------


@ROUTES(f"GET {_PULL}/reviews", "pulls/list-reviews", "pull-requests:read")
def _reviews(call: Call) -> Response:
    change, me = _change(call), call.account.id if call.account else None
    shown = [review for review in change.reviews if review.state != "PENDING" or review.account == me]
    return call.page(shown, lambda review: call.shapes.review(call.hosted, change, review))


@ROUTES(f"GET {_PULL}/reviews/{{review_id}}", "pulls/get-review", "pull-requests:read")
def _review(call: Call) -> Response:
    change = _change(call)
    review = call.hosted.changes.review_of(change, call.number("review_id"))
    return json_response(call.shapes.review(call.hosted, change, review))


@ROUTES(f"POST {_PULL}/reviews", "pulls/create-review", "pull-requests:write", outsiders=True)
def _create_review(call: Call) -> Response:
    change, body = _change(call), call.body()
    event, text, commit = (str(body.get(name) or "") for name in ("event", "body", "commit_id"))
    review = call.hosted.changes.review(change, call.actor, event, body=text, commit=commit or None)
    return json_response(call.shapes.review(call.hosted, change, review))


@ROUTES(f"PUT {_PULL}/reviews/{{review_id}}/dismissals", "pulls/dismiss-review", "pull-requests:write")
def _dismiss(call: Call) -> Response:
    change = _change(call)
    if not call.body().get("message"):
        raise Refused("Validation Failed: missing_field message")
    review = call.hosted.changes.dismiss(change, call.number("review_id"), call.actor)
    return json_response(call.shapes.review(call.hosted, change, review))


# --- comments and timeline -----------------------------------------------------------------------


@ROUTES(f"GET {_ISSUE}/comments", "issues/list-comments", _READING)
def _comments(call: Call) -> Response:
    change = _change(call)
    return call.page(change.comments, lambda comment: call.shapes.comment(call.hosted, change, comment))


@ROUTES(f"POST {_ISSUE}/comments", "issues/create-comment", _COMMENTING, outsiders=True)
def _create_comment(call: Call) -> Response:
    change = _change(call)
    comment = call.hosted.changes.comment(change, call.actor, str(call.body().get("body") or ""))
    return json_response(call.shapes.comment(call.hosted, change, comment), 201)


@ROUTES("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", "issues/update-comment", _COMMENTING)
def _update_comment(call: Call) -> Response:
    change, comment = call.hosted.changes.find_comment(call.number("comment_id"))
    comment.body, comment.updated_at = str(call.body().get("body") or ""), call.forge.now()
    return json_response(call.shapes.comment(call.hosted, change, comment))


@ROUTES(f"GET {_ISSUE}/timeline", "issues/list-events-for-timeline", _READING)
def _timeline(call: Call) -> Response:
    return call.page(_change(call).timeline, lambda event: call.shapes.event(call.hosted, event))
