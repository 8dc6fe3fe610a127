"""GitHub's face of the sandbox as strangers use it: PyGithub unchanged, pages, permissions, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from github import Auth, Github, GithubException
from tests.contract.openapi import document

from counterseal_sandbox.forge.github import changes as github_changes
from counterseal_sandbox.forge.github import releases as github_releases
from counterseal_sandbox.forge.github import repositories as github_repositories
from counterseal_sandbox.forge.github import rules as github_rules
from counterseal_sandbox.forge.github import runs as github_runs
from counterseal_sandbox.forge.github import settings as github_settings
from counterseal_sandbox.forge.github.releases import UPLOADS

if TYPE_CHECKING:
    from pathlib import Path

    from github.Repository import Repository
    from tests.contract.world import World

ROUTES = [
    *github_repositories.ROUTES,
    *github_changes.ROUTES,
    *github_releases.ROUTES,
    *UPLOADS,
    *github_runs.ROUTES,
    *github_rules.ROUTES,
    *github_settings.ROUTES,
]


def stranger(world: World, token: str) -> Repository:
    client = Github(
        auth=Auth.Token(token),
        base_url=world.api,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    return client.get_repo(world.name)


def get(world: World, path: str, token: str | None = None, **query: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{world.api}{path}", headers=headers, params=query, timeout=10)


def test_every_route_is_one_of_githubs_operations() -> None:
    operations = {
        (operation["operationId"], method.upper(), path.count("/"))
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    assert {(each.operation, each.method) for each in ROUTES} == {each[:2] for each in operations}


def test_pygithub_walks_through_a_promotion(world: World, tmp_path: Path) -> None:
    bob, alice = (stranger(world, world.token(login)) for login in ("bob", "alice"))
    tip = bob.get_git_ref("heads/main").object.sha
    bob.create_git_ref("refs/heads/work", tip)
    made = bob.create_file("promotions/a.json", "Ask", b"{}", branch="work")["commit"].sha
    pull = bob.create_pull(base="main", head="work", title="Promote", body="please")
    assert (pull.head.sha, pull.user.login, pull.merged) == (made, "bob", False)
    with pytest.raises(GithubException, match="your own pull request"):
        pull.create_review(event="APPROVE")
    review = alice.get_pull(pull.number).create_review(event="APPROVE")
    assert (review.state, review.commit_id, review.user.id) == ("APPROVED", made, 1001)
    alice.get_pull(pull.number).get_review(review.id).dismiss("stale")
    assert [each.state for each in pull.get_reviews()] == ["DISMISSED"]
    alice.get_pull(pull.number).create_review(event="APPROVE")
    assert [each.sha for each in pull.get_commits()] == [made]
    assert [each.filename for each in pull.get_files()] == ["promotions/a.json"]
    pull.create_issue_comment("hello").edit("good bye")
    assert [each.body for each in pull.get_issue_comments()] == ["good bye"]
    merged = pull.merge(merge_method="squash").sha
    assert bob.get_branch("main").commit.sha == merged
    assert [each.number for each in bob.get_commit(merged).get_pulls()] == [pull.number]
    assert not list(bob.get_pulls())
    assert bob.get_collaborator_role_name("alice") == "maintain"
    assert bob.get_collaborator_permission("alice") == "write"
    assert bob.get_contents("promotions/a.json").decoded_content == b"{}"  # type: ignore[union-attr]
    bob.get_git_ref("heads/work").delete()
    with pytest.raises(GithubException, match="Not Found"):
        bob.get_git_ref("heads/work")


def test_pygithub_makes_a_release(world: World, tmp_path: Path) -> None:
    bob = stranger(world, world.token("bob"))
    release = bob.create_git_release("v1", "one", "text", draft=True)
    (tmp_path / "a file.txt").write_text("x")
    asset = release.upload_asset(str(tmp_path / "a file.txt"))
    assert (asset.name, asset.state, asset.size) == ("a.file.txt", "uploaded", 1)
    assert release.update_release("one", "text", draft=False).draft is False
    assert bob.get_release("v1").id == release.id
    asset.delete_asset()
    release.delete_release()


def test_pages_are_linked(world: World) -> None:
    change = world.open()
    for number in range(7):
        world.changes.review(change, world.who("carol"), "COMMENT", body=str(number))
    path, token = f"/repos/{world.name}/pulls/{change.number}/reviews", world.token()
    seen, url = [], f"{world.api}{path}?per_page=3"
    while url:
        answer = requests.get(url, headers={"Authorization": f"token {token}"}, timeout=10)
        seen.append([each["body"] for each in answer.json()])
        url = answer.links.get("next", {}).get("url", "")
    assert seen == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    links = get(world, path, token, per_page=3, page=2).links
    assert {name: link["url"].split("page=")[-1] for name, link in links.items()} == {
        "next": "3",
        "last": "3",
        "prev": "1",
        "first": "1",
    }


def test_the_log_of_pushes_has_a_cursor(world: World) -> None:
    for number in range(5):
        world.write("bob", str(number))
    url, seen = f"{world.api}/repos/{world.name}/activity?ref=work&per_page=2", []
    while url:
        answer = requests.get(url, headers={"Authorization": f"token {world.token()}"}, timeout=10)
        seen += [each["activity_type"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == ["push"] * 5 + ["branch_creation"]


def test_a_pending_review_is_its_authors_alone(world: World) -> None:
    change = world.open()
    world.changes.review(change, world.who("carol"), "")
    path = f"/repos/{world.name}/pulls/{change.number}/reviews"
    assert get(world, path, world.token()).json() == []
    (own,) = get(world, path, world.token("carol")).json()
    assert own["state"] == "PENDING"
    assert "submitted_at" not in own


def test_pygithub_reads_a_run_and_the_rules_of_a_branch(world: World) -> None:
    start = {"repository": world.name, "workflow": ".github/workflows/x.yml", "ref": "refs/heads/main"}
    people = {"event": "workflow_dispatch", "actor": "bob", "triggeringActor": "carol"}
    world.sandbox._start_run({**start, **people, "runId": 41, "attempt": 2})
    token = world.token("alice")
    run = get(world, f"/repos/{world.name}/actions/runs/41/attempts/2", token).json()
    assert (run["actor"]["login"], run["triggering_actor"]["login"], run["run_attempt"]) == ("bob", "carol", 2)
    assert get(world, f"/repos/{world.name}/actions/runs/41/attempts/3", token).status_code == 404
    rules = f"/repos/{world.name}/rules/branches/main"
    assert [each["type"] for each in get(world, rules, token).json()] == ["deletion", "non_fast_forward"]
    world.repository.only_by_change_requests()
    assert [each["type"] for each in get(world, rules, token).json()][-1] == "pull_request"


NEEDS = [
    ("contents", "read", "GET", "/branches/main"),
    ("contents", "read", "GET", "/contents/README.md"),
    ("contents", "read", "GET", "/git/ref/heads/main"),
    ("contents", "read", "GET", "/releases"),
    ("contents", "read", "GET", "/activity"),
    ("pull-requests", "read", "GET", "/pulls"),
    ("pull-requests", "read", "GET", "/pulls/1/reviews"),
    ("pull-requests", "read", "GET", "/issues/1/timeline"),
    ("contents", "write", "POST", "/releases"),
    ("contents", "write", "POST", "/git/refs"),
    ("contents", "write", "PUT", "/pulls/1/merge"),
    ("contents", "write", "PUT", "/contents/x"),
    ("pull-requests", "write", "POST", "/pulls"),
    ("pull-requests", "write", "POST", "/issues/1/comments"),
    ("pull-requests", "write", "POST", "/pulls/1/reviews"),
]


def test_each_call_needs_its_permission(world: World) -> None:
    world.open()
    everything = {"contents": "write", "pull-requests": "write", "issues": "write", "actions": "write"}
    for name, level, method, path in NEEDS:
        without = {key: value for key, value in everything.items() if key not in {name, "issues"}}
        if level == "write":
            without[name] = "read"
        token = world.model.run_token(world.repository, without)
        answer = requests.request(
            method,
            f"{world.api}/repos/{world.name}{path}",
            headers={"Authorization": f"Bearer {token}"},
            json={} if method != "GET" else None,
            timeout=10,
        )
        assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration"), path


def test_people_may_do_what_their_role_says(world: World) -> None:
    number = world.open().number
    reader = stranger(world, world.token("mallory"))
    assert reader.get_pull(number).create_review(event="COMMENT", body="from outside").state == "COMMENTED"
    for refused in (
        lambda: reader.get_pull(number).merge(),
        lambda: reader.create_git_ref("refs/heads/x", world.first),
        lambda: reader.create_git_release("v1", "n", "m"),
    ):
        with pytest.raises(GithubException, match="Resource not accessible by personal access token"):
            refused()
    world.repository.private = True
    assert get(world, f"/repos/{world.name}", world.token("mallory")).status_code == 404
    assert get(world, f"/repos/{world.name}").status_code == 404
    assert get(world, f"/repos/{world.name}", world.token("carol")).status_code == 200


def test_protected_branches_are_protected_from_the_api_too(world: World) -> None:
    repository = stranger(world, world.token("alice"))
    world.write("alice", "second", branch="main")
    reference = repository.get_git_ref("heads/main")
    with pytest.raises(GithubException, match="not a fast forward"):
        reference.edit(world.first, force=True)
    with pytest.raises(GithubException, match="protected branch"):
        reference.delete()


def test_published_assets_are_downloaded_by_anybody(world: World, tmp_path: Path) -> None:
    store = world.store()
    draft = store.create_draft(world.tag(), "app")
    (tmp_path / "file").write_bytes(b"for all")
    store.upload(draft, "file", tmp_path / "file")
    url = f"{world.sandbox.url}/github/git/{world.name}/releases/download/{draft.tag}/file"
    assert requests.get(url, timeout=10).status_code == 404
    store.publish(draft)
    (shown,) = get(world, f"/repos/{world.name}/releases").json()
    assert shown["assets"][0]["browser_download_url"] == url
    assert requests.get(url, timeout=10).content == b"for all"
