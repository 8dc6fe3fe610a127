"""GitLab's face of the sandbox as strangers use it: python-gitlab unchanged, and what GitLab's documentation says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gitlab
import pytest
import requests
from gitlab.exceptions import GitlabError
from tests.contract.gitlab_described import Violations, deviations
from tests.contract.gitlab_operations import OPERATIONS
from tests.contract.world import watched

from counterseal.identifiers import LEDGER_BRANCH
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.gitlab.face import ROUTES
from counterseal_sandbox.forge.settings import VariableRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gitlab.v4.objects import Project
    from tests.contract.world import GitLabWorld

QUERY = "POST /api/graphql"
AUTHORS = (
    "{ project(fullPath: $path) { mergeRequest(iid: $iid) { commits(after: $after) "
    "{ pageInfo { hasNextPage endCursor } nodes { sha author { id username } } } } } }"
)


def stranger(world: GitLabWorld, token: str) -> gitlab.Gitlab:
    return gitlab.Gitlab(world.api.removesuffix("/api/v4"), private_token=token, retry_transient_errors=False)


def get(world: GitLabWorld, path: str, token: str = "", *, job: bool = False, **query: Any) -> requests.Response:
    headers = {"JOB-TOKEN" if job else "PRIVATE-TOKEN": token} if token else {}
    return requests.get(f"{world.api}{path}", headers=headers, params=query, timeout=10)


def here(world: GitLabWorld, path: str = "") -> str:
    return f"/projects/{world.repository.id}{path}"


# --- python-gitlab ---------------------------------------------------------------------------


def read_people_and_git(world: GitLabWorld, client: gitlab.Gitlab, project: Project) -> None:
    client.auth()
    assert client.user
    assert client.user.username == "alice"
    assert [each.id for each in client.users.list(username="bob")] == [1002]
    assert client.users.get(1002).bot is False
    assert project.members_all.get(1002).access_level == 30
    assert [each.push_data["ref"] for each in project.events.list(action="pushed")] == ["main"]
    assert sorted(each.name for each in project.protectedbranches.list(all=True)) == sorted(["main", LEDGER_BRANCH])
    assert project.pipelineschedules.list(all=True) == []
    world.repository.schedule(world.who("alice"), "refs/heads/main")
    assert [each.ref for each in project.pipelineschedules.list(scope="active", all=True)] == ["refs/heads/main"]
    read_jobs(world, project)
    project.branches.create({"branch": "work", "ref": "main"})
    assert project.branches.get("work").can_push
    assert [each.name for each in project.branches.list(search="^wor", all=True)] == ["work"]
    project.branches.create({"branch": "gone", "ref": "main"}).delete()
    assert dict(project.repository_compare("main", "work"))["commits"] == []  # type: ignore[arg-type]
    world.tag("v1")
    world.repository.git.run(
        "-c", "user.name=a", "-c", "user.email=a@b.example", "tag", "-a", "-m", "two", "v2", world.first
    )
    assert [each.message for each in project.tags.list(all=True)] == [None, "two"]
    assert project.tags.get("v1").created_at is None
    assert project.files.raw("README.md", ref="main") == b"first\n"
    world.repository.signed.add(world.first)
    commit = project.commits.get(world.first)
    signature: Any = commit.signature()
    assert signature["verification_status"] == "verified_system"


def read_jobs(world: GitLabWorld, project: Project) -> None:
    start = {"project": world.name, "ref": "refs/heads/main", "source": "push", "actor": "bob", "name": "build"}
    for _ in range(2):
        world.sandbox._start_job({**start, "pipelineId": 41})
    pipeline = project.pipelines.get(41, lazy=True)
    (job,) = pipeline.jobs.list(all=True)
    assert len(pipeline.jobs.list(all=True, include_retried=True)) == 2
    assert project.jobs.get(job.id).user["username"] == "bob"
    world.repository.write_file("main", *world.by_hand, world.who("alice"))
    started = project.pipelines.create({"ref": "main", "inputs": {"action": "hold"}})
    assert project.pipelines.get(started.id).source == "api"
    world.repository.write_file("main", world.by_hand[0], b"", world.who("alice"))


def walk_through_a_merge_request(world: GitLabWorld, project: Project) -> None:
    action = {"action": "create", "file_path": "promotions/a.json", "content": "{}"}
    made = project.commits.create({"branch": "work", "commit_message": "Ask", "actions": [action]})
    opened = project.mergerequests.create({"source_branch": "work", "target_branch": "main", "title": "Promote"})
    (number,) = (each.iid for each in project.mergerequests.list(state="opened", all=True))
    change = project.mergerequests.get(number)
    assert (change.sha, opened.iid) == (made.id, number)
    assert [each.id for each in change.commits()] == [made.id]
    assert [each.head_commit_sha for each in change.diffs.list(all=True)] == [made.id]
    project.manager.gitlab.http_list(here(world, f"/merge_requests/{number}/diffs"))
    approver = stranger(world, world.token("bob")).projects.get(project.id).mergerequests.get(number)
    approver.approve()
    assert [each["user"]["username"] for each in change.approvals.get().approved_by] == ["bob"]
    approver.unapprove()
    approver.notes.create({"body": "/submit_review requested_changes"})
    assert [each.state for each in change.reviewer_details.list(all=True)] == ["requested_changes"]
    note = change.notes.create({"body": "hello"})
    note.body = "good bye"
    note.save()
    assert "good bye" in [each.body for each in change.notes.list(all=True)]
    change.title = "Promote it"
    change.save()
    asked = {"query": AUTHORS, "variables": {"path": world.name, "iid": str(number), "after": None}}
    headers = {"Authorization": f"Bearer {world.token('bob')}"}
    graph = requests.post(world.api.replace("/v4", "/graphql"), json=asked, headers=headers, timeout=10).json()
    assert graph["data"]["project"]["mergeRequest"]["commits"]["nodes"][0]["author"]["username"] == "alice"
    change.merge()
    (event,) = change.resourcestateevents.list(all=True)
    assert (event.state, event.source_commit, event.source_merge_request_id) == ("merged", None, None)
    assert [each["iid"] for each in project.commits.get(made.id).merge_requests()] == [number]


def make_a_release(world: GitLabWorld, project: Project, folder: Path) -> None:
    (folder / "app.bin").write_bytes(b"for all")
    path = str(folder / "app.bin")
    project.generic_packages.upload("counterseal", "v1", "app.bin", path)
    project.generic_packages.upload("counterseal", "v1", "app.bin", path, select="package_file")
    assert project.generic_packages.download("counterseal", "v1", "app.bin") == b"for all"
    (package,) = project.packages.list(all=True)
    one, other = project.packages.get(package.id).package_files.list(all=True)
    assert one.file_sha256 == other.file_sha256
    other.delete()
    release = project.releases.create({"tag_name": "v1", "name": "one", "description": ""})
    release.links.create({"name": "app.bin", "url": f"{world.api}/app.bin", "direct_asset_path": "/app.bin"})
    assert [each.name for each in release.links.list(all=True)] == ["app.bin"]
    assert [each.tag_name for each in project.releases.list(all=True)] == ["v1"]
    assert project.releases.get("v1").assets["count"] == 1
    project.releases.delete("v1")
    assert project.releases.list(all=True) == []
    package.delete()
    assert project.packages.list(all=True) == []


Answer = tuple[str, int, bytes]


def change_settings(world: GitLabWorld, client: gitlab.Gitlab, project: Project) -> None:
    world.repository.roles[1001] = Role.ADMIN
    assert {each.id for each in project.members_all.list(all=True)} >= {1001, 1002, 1003, 1010}
    project.protectedbranches.create({"name": "release-*", "push_access_level": 0})
    assert project.protectedtags.list(all=True) == []
    project.protectedtags.create({"name": "v*", "create_access_level": 40})
    assert [each.name for each in project.protectedtags.list(all=True)] == ["v*"]
    world.repository.settings.variables += [VariableRecord("A"), VariableRecord("B", "acme")]
    assert [each.key for each in project.variables.list(all=True)] == ["A"]
    assert "B" in [each.key for each in client.groups.get("acme", lazy=True).variables.list(all=True)]
    world.reading()
    assert [each.access_level for each in project.access_tokens.list(all=True)] == [20]
    assert client.personal_access_tokens.get("self").expires_at is None
    project.ci_push_repository_for_job_token_allowed = True
    project.save()
    assert (world.repository.job_token_may_push, world.repository.is_protected("refs/tags/v1")) == (True, True)


@pytest.fixture
def answers(gitlab_world: GitLabWorld, tmp_path: Path) -> Iterator[list[Answer]]:
    """Every answer of a walk through all calls."""
    world, seen = gitlab_world, []
    face = world.sandbox.gitlab
    check = face.on_answer

    def note(*answer: Any) -> None:
        seen.append(answer)
        check(*answer)

    face.on_answer = note
    client = stranger(world, world.token("alice"))
    project = client.projects.get(world.name)
    read_people_and_git(world, client, project)
    walk_through_a_merge_request(world, project)
    make_a_release(world, project, tmp_path)
    change_settings(world, client, project)
    yield seen
    face.on_answer = check


def test_python_gitlab_makes_every_call_that_is_described(answers: list[Answer]) -> None:
    assert {name for name, status, _ in answers if status < 300} == set(OPERATIONS)


# --- descriptions ----------------------------------------------------------------------------


def test_every_route_is_described_and_every_description_has_its_route() -> None:
    assert sorted([*(each.name for each in ROUTES), QUERY]) == sorted(OPERATIONS)


def test_every_object_of_the_descriptions_is_closed() -> None:
    def check(schema: Any) -> None:
        if isinstance(schema, dict):
            assert "properties" not in schema or schema["additionalProperties"] is False
            for each in schema.values():
                check(each)
        elif isinstance(schema, list):
            for each in schema:
                check(each)

    check([list(each.answers.values()) for each in OPERATIONS.values()])


#: Where GitLab says so little that no content is wrong, and what is not always there.
FREE = {"trailers", "extended_trailers", "commands_changes", "evidences"}
OPTIONAL = {"permissions", "forked_from_project", "delete_api_path"} | {
    "ci_push_repository_for_job_token_allowed",
    "ci_pipeline_variables_minimum_override_role",
    "ci_allow_fork_pipelines_to_run_in_parent_project",
}


def spoilt(value: Any) -> Iterator[Any]:
    """Yield a JSON document with one thing wrong: another field, one missing, one of another type; at every depth."""
    if isinstance(value, dict):
        yield {**value, "new_in_gitlab_99": 1}
        for key, inner in value.items():
            if key not in OPTIONAL:
                yield {name: each for name, each in value.items() if name != key}
            if key not in FREE:
                yield {**value, key: {"odd": inner}}
                yield from ({**value, key: each} for each in spoilt(inner))
    elif isinstance(value, list) and value:
        yield from ([each, *value[1:]] for each in spoilt(value[0]))


def test_one_wrong_thing_in_an_answer_is_seen(answers: list[Answer]) -> None:
    ones = {(name, status): body for name, status, body in answers if OPERATIONS[name].answers[status]}
    count = 0
    for (name, status), body in ones.items():
        assert deviations(name, status, body) == []
        for wrong in spoilt(json.loads(body)):
            assert deviations(name, status, json.dumps(wrong).encode()), (name, wrong)
            count += 1
    assert count > 2000


def test_what_is_not_described_is_seen(gitlab_world: GitLabWorld) -> None:
    seen = Violations()
    seen("GET /projects/:id", 206, b"{}")
    seen("GET /projects/:id/wikis", 200, b"[]")
    seen("GET /projects/:id", 200, b"<html>")
    seen("GET /projects/:id", 404, b'{"message": "404", "why": "a field that no refusal has"}')
    seen("GET /projects/:id", 500, b'{"message": "sandbox defect"}')
    assert len(seen) == 5


def test_a_violation_fails_the_test_that_meets_it(gitlab_world: GitLabWorld) -> None:
    gitlab_world.repository.merge_method = "octopus"
    with (
        pytest.raises(AssertionError, match="merge_method: 'octopus' is not one of"),
        watched(gitlab_world.sandbox, gitlab_world.sandbox.gitlab, Violations()),
    ):
        get(gitlab_world, here(gitlab_world), gitlab_world.token("alice"))


# --- pages, roles, tokens --------------------------------------------------------------------


def test_pages_are_linked_and_counted(gitlab_world: GitLabWorld) -> None:
    world = gitlab_world
    change = world.open()
    for number in range(7):
        world.changes.comment(change, world.who("carol"), str(number))
    seen, url = [], f"{world.api}{here(world, f'/merge_requests/{change.number}/notes')}?sort=asc&per_page=3"
    while url:
        answer = requests.get(url, headers={"PRIVATE-TOKEN": world.token("bob")}, timeout=10)
        seen.append([each["body"] for each in answer.json()])
        assert (answer.headers["X-Total"], answer.headers["X-Per-Page"]) == ("7", "3")
        url = answer.links.get("next", {}).get("url", "")
        assert (answer.headers["X-Next-Page"] == "") == (not url)
    assert seen == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


#: From docs.gitlab.com "GitLab CI/CD job token", "Job token access".
JOB_MAY = {
    "GET /projects/:id/repository/branches",
    "GET /projects/:id/repository/commits/:sha",
    "GET /projects/:id/repository/commits/:sha/merge_requests",
    "GET /projects/:id/repository/files/:file_path/raw",
    "GET /projects/:id/merge_requests",
    "GET /projects/:id/merge_requests/:merge_request_iid",
    "GET /projects/:id/merge_requests/:merge_request_iid/notes",
    "GET /projects/:id/repository/tags",
}


def test_a_job_may_what_gitlab_lists_for_it_and_no_more() -> None:
    whole = {each.name for each in ROUTES if "/packages" in each.name or "/releases" in each.name}
    assert {each.name for each in ROUTES if each.job} == JOB_MAY | whole


@pytest.mark.parametrize("path", ["/merge_requests/1/approvals", "/merge_requests/1/versions", "/pipeline_schedules"])
def test_a_jobs_token_is_no_token_elsewhere(gitlab_world: GitLabWorld, path: str) -> None:
    gitlab_world.open()
    answer = get(gitlab_world, here(gitlab_world, path), gitlab_world.job(), job=True)
    assert (answer.status_code, answer.json()) == (401, {"message": "401 Unauthorized"})


def test_each_header_takes_its_own_kind_of_token(gitlab_world: GitLabWorld) -> None:
    place = here(gitlab_world, "/repository/tags")
    assert get(gitlab_world, place, gitlab_world.job()).status_code == 401
    assert get(gitlab_world, place, gitlab_world.token("alice"), job=True).status_code == 401


def test_people_may_do_what_their_role_says(gitlab_world: GitLabWorld) -> None:
    world = gitlab_world
    number = world.open().number
    project = stranger(world, world.token("mallory")).projects.get(world.name)
    for call in (
        lambda: project.mergerequests.get(number, lazy=True).approve(),
        lambda: project.branches.create({"branch": "x", "ref": "main"}),
        lambda: project.releases.create({"tag_name": "v1"}),
        lambda: project.protectedbranches.list(all=True),
        lambda: project.pipelineschedules.list(all=True),
    ):
        with pytest.raises(GitlabError, match="403"):
            call()
    world.repository.private = True
    assert get(world, here(world), world.token("mallory")).status_code == 404
    assert get(world, here(world)).status_code == 404
    assert get(world, here(world), world.token("carol")).status_code == 200


def test_a_token_with_read_api_writes_nothing(gitlab_world: GitLabWorld) -> None:
    world = gitlab_world
    token = world.model.project_token(world.repository, Role.MAINTAIN)
    with pytest.raises(GitlabError, match="insufficient_scope"):
        stranger(world, token).projects.get(world.name).branches.create({"branch": "x", "ref": "main"})


def test_who_may_push_to_a_branch_is_told_to_the_one_who_asks(gitlab_world: GitLabWorld) -> None:
    world = gitlab_world
    world.repository.let_push("refs/heads/main", Role.MAINTAIN)

    def told(login: str) -> tuple[bool, bool]:
        (branch,) = get(world, here(world, "/repository/branches"), world.job(login), job=True).json()
        return branch["can_push"], branch["developers_can_push"]

    assert (told("alice"), told("bob")) == ((True, False), (False, False))
    levels = get(world, here(world, "/protected_branches"), world.token("alice")).json()[0]["push_access_levels"]
    assert [each["access_level"] for each in levels] == [40]
