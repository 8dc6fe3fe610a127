"""The contract of the port `ProjectSurvey`: what every adapter of it has to do, run against each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.contract.world import GitLabWorld, World, no_pause, refused

from counterseal.adapters.github.survey.survey import GitHubSurvey
from counterseal.adapters.gitlab.access import GitLabTokens
from counterseal.adapters.gitlab.survey.survey import GitLabSurvey
from counterseal.errors import ServiceError
from counterseal.identifiers import LEDGER_REF
from counterseal.model import ActorKind, Permission, Repository, Variable, Visibility
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.settings import VariableRecord

if TYPE_CHECKING:
    from counterseal.ports import ProjectSurvey

MAIN = "refs/heads/main"
TAGS = "refs/tags/v*"


class SurveyContract:
    """A subclass has the fixture `world`, and says how somebody surveys it: by default one who may see everything."""

    def survey(self, world: World, login: str = "olga") -> ProjectSurvey:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _owner(self, world: World) -> None:
        if world.model.accounts.by_login("olga") is None:
            world.model.create_account("olga", number=1099)
        world.repository.roles[1099] = Role.ADMIN

    @pytest.fixture
    def survey_of(self, world: World) -> ProjectSurvey:
        return self.survey(world)

    # --- the project and its people ----------------------------------------------------------

    def test_the_project_as_its_own_page_shows_it(self, world: World, survey_of: ProjectSurvey) -> None:
        project = survey_of.project()
        assert project.repository == Repository(world.host, world.repository.id, world.name)
        assert (project.visibility, project.default_ref) == (Visibility.PUBLIC, MAIN)
        assert (project.fork_of, project.archived, project.own) == (None, False, Permission.ADMIN)
        assert project.page == f"https://{world.host}/{world.name}"

    def test_another_project(self, world: World) -> None:
        world.repository.private, world.repository.settings.archived = True, True
        parent = world.model.create_repository(f"{world.name}-upstream", kind=world.kind)
        world.repository.parent = parent.id
        project = self.survey(world, "bob").project()
        assert (project.visibility, project.archived) == (Visibility.PRIVATE, True)
        assert (project.fork_of, project.own) == (parent.full_name, Permission.WRITE)

    def test_a_renamed_project_is_an_error(self, world: World, survey_of: ProjectSurvey) -> None:
        path = f"/{world.name}" if world.host == "github.com" else world.name
        name = "full_name" if world.host == "github.com" else "path_with_namespace"
        world.alter(path, lambda shown: {**shown, name: "acme/other"})
        assert "it is called acme/other now" in refused(survey_of.project).what

    def test_who_works_there(self, survey_of: ProjectSurvey) -> None:
        found = {each.actor.login: each for each in survey_of.collaborators()}
        assert {login: each.permission for login, each in found.items()} == {
            "olga": Permission.ADMIN,
            "alice": Permission.MAINTAIN,
            **dict.fromkeys(("bob", "carol", "dora"), Permission.WRITE),
        }
        assert (found["alice"].actor.id, found["alice"].actor.kind) == (1001, ActorKind.USER)

    def test_a_long_list_of_people_is_read_to_its_end(self, world: World, survey_of: ProjectSurvey) -> None:
        for number in range(120):
            login = f"p{world.repository.id}-{number}"
            world.repository.roles[world.model.create_account(login).id] = Role.READ
        assert len(survey_of.collaborators()) == 125

    # --- branches and tags -------------------------------------------------------------------

    def test_a_branch_that_changes_by_change_requests_only(self, world: World, survey_of: ProjectSurvey) -> None:
        world.repository.only_by_change_requests()
        rules = survey_of.branch_rules(MAIN)
        assert (rules.protected, rules.by_change_request, rules.pushers, rules.bypassers) == (True, True, (), ())
        assert (rules.forced, rules.deletable) == (False, False)

    def test_a_branch_that_people_push_to(self, survey_of: ProjectSurvey) -> None:
        rules = survey_of.branch_rules(MAIN)
        assert (rules.protected, rules.by_change_request, rules.forced) == (True, False, False)
        assert rules.pushers

    def test_a_branch_that_nothing_guards(self, world: World, survey_of: ProjectSurvey) -> None:
        world.write("bob")
        rules = survey_of.branch_rules("refs/heads/work")
        assert (rules.protected, rules.by_change_request, rules.forced, rules.deletable) == (False, False, True, True)
        assert rules.pushers

    def test_a_branch_that_may_be_forced(self, world: World, survey_of: ProjectSurvey) -> None:
        world.repository.let_force([MAIN])
        rules = survey_of.branch_rules(MAIN)
        assert (rules.protected, rules.forced) == (True, True)

    def test_a_branch_that_is_not_there_yet(self, world: World, survey_of: ProjectSurvey) -> None:
        assert survey_of.branch_rules(LEDGER_REF).protected
        world.repository.protect([MAIN])
        assert not survey_of.branch_rules(LEDGER_REF).protected

    @pytest.mark.parametrize(
        ("guard", "guarded"),
        [("refs/tags/v*", True), ("refs/tags/*", True), ("refs/tags/v1*", False), ("refs/tags/release-*", False)],
    )
    def test_tags(self, world: World, survey_of: ProjectSurvey, guard: str, guarded: bool) -> None:
        world.repository.protect([MAIN, guard])
        rules = survey_of.tag_rules(TAGS)
        assert (rules.protected, rules.forced, rules.deletable) == (guarded, not guarded, not guarded)

    # --- the rest ----------------------------------------------------------------------------

    def test_the_forges_clock(self, survey_of: ProjectSurvey) -> None:
        assert abs(survey_of.clock() - datetime.now(UTC)) < timedelta(seconds=30)


class TestGitHubSurvey(SurveyContract):
    def survey(self, world: World, login: str = "olga") -> GitHubSurvey:
        return GitHubSurvey(world.name, world.token(login), host=world.host, api_url=world.api, pause=no_pause)

    def test_a_custom_role_is_what_it_is_based_on(self, world: World, survey_of: GitHubSurvey) -> None:
        world.alter("/collaborators", lambda found: [{**each, "role_name": "releaser"} for each in found])
        assert {each.actor.login: each.permission for each in survey_of.collaborators()}["bob"] is Permission.WRITE

    def test_who_gets_around_the_rules_is_told_to_admins(self, world: World, survey_of: GitHubSurvey) -> None:
        world.repository.only_by_change_requests()
        world.repository.settings.bypassers = ("RepositoryRole:5", "OrganizationAdmin", "Team:7")
        who = ("repository admins", "organization owners", "team 7")
        rules = survey_of.branch_rules(MAIN)
        assert (rules.bypassers, rules.pushers) == (who, who)
        seen_by_bob = self.survey(world, "bob").branch_rules(MAIN)
        assert (seen_by_bob.bypassers, seen_by_bob.by_change_request, seen_by_bob.forced) == (None, True, False)

    def test_older_protection(self, world: World, survey_of: GitHubSurvey) -> None:
        world.repository.only_by_change_requests()
        settings = world.repository.settings
        settings.classic, settings.bypassers, settings.stale_approvals = frozenset({MAIN}), ("RepositoryRole:5",), False
        rules = survey_of.branch_rules(MAIN)
        assert (rules.protected, rules.by_change_request, rules.forced) == (True, True, False)
        assert (rules.stale_approvals, rules.bypassers) == (False, ("repository admins",))
        seen_by_bob = self.survey(world, "bob").branch_rules(MAIN)
        assert (seen_by_bob.protected, seen_by_bob.by_change_request, seen_by_bob.forced) == (True, None, None)
        assert (seen_by_bob.pushers, seen_by_bob.bypassers, seen_by_bob.stale_approvals) == (None, None, None)

    def test_what_the_rule_for_pull_requests_asks(self, world: World, survey_of: GitHubSurvey) -> None:
        world.repository.only_by_change_requests()
        rules = survey_of.branch_rules(MAIN)
        assert (rules.stale_approvals, rules.last_push_approved) == (True, False)
        settings = world.repository.settings
        settings.stale_approvals, settings.last_push_approved = False, True
        rules = self.survey(world).branch_rules(MAIN)
        assert (rules.stale_approvals, rules.last_push_approved) == (False, True)

    def test_switches(self, world: World, survey_of: GitHubSurvey) -> None:
        shown = survey_of.settings()
        assert (shown.immutable_releases, shown.actions_may_approve, shown.forks_run_here) == (False, False, False)
        world.repository.immutable_releases = world.repository.actions_may_approve = True
        world.repository.settings.fork_approval = "first_time_contributors_new_to_github"
        shown = self.survey(world).settings()
        assert (shown.immutable_releases, shown.actions_may_approve, shown.forks_run_here) == (True, True, True)
        hidden = self.survey(world, "alice").settings()
        assert (hidden.immutable_releases, hidden.actions_may_approve, hidden.forks_run_here) == (None, None, None)

    def test_workflows_and_their_state(self, world: World, survey_of: GitHubSurvey) -> None:
        path = ".github/workflows/promote.yml"
        world.repository.write_file("main", path, b"on: push\n", world.who("alice"))
        (shown,) = survey_of.schedules()
        assert (shown.file, shown.ref, shown.active, shown.state) == (path, MAIN, True, "active")
        world.repository.settings.workflows[path] = "disabled_inactivity"
        (shown,) = survey_of.schedules()
        assert (shown.active, shown.state) == (False, "disabled_inactivity")

    def test_a_list_of_workflows_that_lacks_some_is_an_error(self, world: World, survey_of: GitHubSurvey) -> None:
        world.repository.write_file("main", ".github/workflows/a.yml", b"on: push\n", world.who("alice"))
        world.alter("/workflows", lambda _: {"total_count": 2, "workflows": []})
        assert "0 were listed" in refused(survey_of.schedules).what

    def test_what_github_does_not_have(self, survey_of: GitHubSurvey) -> None:
        assert (*survey_of.variables(), *survey_of.inherited_variables(), *survey_of.access_tokens()) == ()

    def test_who_may_not_push_sees_no_collaborators(self, world: World) -> None:
        assert "403" in refused(self.survey(world, "mallory").collaborators).why


class TestGitLabSurvey(SurveyContract):
    @pytest.fixture
    def world(self, gitlab_world: GitLabWorld) -> GitLabWorld:
        return gitlab_world

    def survey(self, world: World, login: str = "olga", *, api: str = "") -> GitLabSurvey:
        tokens = GitLabTokens(personal=world.token(login), api=api or None)
        return GitLabSurvey(world.name, tokens, host=world.host, api_url=world.api, pause=no_pause)

    def test_an_empty_project(self, world: World, survey_of: GitLabSurvey) -> None:
        world.alter(world.name, lambda shown: {**shown, "default_branch": None})
        assert "has no branch yet" in refused(survey_of.project).what

    def test_who_is_no_member_may_read(self, world: World) -> None:
        assert self.survey(world, "mallory").project().own is Permission.READ

    def test_bots_are_known_as_such(self, world: GitLabWorld, survey_of: GitLabSurvey) -> None:
        bot = world.bot(Role.WRITE)
        found = {each.actor.id: each.actor.kind for each in survey_of.collaborators()}
        assert (found[bot.id], found[1001]) == (ActorKind.BOT, ActorKind.USER)

    def test_what_a_developer_sees_of_a_branch(self, world: World) -> None:
        seen = self.survey(world, "bob")
        assert (seen.branch_rules(MAIN).protected, seen.branch_rules(MAIN).by_change_request) == (True, False)
        world.repository.only_by_change_requests()
        rules = seen.branch_rules(MAIN)
        assert (rules.protected, rules.by_change_request, rules.pushers, rules.forced) == (True, None, None, None)
        assert "maintainer" in refused(lambda: seen.branch_rules("refs/heads/none")).fix
        assert "maintainer" in refused(lambda: seen.tag_rules(TAGS)).fix

    def test_who_may_push(self, world: World, survey_of: GitLabSurvey) -> None:
        world.repository.let_push(MAIN, Role.MAINTAIN)
        assert survey_of.branch_rules(MAIN).pushers == ("Maintainers",)

    @pytest.mark.parametrize("who", ["user_id", "group_id", "deploy_key_id"])
    def test_somebody_by_name_may_push(self, world: World, survey_of: GitLabSurvey, who: str) -> None:
        level = {"access_level": 0, "access_level_description": "Frank", who: 9}
        world.repository.only_by_change_requests()
        world.alter("/protected_branches", lambda found: [{**each, "push_access_levels": [level]} for each in found])
        rules = survey_of.branch_rules(MAIN)
        assert (rules.by_change_request, rules.pushers) == (False, ("Frank",))

    def test_switches(self, world: World, survey_of: GitLabSurvey) -> None:
        shown = survey_of.settings()
        assert (shown.job_token_may_push, shown.pipeline_variables, shown.forks_run_here) == (
            False,
            "no_one_allowed",
            True,
        )
        hidden = self.survey(world, "bob").settings()
        assert (hidden.job_token_may_push, hidden.pipeline_variables, hidden.forks_run_here) == (None, None, None)

    def test_schedules_and_what_their_owners_may(self, world: World, survey_of: GitLabSurvey) -> None:
        world.repository.schedule(world.who("bob"), "main")
        world.repository.schedule(world.who("mallory"), "refs/heads/other")
        mine, other = survey_of.schedules()
        assert mine.owner
        assert (mine.ref, mine.active, mine.owner.login, mine.owner_permission) == (
            MAIN,
            True,
            "bob",
            Permission.WRITE,
        )
        assert (other.ref, other.owner_permission) == ("refs/heads/other", Permission.NONE)

    def test_variables_without_their_values(self, world: World, survey_of: GitLabSurvey) -> None:
        world.repository.settings.variables += [
            VariableRecord("COUNTERSEAL_GITLAB_TOKEN"),
            VariableRecord("HTTPS_PROXY", "acme", protected=False, masked=False),
        ]
        token = Variable("COUNTERSEAL_GITLAB_TOKEN", "project", protected=True, masked=True)
        assert survey_of.variables() == [token]
        proxy = Variable("HTTPS_PROXY", "acme", protected=False, masked=False)
        assert proxy in survey_of.inherited_variables()  # the group has other projects, too
        assert "a value" not in repr(survey_of.variables())
        assert "owner of the group" in refused(self.survey(world, "mallory").inherited_variables).fix

    def test_tokens_and_when_they_end(self, world: GitLabWorld, survey_of: GitLabSurvey) -> None:
        token = world.reading()
        (found,) = survey_of.access_tokens()
        assert (found.name, found.scopes, found.permission, found.active) == (
            "counterseal",
            ("read_api",),
            Permission.TRIAGE,
            True,
        )
        assert found.expires
        assert timedelta(days=300) < found.expires - datetime.now(UTC) < timedelta(days=400)
        own, same = self.survey(world, api=token).access_tokens()
        assert (own.name, own.expires, same.name) == ("COUNTERSEAL_GITLAB_TOKEN", found.expires, "counterseal")

    def test_a_day_that_is_none(self, world: GitLabWorld, survey_of: GitLabSurvey) -> None:
        world.reading()
        world.alter("/access_tokens", lambda found: [{**each, "expires_at": "soon"} for each in found])
        with pytest.raises(ServiceError, match="is no day"):
            survey_of.access_tokens()
