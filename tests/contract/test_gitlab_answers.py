"""GitLab answers something else than it should: nothing odd is believed (R01)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.contract.faults import GARBAGE, replaced, without
from tests.contract.test_forge import MAIN
from tests.contract.world import refused

from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.world import GitLabWorld

    from counterseal_sandbox.http import Request

#: The only call whose path ends so is GraphQL's.
GRAPHQL = "/"
JSON = {"Content-Type": "application/json; charset=utf-8"}
ONE = "/merge_requests/1"
COMMITS = ("data", "project", "mergeRequest", "commits")


# --- bodies ------------------------------------------------------------


@pytest.mark.parametrize("path", [ONE, f"{ONE}/notes", f"{ONE}/approvals", GRAPHQL])
def test_a_body_that_is_no_answer(gitlab_world: GitLabWorld, path: str) -> None:
    number = gitlab_world.open().number
    for body in GARBAGE:
        gitlab_world.sandbox.server.interceptors.clear()
        gitlab_world.answer(path, Response(200, body, JSON))
        refused(lambda: gitlab_world.forge().change_request(number))


def test_a_truncated_answer(gitlab_world: GitLabWorld) -> None:
    honest = json.dumps({"iid": 1, "title": "x" * 1000}).encode()
    gitlab_world.answer(ONE, Response(200, honest[:-5], JSON))
    refused(lambda: gitlab_world.forge().change_request(gitlab_world.open().number))


def test_a_file_that_is_cut_off(gitlab_world: GitLabWorld) -> None:
    gitlab_world.answer("/raw", Response(200, b"fir", {"X-Gitlab-Size": "6"}))
    assert "3 of 6 bytes" in refused(lambda: gitlab_world.forge().file_at(MAIN, "README.md")).what


def test_an_answer_about_another_merge_request(gitlab_world: GitLabWorld) -> None:
    number = gitlab_world.open().number
    gitlab_world.alter(ONE, replaced(2, "iid"))
    assert "answered with iid '2'" in refused(lambda: gitlab_world.forge().change_request(number)).why


NEEDED: dict[str, list[tuple[str | int, ...]]] = {
    ONE: [
        ("iid",),
        ("web_url",),
        ("sha",),
        ("state",),
        ("source_project_id",),
        ("source_branch",),
        ("target_project_id",),
        ("target_branch",),
        ("author",),
        ("author", "id"),
        ("author", "username"),
        ("merged_at",),
        ("merge_user",),
        ("merge_commit_sha",),
    ],
    f"{ONE}/notes": [
        (0, "id"),
        (0, "system"),
        (0, "body"),
        (0, "author"),
        (0, "author", "id"),
        (0, "author", "username"),
        (0, "created_at"),
    ],
    f"{ONE}/versions": [(0, "id"), (0, "head_commit_sha"), (0, "base_commit_sha"), (0, "created_at")],
    f"{ONE}/commits": [(0,), (0, "id"), (0, "message"), (0, "author_email"), (0, "committer_email")],
    f"{ONE}/approvals": [
        ("approved_by",),
        ("approved_by", 0, "user"),
        ("approved_by", 0, "user", "id"),
        ("approved_by", 0, "user", "username"),
    ],
    f"{ONE}/reviewers": [(0, "state"), (0, "user"), (0, "user", "id"), (0, "user", "username")],
    "/events": [
        (0, "author"),
        (0, "push_data"),
        (0, "push_data", "action"),
        (0, "push_data", "ref"),
        (0, "push_data", "ref_type"),
        (0, "push_data", "commit_from"),
        (0, "push_data", "commit_to"),
    ],
    "/users/1003": [("id",), ("bot",)],
    GRAPHQL: [
        ("data",),
        ("data", "project"),
        ("data", "project", "mergeRequest"),
        COMMITS,
        (*COMMITS, "nodes"),
        (*COMMITS, "nodes", 0, "sha"),
        (*COMMITS, "nodes", 0, "author"),
        (*COMMITS, "nodes", 0, "author", "id"),
        (*COMMITS, "nodes", 0, "author", "username"),
        (*COMMITS, "pageInfo"),
        (*COMMITS, "pageInfo", "hasNextPage"),
    ],
}


def reviewed_change(world: GitLabWorld, path: str) -> int:
    """Return a merge request with something of everything; it is merged unless that would hide its pushes."""
    change = world.open()
    world.repository.move_branch("stable", world.first, world.who("alice"))
    world.changes.retarget(change, world.who("bob"), "stable")
    world.changes.retarget(change, world.who("bob"), "main")
    world.approve(change, "carol")
    world.changes.review(change, world.who("dora"), "REQUEST_CHANGES")
    if path == "/events":
        world.write("bob", "more")
    else:
        world.changes.merge(change, world.who("alice"), "squash")
    return change.number


@pytest.mark.slow
@pytest.mark.parametrize("path", NEEDED)
def test_a_missing_field_is_an_error(gitlab_world: GitLabWorld, path: str) -> None:
    number = reviewed_change(gitlab_world, path)
    gitlab_world.forge().change_request(number)
    for place in NEEDED[path]:
        gitlab_world.sandbox.server.interceptors.clear()
        gitlab_world.alter(path, without(*place))
        refused(lambda: gitlab_world.forge().change_request(number))


#: Free texts, and words that only say that something is about something else.
FREE = {
    *("web_url", "username", "source_branch", "target_branch", "body", "message", "author_email", "committer_email"),
    *("ref", "ref_type"),
}


def possible(place: tuple[str | int, ...], new: object) -> bool:
    """Return whether GitLab could rightly say this: a text, a flag, nobody who approves."""
    return (
        (isinstance(new, str) and place[-1] in FREE)
        or (new is True and place[-1] in {"system", "bot", "hasNextPage"})
        or (new == [] and place[-1] == "approved_by")
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", NEEDED)
@pytest.mark.parametrize("new", [17.5, {"odd": 1}, "odd \u202e", True, []])
def test_a_field_of_another_type_is_never_believed(gitlab_world: GitLabWorld, path: str, new: object) -> None:
    number = reviewed_change(gitlab_world, path)
    for place in NEEDED[path]:
        if not possible(place, new):
            gitlab_world.sandbox.server.interceptors.clear()
            gitlab_world.alter(path, replaced(new, *place))
            refused(lambda: gitlab_world.forge().change_request(number))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (ONE, ("sha",)),
        (ONE, ("merged_at",)),
        (ONE, ("target_project_id",)),
        (f"{ONE}/notes", (0, "created_at")),
        (f"{ONE}/notes", (0, "author")),
        (f"{ONE}/versions", (0, "head_commit_sha")),
        (f"{ONE}/commits", (0, "author_email")),
        (f"{ONE}/approvals", ("approved_by",)),
        (f"{ONE}/reviewers", (0, "state")),
        ("/users/1003", ("bot",)),
        (GRAPHQL, ("data", "project")),
        (GRAPHQL, ("data", "project", "mergeRequest")),
    ],
)
def test_null_where_something_is_needed(gitlab_world: GitLabWorld, path: str, place: tuple[str | int, ...]) -> None:
    number = reviewed_change(gitlab_world, path)
    gitlab_world.alter(path, replaced(None, *place))
    refused(lambda: gitlab_world.forge().change_request(number))


@pytest.mark.parametrize(
    ("path", "place", "word"),
    [
        (ONE, ("state",), "merged-by-a-train"),
        (f"{ONE}/reviewers", (0, "state"), "objects-strongly"),
        ("/events", (0, "push_data", "action"), "teleported"),
        (GRAPHQL, (*COMMITS, "nodes", 0, "author", "id"), "gid://gitlab/ServiceAccount/7"),
    ],
)
def test_unknown_words_are_errors_that_name_them(
    gitlab_world: GitLabWorld, path: str, place: tuple[str | int, ...], word: str
) -> None:
    number = reviewed_change(gitlab_world, path)
    gitlab_world.alter(path, replaced(word, *place))
    assert word in refused(lambda: gitlab_world.forge().change_request(number)).why


def test_an_unknown_visibility_is_an_error(gitlab_world: GitLabWorld) -> None:
    forge = gitlab_world.forge()
    mallory = forge.actor("mallory")
    gitlab_world.alter(f"/projects/{gitlab_world.name}", replaced("friends", "visibility"))
    assert "friends" in refused(lambda: forge.permission(mallory)).why


# --- lists ------------------------------------------------------------


def shortened(world: GitLabWorld, path: str, *, headers: bool) -> None:
    """Let the last item of a list be lost on the way, and with `headers` false also what counts them."""
    server = world.sandbox.server
    busy: list[bool] = []

    def intercept(prefix: str, request: Request) -> Response | None:
        if busy or not request.path.endswith(path):
            return None
        busy.append(True)
        honest = server.answer(request.method, prefix + request.encoded, request.headers, request.body)
        busy.clear()
        kept = dict(honest.headers) if headers else {}
        return Response(200, json.dumps(json.loads(honest.body)[:-1]).encode(), kept)

    server.interceptors.append(intercept)


@pytest.mark.parametrize("path", ["notes", "versions", "commits", "diffs"])
def test_a_list_that_lost_something_is_an_error(gitlab_world: GitLabWorld, path: str) -> None:
    gitlab_world.write("bob", "one")
    number = gitlab_world.open().number
    gitlab_world.write("bob", "two")
    shortened(gitlab_world, f"/{path}", headers=True)
    forge = gitlab_world.forge()
    call: Callable[[int], Any] = forge.changed_files if path == "diffs" else forge.change_request
    assert "were listed" in refused(lambda: call(number)).what


@pytest.mark.parametrize("path", ["commits", "diffs"])
def test_a_list_without_a_count_is_held_against_another_one(gitlab_world: GitLabWorld, path: str) -> None:
    """GitLab counts no list of more than 10,000 things."""
    gitlab_world.write("bob", "one")
    gitlab_world.write("bob", "two")
    number = gitlab_world.open().number
    shortened(gitlab_world, f"/{path}", headers=False)
    forge = gitlab_world.forge()
    call: Callable[[int], Any] = forge.changed_files if path == "diffs" else forge.change_request
    refused(lambda: call(number))


def test_more_files_than_gitlab_lists(gitlab_world: GitLabWorld) -> None:
    number = gitlab_world.open().number
    gitlab_world.alter(ONE, replaced("1000+", "changes_count"))
    assert "no more of so big a change" in refused(lambda: gitlab_world.forge().changed_files(number)).why


def test_a_page_that_is_missing(gitlab_world: GitLabWorld) -> None:
    """The link to the next page is lost, but not its number."""
    number = gitlab_world.open().number
    headers = {"X-Next-Page": "2", "X-Page": "1"}
    gitlab_world.answer(f"{ONE}/notes", Response(200, b"[]", {**JSON, **headers}))
    assert "a page is missing" in refused(lambda: gitlab_world.forge().change_request(number)).why


@pytest.mark.parametrize("path", ["notes", "versions", "commits"])
def test_what_stands_on_two_pages_is_an_error(gitlab_world: GitLabWorld, path: str) -> None:
    change = gitlab_world.open()
    gitlab_world.approve(change, "carol")
    place = f"{gitlab_world.api}/projects/{gitlab_world.repository.id}{ONE}/{path}"
    honest = requests.get(place, headers={"PRIVATE-TOKEN": gitlab_world.token("bob")}, timeout=10).json()
    gitlab_world.answer(f"{ONE}/{path}", Response(200, json.dumps(honest * 2).encode(), JSON))
    error = refused(lambda: gitlab_world.forge().change_request(change.number))
    assert "twice" in error.what or "differ" in error.what


def test_pages_at_another_host_and_pages_without_end(gitlab_world: GitLabWorld) -> None:
    number, path = gitlab_world.open().number, f"{ONE}/notes"
    elsewhere = Response(200, b"[]", {**JSON, "Link": '<https://evil.example/api/v4/x?page=2>; rel="next"'})
    gitlab_world.answer(path, elsewhere)
    assert "evil.example" in refused(lambda: gitlab_world.forge().change_request(number)).why
    gitlab_world.sandbox.server.interceptors.clear()
    place = f"{gitlab_world.api}/projects/{gitlab_world.repository.id}{path}"
    again = Response(200, b"[]", {**JSON, "Link": f'<{place}?page=2>; rel="next"'})
    asked = gitlab_world.answer(path, again)
    assert "more than 100 pages" in refused(lambda: gitlab_world.forge().change_request(number)).what
    assert len(asked) == 100


def test_a_query_without_end(gitlab_world: GitLabWorld) -> None:
    number = gitlab_world.open().number
    gitlab_world.alter(GRAPHQL, replaced({"hasNextPage": True, "endCursor": "0"}, *COMMITS, "pageInfo"))
    assert "no end" in refused(lambda: gitlab_world.forge().change_request(number)).what


def test_more_commits_than_one_answer_of_graphql_has(
    gitlab_world: GitLabWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from counterseal_sandbox.forge.gitlab import graphql as gitlab_graphql

    monkeypatch.setattr(gitlab_graphql, "PAGE", 2)
    for name in ("one", "two", "three", "four", "five"):
        gitlab_world.write("bob", name)
    read = gitlab_world.forge().change_request(gitlab_world.open().number)
    assert [{each.id for each in commit.people} for commit in read.commits] == [{1002}] * 5


def test_two_change_requests_that_claim_one_revision(gitlab_world: GitLabWorld) -> None:
    world = gitlab_world
    one = world.open(branch="one")
    world.repository.move_branch("two", one.head, world.who("carol"))
    world.changes.open(world.who("carol"), "two", "main", title="the same again")
    world.repository.move_branch("main", one.head, world.who("carol"))
    first = world.forge().change_request_of(one.head, MAIN)
    assert first is not None
    assert first.number == one.number  # it was opened first, and the forge merged neither
