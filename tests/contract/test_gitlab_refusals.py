"""GitLab refuses, limits, or is not there: the contracts of refusals and of the line, GitLab's tokens and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from tests.contract.line_contract import LineContract
from tests.contract.refusal_contract import RefusalContract
from tests.contract.test_forge import MAIN
from tests.contract.world import refused

from counterseal.adapters.gitlab.access import GitLabTokens
from counterseal.errors import UsageError
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF, page
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from tests.contract.world import GitLabWorld

ONE = "/merge_requests/1"
#: The only call whose path ends so is GraphQL's.
GRAPHQL = "/"
PAGE = page("how-to-gitlab.md#3-settings")


PARTS = [
    ONE,
    *(f"{ONE}/{each}" for each in ("notes", "versions", "commits", "approvals", "reviewers")),
    "/events",
    GRAPHQL,
]


class TestGitLabLine(LineContract):
    """GitLab redirects calls about the old path of a project that moved; our token headers would go along."""

    parts: ClassVar = PARTS
    comments: ClassVar = f"{ONE}/notes"

    @pytest.fixture
    def world(self, gitlab_world: GitLabWorld) -> GitLabWorld:
        return gitlab_world


class TestGitLabRefusals(RefusalContract):
    parts: ClassVar = PARTS
    names: ClassVar = "not a project"

    @pytest.fixture
    def world(self, gitlab_world: GitLabWorld) -> GitLabWorld:
        return gitlab_world

    # --- tokens ------------------------------------------------------------

    @pytest.mark.parametrize(
        ("kind", "says"),
        [
            ("job", "ends with its job"),
            ("api", "COUNTERSEAL_GITLAB_TOKEN is wrong"),
            ("personal", "the token is wrong"),
        ],
    )
    def test_an_ended_token_is_named(self, world: GitLabWorld, kind: str, says: str) -> None:
        token = {"job": world.job(), "api": world.reading(), "personal": world.token("bob")}[kind]
        world.model.accounts.revoke_token(token)
        error = refused(lambda: world.forge(GitLabTokens(**{kind: token})).file_at(MAIN, "README.md"), token)
        assert error.why == "HTTP 401: 401 Unauthorized"
        assert says in error.fix

    def test_no_token_at_all_reads_nothing(self, world: GitLabWorld) -> None:
        error = refused(lambda: world.forge(GitLabTokens()).repository())
        assert "COUNTERSEAL_GITLAB_TOKEN or GITLAB_TOKEN (or COUNTERSEAL_TOKEN) or CI_JOB_TOKEN is not set" in error.why
        assert PAGE in error.fix

    def test_a_token_of_another_project_sees_as_much_as_anybody(self, world: GitLabWorld) -> None:
        other = type(world)(world.sandbox)
        world.repository.private = True
        token = other.reading()
        error = refused(lambda: world.forge(GitLabTokens(job=world.job(), api=token)).repository(), token)
        assert "404" in error.why
        assert "role Reporter, scope read_api" in error.fix

    def test_every_token_stays_out_of_messages(self, world: GitLabWorld) -> None:
        tokens = GitLabTokens(job=world.job(), api=world.reading(), personal=world.token("bob"))
        told = " ".join(tokens.all)
        number = world.open().number
        for path, body in {
            ONE: {"message": {"base": [told]}},
            f"{ONE}/notes": {"error": told},
            f"{ONE}/approvals": {"error": "insufficient_scope", "error_description": told},
            GRAPHQL: {"errors": [{"message": told}]},
        }.items():
            world.sandbox.server.interceptors.clear()
            world.answer(path, json_response(body, 200 if path == GRAPHQL else 403))
            for token in tokens.all:
                assert "[token]" in refused(lambda: world.forge(tokens).change_request(number), token).why
        assert all(each not in repr(tokens) for each in tokens.all)

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ({"message": "403 Forbidden"}, "403 Forbidden"),
            ({"error": "insufficient_scope", "error_description": "more privileges"}, "more privileges"),
            ({"message": {"base": ["is blocked"]}}, '{"base": ["is blocked"]}'),
            ({"message": []}, "no reason given"),
            ([], "no reason given"),
            (b"\xff<html>", "no reason given"),
        ],
    )
    def test_a_refusal_in_any_of_gitlabs_shapes_is_told(self, world: GitLabWorld, body: Any, says: str) -> None:
        answer = Response(403, body) if isinstance(body, bytes) else json_response(body, 403)
        world.answer(ONE, answer)
        assert says in refused(lambda: world.forge().change_request(1)).why

    def test_an_empty_token_is_one_that_is_not_set(self, world: GitLabWorld) -> None:
        tokens, number = GitLabTokens(job=world.job(), api=""), world.open().number
        assert "COUNTERSEAL_GITLAB_TOKEN" in refused(lambda: world.forge(tokens).change_request(number)).why

    @pytest.mark.parametrize("url", ["https://gitlab.com", "https://gitlab.com/api/v3", "https://gitlab.com/api/v4/x"])
    def test_what_is_no_base_of_the_api_is_refused(self, world: GitLabWorld, url: str) -> None:
        with pytest.raises(UsageError, match="not a base of GitLab's API"):
            world.forge(api=url)

    def test_groups_have_groups(self, world: GitLabWorld) -> None:
        assert "404" in refused(world.forge(name="a/b/c").repository).why

    # --- statuses ------------------------------------------------------------

    @pytest.mark.parametrize("status", [204, 206])
    def test_a_status_that_is_no_answer(self, world: GitLabWorld, status: int) -> None:
        world.answer(ONE, Response(status))
        assert str(status) in refused(lambda: world.forge().change_request(1)).why

    def test_a_renamed_project_is_an_error(self, world: GitLabWorld) -> None:
        world.alter(f"/projects/{world.name}", lambda shown: {**shown, "path_with_namespace": "acme/other"})
        assert "it is called acme/other now" in refused(world.forge().repository).what

    def test_a_call_that_a_sandbox_does_not_know_is_told_as_that(self, world: GitLabWorld) -> None:
        world.answer(ONE, json_response({"message": "the sandbox does not answer it"}, 501))
        assert refused(lambda: world.forge().change_request(1)).fix == "this sandbox does not know the call"

    # --- GraphQL ------------------------------------------------------------

    @pytest.mark.parametrize(
        "answer",
        [
            {"errors": [{"message": "Timeout on commits"}]},
            {"data": {"project": None}, "errors": [{"message": "Timeout on commits"}]},
            {"data": None, "errors": [{"message": "Timeout on commits"}]},
        ],
    )
    def test_an_error_beside_the_data_is_an_error(self, world: GitLabWorld, answer: Any) -> None:
        number = world.open().number
        world.answer(GRAPHQL, json_response(answer))
        error = refused(lambda: world.forge().change_request(number))
        assert "Timeout on commits" in error.why

    @pytest.mark.parametrize("answer", [{}, [], {"data": None}, {"data": {"project": None}}])
    def test_data_that_is_not_there_is_an_error(self, world: GitLabWorld, answer: Any) -> None:
        number = world.open().number
        world.answer(GRAPHQL, json_response(answer))
        refused(lambda: world.forge().change_request(number))


class TestGitLabSettings:
    """What a gate sees of the settings before it signs; each of the four is named, with the page that lists them."""

    @pytest.fixture
    def world(self, gitlab_world: GitLabWorld) -> GitLabWorld:
        """A project whose settings are as the page says, with a ledger and a merged request."""
        world = gitlab_world
        world.changes.merge(world.open(), world.who("alice"))
        world.repository.move_branch(LEDGER_BRANCH, world.first, world.who("alice"))
        world.repository.schedule(world.who("alice"), MAIN)
        return world

    def test_all_is_well(self, world: GitLabWorld) -> None:
        assert world.forge().check_settings() == ()

    # --- reviews ------------------------------------------------------------

    def test_a_missing_token_is_named_with_its_setting(self, world: GitLabWorld) -> None:
        error = refused(world.forge(GitLabTokens(job=world.job())).check_settings)
        assert "COUNTERSEAL_GITLAB_TOKEN" in error.why
        for text in ("Settings → Access tokens: role Reporter, scope read_api", "Settings → CI/CD → Variables", PAGE):
            assert text in error.fix

    @pytest.mark.parametrize("path", ["/merge_requests", f"{ONE}/approvals"])
    def test_a_token_that_may_not_read_reviews_is_told_the_role(self, world: GitLabWorld, path: str) -> None:
        world.answer(path, json_response({"message": "403 Forbidden"}, 403))
        error = refused(world.forge().check_settings)
        assert "role Reporter, scope read_api" in error.fix

    def test_a_token_of_too_small_a_scope_is_told_the_scope(self, world: GitLabWorld) -> None:
        body = {"error": "insufficient_scope", "error_description": "The request requires higher privileges"}
        world.answer("/merge_requests", json_response(body, 403))
        error = refused(world.forge().check_settings)
        assert "insufficient_scope" in error.why
        assert "scope read_api" in error.fix

    def test_a_project_without_merge_requests_has_no_approvals_to_read(self, gitlab_world: GitLabWorld) -> None:
        gitlab_world.open()
        asked = gitlab_world.answer("/approvals", Response(500))
        gitlab_world.forge().check_settings()
        assert asked == []

    # --- the branch ------------------------------------------------------------

    @pytest.mark.parametrize("least", [Role.MAINTAIN, None])
    def test_a_ledger_branch_that_is_shut_to_who_started_the_pipeline(
        self, world: GitLabWorld, least: Role | None
    ) -> None:
        world.repository.let_push(LEDGER_REF, least)
        forge = world.forge(GitLabTokens(job=world.job("bob"), api=world.reading()))
        error = refused(forge.check_settings)
        assert f"branch {LEDGER_BRANCH}: this pipeline may not push to it" in error.what
        assert f"Settings → Repository → Protected branches → {LEDGER_BRANCH} → Allowed to push and merge" in error.fix
        assert PAGE in error.fix

    def test_a_maintainers_pipeline_may_push_where_maintainers_may(self, world: GitLabWorld) -> None:
        world.repository.let_push(LEDGER_REF, Role.MAINTAIN)
        assert world.forge().check_settings() == ()

    def test_who_pushes_is_asked_about_and_not_who_reads(self, world: GitLabWorld) -> None:
        """The reading token is a Reporter's and may push nowhere."""
        tokens = GitLabTokens(job=world.job(), api=world.reading(), personal=world.token("bob"))
        world.repository.let_push(LEDGER_REF, Role.MAINTAIN)
        refused(world.forge(tokens).check_settings)

    def test_a_branch_of_another_name_is_not_the_ledger(self, world: GitLabWorld) -> None:
        world.alter("/branches", lambda shown: [{**each, "name": f"{LEDGER_BRANCH}-old"} for each in shown])
        world.repository.let_push(LEDGER_REF, None)
        assert world.forge().check_settings() == ()

    def test_a_ledger_branch_that_nothing_protects_is_warned_of(self, world: GitLabWorld) -> None:
        world.repository.protect(("refs/heads/main",))
        (warning,) = world.forge().check_settings()
        assert f"branch {LEDGER_BRANCH} is not protected" in warning
        assert "leave force pushes off" in warning
        assert PAGE in warning

    # --- the schedule ------------------------------------------------------------

    @pytest.mark.parametrize("ref", [None, "refs/heads/work", "mainly"])
    def test_a_missing_schedule_is_warned_of(self, world: GitLabWorld, ref: str | None) -> None:
        world.repository.schedules.clear()
        if ref:
            world.repository.schedule(world.who("alice"), ref)
        (warning,) = world.forge().check_settings()
        assert "no pipeline schedule is active on main" in warning
        assert "Build → Pipeline schedules" in warning
        assert PAGE in warning

    def test_a_schedule_that_is_switched_off_is_none(self, world: GitLabWorld) -> None:
        from dataclasses import replace

        world.repository.schedules[:] = [replace(each, active=False) for each in world.repository.schedules]
        assert len(world.forge().check_settings()) == 1
        world.alter("/pipeline_schedules", lambda _: [])
        world.sandbox.server.interceptors.clear()
        off = json_response([{"active": False, "ref": MAIN}])
        world.answer("/pipeline_schedules", off)  # a filter that is not understood is ignored
        assert len(world.forge().check_settings()) == 1

    def test_a_schedule_by_the_branchs_short_name_counts(self, world: GitLabWorld) -> None:
        """GitLab showed these before 17.0."""
        world.repository.schedules.clear()
        world.repository.schedule(world.who("alice"), "main")
        assert world.forge().check_settings() == ()

    @pytest.mark.parametrize("status", [403, 404])
    def test_schedules_that_cannot_be_read_are_said_to_be_so(self, world: GitLabWorld, status: int) -> None:
        world.answer("/pipeline_schedules", json_response({"message": "no"}, status))
        (warning,) = world.forge().check_settings()
        assert f"cannot be read (HTTP {status})" in warning
        assert PAGE in warning

    def test_a_forge_in_trouble_is_an_error_and_no_warning(self, world: GitLabWorld) -> None:
        world.answer("/pipeline_schedules", Response(503))
        assert "503" in refused(world.forge().check_settings).why
