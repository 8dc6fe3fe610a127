"""GitHub answers something else than it should: nothing odd is believed (R01)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.faults import GARBAGE, replaced, without
from tests.contract.world import refused

from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from tests.contract.world import World


# --- bodies ------------------------------------------------------------


@pytest.mark.parametrize("path", ["/pulls/1", "/pulls/1/reviews"])
def test_a_body_that_is_no_answer(world: World, path: str) -> None:
    number = world.open().number
    for body in GARBAGE:
        world.sandbox.server.interceptors.clear()
        world.answer(path, Response(200, body, {"Content-Type": "application/json; charset=utf-8"}))
        refused(lambda: world.forge().change_request(number))


def test_a_truncated_answer(world: World) -> None:
    number = world.open().number
    path = f"/pulls/{number}"
    honest = json.dumps({"number": number, "title": "x" * 1000}).encode()
    world.answer(path, Response(200, honest[:-5], {"Content-Type": "application/json; charset=utf-8"}))
    refused(lambda: world.forge().change_request(number))


NEEDED: dict[str, list[tuple[str | int, ...]]] = {
    "/pulls/1": [
        ("number",),
        ("html_url",),
        ("merged",),
        ("merged_at",),
        ("merged_by",),
        ("merge_commit_sha",),
        ("commits",),
        ("user",),
        ("user", "id"),
        ("user", "type"),
        ("user", "login"),
        ("base",),
        ("base", "ref"),
        ("base", "repo"),
        ("base", "repo", "id"),
        ("head",),
        ("head", "sha"),
        ("head", "ref"),
        ("head", "repo"),
        ("head", "repo", "full_name"),
    ],
    "/pulls/1/reviews": [
        (0, "id"),
        (0, "user"),
        (0, "user", "id"),
        (0, "user", "type"),
        (0, "state"),
        (0, "commit_id"),
        (0, "submitted_at"),
        (0, "html_url"),
    ],
    "/pulls/1/commits": [
        (0,),
        (0, "sha"),
        (0, "parents"),
        (0, "parents", 0, "sha"),
        (0, "author"),
        (0, "committer"),
        (0, "commit"),
        (0, "commit", "message"),
    ],
    "/activity": [(0, "activity_type"), (0, "after"), (0, "before"), (0, "actor")],
    "/issues/1/timeline": [(0, "event")],
}


def merged_change(world: World) -> int:
    change = world.open()
    world.repository.move_branch("stable", world.first, world.who("alice"))
    world.changes.retarget(change, world.who("bob"), "stable")
    world.changes.retarget(change, world.who("bob"), "main")
    world.approve(change, "carol")
    world.changes.merge(change, world.who("alice"), "squash")
    return change.number


@pytest.mark.slow
@pytest.mark.parametrize("path", NEEDED)
def test_a_missing_field_is_an_error(world: World, path: str) -> None:
    number = merged_change(world)
    for place in NEEDED[path]:
        world.sandbox.server.interceptors.clear()
        world.alter(path, without(*place))
        refused(lambda: world.forge().change_request(number))


def possible(place: tuple[str | int, ...], new: object) -> bool:
    """Return whether GitHub could rightly say this: free texts, an unknown event, no parents, no account."""
    free = {"message", "login", "html_url", "ref", "full_name", "event"}
    return (
        (isinstance(new, str) and place[-1] in free)
        or (new is True and place[-1] == "merged")
        or (isinstance(new, dict) and place[-1] in {"author", "committer"})
        or (new == [] and place[-1] == "parents")
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", NEEDED)
@pytest.mark.parametrize("new", [17.5, {"odd": 1}, "odd \u202e", True, []])
def test_a_field_of_another_type_is_never_believed(world: World, path: str, new: object) -> None:
    number = merged_change(world)
    for place in NEEDED[path]:
        if not possible(place, new):
            world.sandbox.server.interceptors.clear()
            world.alter(path, replaced(new, *place))
            refused(lambda: world.forge().change_request(number))


def test_an_author_without_an_account_is_counted(world: World) -> None:
    number = merged_change(world)
    world.alter("/pulls/1/commits", replaced({}, 0, "author"))
    (commit,) = world.forge().change_request(number).commits
    assert commit.unattributed == 1


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/pulls/1", ("merged_at",)),
        ("/pulls/1", ("merge_commit_sha",)),
        ("/pulls/1", ("base", "repo")),
        ("/pulls/1", ("head", "sha")),
        ("/pulls/1/reviews", (0, "state")),
        ("/pulls/1/reviews", (0, "submitted_at")),
        ("/pulls/1/commits", (0, "commit")),
        ("/activity", (0, "after")),
        ("/issues/1/timeline", (0, "created_at")),
    ],
)
def test_null_where_something_is_needed(world: World, path: str, place: tuple[str | int, ...]) -> None:
    number = merged_change(world)
    world.alter(path, replaced(None, *place))
    refused(lambda: world.forge().change_request(number))


def test_unknown_words_are_errors_that_name_them(world: World) -> None:
    number = merged_change(world)
    world.alter("/pulls/1/reviews", replaced("APPROVED_WITH_NOTES", 0, "state"))
    error = refused(lambda: world.forge().change_request(number))
    assert "APPROVED_WITH_NOTES" in error.why
    world.sandbox.server.interceptors.clear()
    world.alter("/activity", replaced("teleport", 0, "activity_type"))
    assert "teleport" in refused(lambda: world.forge().change_request(number)).why


def test_a_custom_role_counts_as_what_it_is_based_on(world: World) -> None:
    def custom(answer: Any) -> Any:
        return {**answer, "role_name": "release captain", "permission": "write"}

    world.alter("/permission", custom)
    assert world.forge().permission(world.forge().actor("alice")).name == "WRITE"


def test_an_unknown_permission_is_an_error(world: World) -> None:
    world.alter("/permission", lambda answer: {**answer, "role_name": "emperor", "permission": "emperor"})
    assert "emperor" in refused(lambda: world.forge().permission(world.forge().actor("alice"))).why


# --- lists ------------------------------------------------------------


@pytest.mark.parametrize("path", ["commits", "files"])
def test_a_list_that_lost_something_is_an_error(world: World, path: str) -> None:
    world.write("bob", "one")
    world.write("bob", "two")
    number = world.open().number
    world.alter(f"/pulls/{number}/{path}", lambda items: items[:-1])
    forge = world.forge()
    call = forge.change_request if path == "commits" else forge.changed_files
    assert "1 of 2 were listed" in refused(lambda: call(number)).what


def test_more_commits_than_github_lists(world: World) -> None:
    change = world.open()
    world.alter(f"/pulls/{change.number}", lambda answer: {**answer, "commits": 251})
    (limit,) = world.forge().change_request(change.number).limits
    assert limit == "it has 251 commits, of which GitHub lists the first 250 only"


def test_a_review_that_stands_on_two_pages(world: World) -> None:
    change = world.open()
    world.approve(change, "carol")
    world.alter(f"/pulls/{change.number}/reviews", lambda items: items * 2)
    assert "twice" in refused(lambda: world.forge().change_request(change.number)).what


def test_pages_at_another_host_and_pages_without_end(world: World) -> None:
    change = world.open()
    path = f"/pulls/{change.number}/reviews"
    elsewhere = Response(200, b"[]", {"Link": '<https://evil.example/repos/x?page=2>; rel="next"'})
    world.answer(path, elsewhere)
    assert "evil.example" in refused(lambda: world.forge().change_request(change.number)).why
    world.sandbox.server.interceptors.clear()
    again = Response(200, b"[]", {"Link": f'<{world.api}/repos/{world.name}{path}?page=2>; rel="next"'})
    asked = world.answer(path, again)
    assert "more than 100 pages" in refused(lambda: world.forge().change_request(change.number)).what
    assert len(asked) == 100


@pytest.mark.parametrize("path", ["/pulls/{}/reviews", "/issues/{}/timeline"])
def test_full_pages_without_end_are_a_limit(world: World, path: str) -> None:
    """So much will not become less: it is said in what was read, for a rule to deny."""
    change = world.open()
    world.changes.review(change, world.who("carol"), "COMMENT", body="hm")
    world.changes.set_state(change, world.who("bob"), "closed")
    place = path.format(change.number)
    (page,) = [json.dumps(_page(world, place)).encode()]
    again = Response(200, page, {"Link": f'<{world.api}/repos/{world.name}{place}?page=2>; rel="next"'})
    asked = world.answer(place, again)
    read = world.forge().change_request(change.number)
    assert len(asked) == 100
    assert [each.endswith("more than 100 pages") for each in read.limits] == [True]
    assert read.reviews == () or "timeline" in path


def _page(world: World, place: str) -> Any:
    from counterseal_sandbox.client import SandboxClient

    return SandboxClient(world.sandbox.url).call(
        "GET", f"{world.api}/repos/{world.name}{place}", token=world.token("carol")
    )


def test_two_change_requests_that_claim_one_revision(world: World) -> None:
    one = world.open(branch="one")
    world.repository.move_branch("two", one.head, world.who("carol"))
    world.changes.open(world.who("carol"), "two", "main", title="the same again")
    world.repository.move_branch("main", one.head, world.who("carol"))
    first = world.forge().change_request_of(one.head, "refs/heads/main")
    assert first is not None
    assert first.number == one.number  # it was opened first, and the forge merged neither
