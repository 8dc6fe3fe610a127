"""Starting the gate's run in a person's name: the same promises at both forges, and how each of them refuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.faults import lose_answers
from tests.contract.world import MAIN, refused

from counterseal.model import Permission, RunState
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.world import GitLabWorld, World

    from counterseal.model import StartedRun

INPUTS = {"action": "hold", "stage": "production"}


@pytest.fixture(params=["world", "gitlab_world"])
def anywhere(request: pytest.FixtureRequest) -> World:
    """Give a repository of GitHub, then a project of GitLab, whose file takes inputs."""
    world: World = request.getfixturevalue(request.param)
    put(world)
    return world


def put(world: World, content: bytes | None = None) -> None:
    path, takes = world.by_hand
    world.repository.write_file("main", path, takes if content is None else content, world.who("alice"))


def start(world: World, token: Any = None, **inputs: str) -> StartedRun:
    return world.runs(token).start(world.by_hand[0], MAIN, inputs or INPUTS)


class TestBoth:
    def test_what_was_asked_for_is_on_record_there(self, anywhere: World) -> None:
        run = start(anywhere)
        asked = anywhere.repository.asked[run.number]
        assert asked.inputs == INPUTS
        assert (asked.account, asked.ref, asked.file) == (1002, MAIN, anywhere.by_hand[0])
        assert asked.revision == anywhere.repository.branch("main")
        assert run.state is RunState.WAITING
        assert str(run.number) in run.page

    def test_inputs_that_are_not_given_have_their_defaults(self, anywhere: World) -> None:
        run = start(anywhere, action="hold")
        assert anywhere.repository.asked[run.number].inputs == {"action": "hold", "stage": "all"}

    def test_two_are_two(self, anywhere: World) -> None:
        first, second = start(anywhere), start(anywhere)
        assert first.page != second.page
        assert len(anywhere.repository.asked) == 2

    def test_how_far_it_is(self, anywhere: World) -> None:
        run, runs = start(anywhere), anywhere.runs()
        words = {"github.com": "queued in_progress success failure cancelled"}
        known = words.get(anywhere.host, "pending running success failed canceled").split()
        states = []
        for word in known:
            anywhere.repository.asked[run.number].status = word
            states.append(runs.look(run).state)
        waiting, failed = RunState.WAITING, RunState.FAILED
        assert states == [waiting, waiting, RunState.SUCCEEDED, failed, failed]
        assert runs.look(run).page == run.page

    def test_a_run_that_is_gone(self, anywhere: World) -> None:
        run, runs = start(anywhere), anywhere.runs()
        anywhere.repository.asked.clear()
        anywhere.repository.runs.clear()
        assert "404" in refused(lambda: runs.look(run)).why

    def test_an_input_that_the_file_does_not_take(self, anywhere: World) -> None:
        error = refused(lambda: start(anywhere, action="hold", hours="72"))
        assert "hours" in error.why
        assert f"{anywhere.by_hand[0]}" in error.fix
        assert "incidents.md#what-it-takes" in error.fix
        assert anywhere.repository.asked == {}

    def test_who_may_not_write(self, anywhere: World) -> None:
        token = anywhere.token("mallory")
        assert "403" in refused(lambda: start(anywhere, token), token).why
        assert anywhere.repository.asked == {}

    def test_nothing_is_asked_for_twice_when_an_answer_is_lost(self, anywhere: World) -> None:
        lost = lose_answers(anywhere, "POST", "/dispatches" if anywhere.host == "github.com" else "/pipeline")
        error = refused(lambda: start(anywhere))
        assert len(lost) == 1
        assert len(anywhere.repository.asked) == 1
        assert "nobody knows whether it started" in error.what
        assert re.search(r"look at https://git(hub|lab)\.com/acme/app-[0-9]+/.* before you ask again", error.fix)

    def test_an_answer_about_another_run_is_an_error(self, anywhere: World) -> None:
        run = start(anywhere)
        anywhere.alter(f"/{run.number}", lambda data: {**data, "id": 7})
        assert "answered with id '7'" in refused(lambda: anywhere.runs().look(run)).why

    def test_everybody_who_writes_may_start_one(self, anywhere: World) -> None:
        assert anywhere.forge(anywhere.token("bob")).least_to_start() is Permission.WRITE


class TestGitHub:
    def test_pygithub_as_it_is_starts_one_and_finds_it(self, world: World) -> None:
        from github import Auth, Github

        put(world)
        client = Github(auth=Auth.Token(world.token("bob")), base_url=world.api, retry=None)
        (workflow,) = client.get_repo(world.name).get_workflows()
        run = workflow.create_dispatch("main", INPUTS, throw=True, return_run_details=True)
        found = client.get_repo(world.name).get_workflow_run(run.id)
        assert (found.event, found.status, found.actor.login) == ("workflow_dispatch", "queued", "bob")
        assert world.repository.asked[run.id].inputs == INPUTS

    def test_its_identity_is_its_address_without_an_attempt(self, world: World) -> None:
        put(world)
        run = start(world)
        assert run.page == f"https://github.com/{world.name}/actions/runs/{run.number}"

    def test_a_workflow_that_nobody_starts_by_hand(self, world: World) -> None:
        put(world, b"on: [push]\n")
        error = refused(lambda: start(world))
        assert "does not have 'workflow_dispatch' trigger" in error.why
        assert "incidents.md#what-it-takes" in error.fix

    def test_a_workflow_that_is_not_there(self, world: World) -> None:
        token = world.token("bob")
        error = refused(lambda: start(world, token), token)
        assert "404" in error.why
        assert "is .github/workflows/promote.yml on main?" in error.fix
        assert "Actions: read and write" in error.fix

    def test_one_that_was_disabled(self, world: World) -> None:
        put(world)
        world.repository.settings.workflows[world.by_hand[0]] = "disabled_inactivity"
        assert refused(lambda: start(world)).fix == "enable the workflow: gh workflow enable promote.yml"

    def test_a_run_may_not_start_another_without_the_permission(self, world: World) -> None:
        put(world)
        token = world.token(actions="read", contents="write")
        error = refused(lambda: start(world, token), token)
        assert "403" in error.why
        assert "token of a person" in error.fix

    @pytest.mark.parametrize("place", ["https://evil.example/x/actions/runs/9", "https://github.com/acme/other"])
    def test_an_address_elsewhere_is_an_error(self, world: World, place: str) -> None:
        put(world)
        world.alter("/dispatches", lambda data: {**data, "html_url": place})
        assert "is no run of" in refused(lambda: start(world)).why

    def test_an_answer_that_names_no_run(self, world: World) -> None:
        put(world)
        world.answer("/dispatches", Response(204, b""))
        error = refused(lambda: start(world))
        assert "does not say which run it is" in error.why
        assert "before you ask again" in error.fix


class TestGitLab:
    def test_its_identity_is_the_address_of_the_pipeline(self, gitlab_world: GitLabWorld) -> None:
        put(gitlab_world)
        run = start(gitlab_world)
        assert run.page == f"https://gitlab.com/{gitlab_world.name}/-/pipelines/{run.number}"

    @pytest.mark.parametrize(
        ("inputs", "why"),
        [({"action": "revoke"}, "not in the list of allowed options"), ({"stage": "A"}, "match required RegEx")],
    )
    def test_a_value_that_the_file_does_not_take(
        self, gitlab_world: GitLabWorld, inputs: dict[str, str], why: str
    ) -> None:
        put(gitlab_world)
        assert why in refused(lambda: start(gitlab_world, **inputs)).why

    def test_a_value_that_does_not_fit_says_what_to_leave_out(self, gitlab_world: GitLabWorld) -> None:
        put(gitlab_world)
        assert "leave quotes" in refused(lambda: start(gitlab_world, stage='"')).fix

    def test_a_file_without_inputs(self, gitlab_world: GitLabWorld) -> None:
        put(gitlab_world, b"job: {script: [a]}\n")
        assert "not defined in the `spec` section" in refused(lambda: start(gitlab_world)).why

    def test_an_address_elsewhere_is_an_error(self, gitlab_world: GitLabWorld) -> None:
        put(gitlab_world)
        gitlab_world.alter("/pipeline", lambda data: {**data, "web_url": "https://evil.example/-/pipelines/9"})
        assert "is not pipeline" in refused(lambda: start(gitlab_world)).why

    def test_no_file(self, gitlab_world: GitLabWorld) -> None:
        assert "Missing CI config file" in refused(lambda: start(gitlab_world)).why

    def test_who_may_neither_merge_nor_push(self, gitlab_world: GitLabWorld) -> None:
        put(gitlab_world)
        why = b'{"message":{"base":["You do not have sufficient permission to run a pipeline on \'main\'."]}}'
        gitlab_world.answer("/pipeline", Response(400, why))
        error = refused(lambda: start(gitlab_world))
        assert "Protected branches" in error.fix

    def test_a_token_that_only_reads(self, gitlab_world: GitLabWorld) -> None:
        from counterseal.adapters.gitlab.access import GitLabTokens

        put(gitlab_world)
        reading = gitlab_world.reading()
        error = refused(lambda: start(gitlab_world, GitLabTokens(personal=reading)), reading)
        assert "403" in error.why
        assert "scope api" in error.fix

    def test_a_jobs_token_starts_nothing(self, gitlab_world: GitLabWorld) -> None:
        from counterseal.adapters.gitlab.access import GitLabTokens

        put(gitlab_world)
        error = refused(lambda: start(gitlab_world, GitLabTokens(job=gitlab_world.job(), api=gitlab_world.reading())))
        assert "no token that may do this" in error.what

    @pytest.mark.parametrize(
        ("change", "least"),
        [
            ({"developers_can_merge": False, "developers_can_push": False}, Permission.MAINTAIN),
            ({"developers_can_merge": False, "developers_can_push": True}, Permission.WRITE),
            ({"protected": False, "developers_can_merge": False}, Permission.WRITE),
        ],
    )
    def test_whom_the_branch_lets(self, gitlab_world: GitLabWorld, change: dict[str, bool], least: Permission) -> None:
        alter: Callable[[Any], Any] = lambda listed: [{**each, **change} for each in listed]  # noqa: E731
        gitlab_world.alter("/repository/branches", alter)
        assert gitlab_world.forge(gitlab_world.token("bob")).least_to_start() is least
