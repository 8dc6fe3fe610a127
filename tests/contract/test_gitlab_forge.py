"""GitLab as a `Forge`: the contract of the port, and what only GitLab has: approvals without a revision, job tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.test_forge import MAIN, ForgeContract
from tests.contract.world import GitLabWorld, refused

from counterseal.adapters.gitlab.access import GitLabTokens
from counterseal.errors import ServiceError
from counterseal.model import Actor, ActorKind, Permission, Review, ReviewState
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.git.objects import Signature

if TYPE_CHECKING:
    from counterseal.adapters.gitlab.forge import GitLabForge
    from counterseal_sandbox.forge.change import Change

Opinion = tuple[str | None, str, str | None]


def opinions(found: tuple[Review, ...]) -> list[Opinion]:
    return [(each.actor.login if each.actor else None, each.state.value, each.revision) for each in found]


def silent(notes: Any, start: str) -> Any:
    """Return notes of which those that begin so say something else."""
    return [{**each, "body": "did something"} if each["body"].startswith(start) else each for each in notes]


class TestGitLabForge(ForgeContract):
    @pytest.fixture
    def world(self, gitlab_world: GitLabWorld) -> GitLabWorld:
        return gitlab_world

    @pytest.fixture
    def forge(self, world: GitLabWorld) -> GitLabForge:
        return world.forge()

    def read(self, world: GitLabWorld, change: Change) -> list[Opinion]:
        return opinions(world.forge().change_request(change.number).reviews)

    # --- people ------------------------------------------------------------------------------

    def test_accounts_have_a_kind(self, world: GitLabWorld, forge: GitLabForge) -> None:
        assert forge.actor("alice") == Actor(world.host, 1001, "alice", ActorKind.USER)
        assert forge.actor(world.bot().login).kind is ActorKind.BOT

    def test_a_login_that_nobody_has_now(self, forge: GitLabForge) -> None:
        with pytest.raises(ServiceError, match="0 accounts have this name"):
            forge.actor("nobody-here")

    def test_a_renamed_member_stays_who_they_are(self, world: GitLabWorld, forge: GitLabForge) -> None:
        actor = Actor(world.host, 1002, "bob-as-he-was-called")
        assert forge.permission(actor) is Permission.WRITE

    @pytest.mark.parametrize("change", [{"state": "blocked"}, {"membership_state": "awaiting"}])
    def test_who_is_blocked_may_do_nothing(
        self, world: GitLabWorld, forge: GitLabForge, change: dict[str, str]
    ) -> None:
        world.alter("/members/all/1002", lambda shown: {**shown, **change})
        assert forge.permission(Actor(world.host, 1002, "bob")) is Permission.NONE

    def test_a_level_that_is_not_known_is_an_error(self, world: GitLabWorld, forge: GitLabForge) -> None:
        world.alter("/members/all/1002", lambda shown: {**shown, "access_level": 35})
        assert "35" in refused(lambda: forge.permission(Actor(world.host, 1002, "bob"))).why

    @pytest.mark.parametrize(
        ("level", "permission"),
        [
            (0, Permission.NONE),
            (5, Permission.NONE),
            (15, Permission.READ),
            (25, Permission.TRIAGE),
        ],
    )
    def test_levels_between_the_roles_everybody_knows(
        self, world: GitLabWorld, forge: GitLabForge, level: int, permission: Permission
    ) -> None:
        world.alter("/members/all/1002", lambda shown: {**shown, "access_level": level})
        assert forge.permission(Actor(world.host, 1002, "bob")) is permission

    def test_an_answer_about_somebody_else_is_an_error(self, world: GitLabWorld, forge: GitLabForge) -> None:
        change = world.open()
        for path in ("/members/all/1002", "/users/1002"):
            world.alter(path, lambda shown: {**shown, "id": 1003})
        refused(lambda: forge.permission(Actor(world.host, 1002, "bob")))
        refused(lambda: forge.change_request(change.number))

    def test_an_account_by_login_is_the_one_of_exactly_that_name(self, world: GitLabWorld, forge: GitLabForge) -> None:
        assert forge.actor("ALICE").id == 1001
        world.alter("/users", lambda found: [{**found[0], "username": f"{found[0]['username']}2"}])
        assert "0 accounts have this name" in refused(lambda: forge.actor("alice")).what
        world.sandbox.server.interceptors.clear()
        assert "is nobody" in refused(lambda: forge.actor("ghost")).what

    @pytest.mark.parametrize("name", ["ghost", "ghost1"])
    def test_gitlabs_ghosts_are_nobody(self, world: GitLabWorld, forge: GitLabForge, name: str) -> None:
        change = world.open()
        world.approve(change, "carol")
        ghost = {"id": 1003, "username": name}
        world.alter("/notes", lambda notes: [{**each, "author": {**each["author"], **ghost}} for each in notes])
        (review, _) = forge.change_request(change.number).reviews
        assert review.actor is None

    def test_an_author_that_is_no_user_is_an_error(self, world: GitLabWorld, forge: GitLabForge) -> None:
        number = world.open().number

        def project(answer: Any) -> Any:
            if "data" in answer:  # of all answers only GraphQL's has it
                (node,) = answer["data"]["project"]["mergeRequest"]["commits"]["nodes"]
                node["author"]["id"] = "gid://gitlab/Project/1002"
            return answer

        world.alter("", project)
        assert "is not a user" in refused(lambda: forge.change_request(number)).why

    # --- which merge request -----------------------------------------------------------------

    def test_each_commit_of_a_branch_moved_forward_belongs_to_it(self, world: GitLabWorld, forge: GitLabForge) -> None:
        world.repository.merge_method = "ff"
        made = [world.write("bob", name) for name in ("one", "two", "three")]
        change = world.open()
        world.changes.merge(change, world.who("alice"), "merge")
        for revision in made:
            found = forge.change_request_of(revision, MAIN)
            assert found is not None
            assert (found.number, found.merge_revision) == (change.number, made[-1])

    def test_a_squashed_commit_without_a_merge_commit(self, world: GitLabWorld, forge: GitLabForge) -> None:
        world.repository.merge_method = "ff"
        inner = world.write("bob", "one")
        world.write("bob", "two")
        change = world.open()
        revision = world.changes.merge(change, world.who("alice"), "squash")
        found = forge.change_request_of(revision, MAIN)
        assert found is not None
        assert (found.number, found.merge_revision) == (change.number, revision)
        assert forge.change_request_of(inner, MAIN) is None

    # --- approvals ---------------------------------------------------------------------------

    def test_an_approval_is_about_the_version_of_its_time(self, world: GitLabWorld) -> None:
        change = world.open()
        old = change.head
        world.approve(change, "carol")
        new = world.write("bob", "more")
        world.changes.comment(change, world.who("alice"), "approved this merge request")
        world.approve(change, "dora")
        reviews = world.forge().change_request(change.number).reviews
        assert opinions(reviews) == [("carol", "approved", old), ("dora", "approved", new)]
        notes = [each.id for each in change.comments if each.body == "approved this merge request" and each.system]
        assert [each.id for each in reviews] == notes
        assert reviews[0].url.endswith(f"/-/merge_requests/{change.number}#note_{notes[0]}")

    def test_an_approval_that_is_taken_back_is_dismissed(self, world: GitLabWorld) -> None:
        change = world.open()
        world.approve(change, "carol")
        world.repository.merge_requests.unapprove(change, world.who("carol"))
        assert self.read(world, change) == [("carol", "approved", change.head), ("carol", "dismissed", None)]

    def test_a_push_that_resets_approvals_dismisses_them(self, world: GitLabWorld) -> None:
        world.repository.reset_approvals_on_push = True
        change = world.open()
        old = change.head
        world.approve(change, "carol")
        new = world.write("bob", "more")
        world.approve(change, "carol")
        assert self.read(world, change) == [
            ("carol", "approved", old),
            ("carol", "dismissed", None),
            ("carol", "approved", new),
        ]

    def test_a_push_back_to_what_was_approved_does_not_bring_the_approval_back(self, world: GitLabWorld) -> None:
        # the reset is told in words that nobody knows, so only the second approval gives it away
        change = world.open()
        old = change.head
        world.approve(change, "carol")
        world.write("bob", "more")
        del change.approvals[1003]
        world.changes.note(change, world.who("bob"), "took some approvals away in a new way")  # type: ignore[attr-defined]
        world.approve(change, "carol")
        world.repository.move_branch("work", old, world.who("bob"))
        del change.approvals[1003]
        assert [state for _, state, _ in self.read(world, change)] == ["approved", "dismissed", "approved", "dismissed"]

    def test_a_note_without_its_approval_does_not_count(self, world: GitLabWorld) -> None:
        change = world.open()
        world.approve(change, "carol")
        world.approve(change, "dora")
        del change.approvals[1003]
        assert self.read(world, change) == [
            ("carol", "approved", change.head),
            ("dora", "approved", change.head),
            ("carol", "dismissed", None),
        ]

    def test_an_approval_without_its_note_does_not_count(self, world: GitLabWorld) -> None:
        change = world.open()
        change.approvals[1003] = world.model.now()
        assert self.read(world, change) == [("carol", "dismissed", None)]

    def test_a_note_that_somebody_wrote_or_imported_is_none_of_gitlabs(self, world: GitLabWorld) -> None:
        change = world.open()
        world.approve(change, "carol")
        world.alter("/notes", lambda notes: [{**each, "imported": True} for each in notes])
        assert self.read(world, change) == [("carol", "dismissed", None)]

    def test_an_approval_is_dated_when_it_was_given(self, world: GitLabWorld) -> None:
        # GitLab writes the note up to some seconds later; what is pushed in between was not approved
        change = world.open()
        old = change.head
        given = world.repository.now()
        world.write("bob", "more")
        world.approve(change, "carol")
        change.approvals[1003] = given
        assert self.read(world, change) == [("carol", "approved", old)]

    def test_a_demand_for_changes_stands_until_its_author_approves(self, world: GitLabWorld) -> None:
        change = world.open()
        world.approve(change, "dora")
        world.changes.review(change, world.who("dora"), "REQUEST_CHANGES")
        assert self.read(world, change) == [
            ("dora", "approved", change.head),
            ("dora", "changes-requested", change.head),
        ]
        change.reviewers[1010].state = "unreviewed"  # the author asks for another review
        assert self.read(world, change)[-1][1] == "changes-requested"
        world.approve(change, "dora")
        assert self.read(world, change)[-1] == ("dora", "approved", change.head)

    def test_a_demand_for_changes_needs_no_note(self, world: GitLabWorld) -> None:
        change = world.open()
        world.approve(change, "dora")
        world.changes.review(change, world.who("carol"), "REQUEST_CHANGES")
        world.alter("/notes", lambda notes: silent(notes, "requested changes"))
        assert self.read(world, change) == [("dora", "approved", change.head), ("carol", "changes-requested", None)]

    def test_a_bots_approval_is_a_bots(self, world: GitLabWorld) -> None:
        change = world.open()
        world.repository.merge_requests.approve(change, world.bot(Role.WRITE))
        (review,) = world.forge().change_request(change.number).reviews
        assert review.actor is not None
        assert review.actor.kind is ActorKind.BOT

    def test_a_hundred_and_thirty_notes_are_all_read(self, world: GitLabWorld) -> None:
        change = world.open()
        for number in range(130):
            world.changes.comment(change, world.who("carol"), str(number))
        world.approve(change, "dora")
        assert self.read(world, change) == [("dora", "approved", change.head)]

    def test_a_version_that_is_not_made_yet_is_an_error(self, world: GitLabWorld, forge: GitLabForge) -> None:
        change = world.open()
        change.versions.append(
            change.versions.pop().__class__(9, world.first, world.first, world.first, change.created_at)
        )
        assert "a moment after a push" in refused(lambda: forge.change_request(change.number)).why

    def test_a_version_with_the_same_head_tells_of_a_retarget_by_itself(self, world: GitLabWorld) -> None:
        world.repository.move_branch("stable", world.first, world.who("alice"))
        change = world.open()
        world.approve(change, "carol")
        world.changes.retarget(change, world.who("bob"), "stable")
        world.alter("/notes", lambda notes: silent(notes, "changed target branch"))
        read = world.forge().change_request(change.number)
        assert read.base_retargeted_at == change.versions[-1].created_at
        assert read.reviews[0].submitted_at is not None
        assert read.reviews[0].submitted_at < read.base_retargeted_at

    # --- who made it -------------------------------------------------------------------------

    def test_gitlabs_own_committer_is_nobody_if_gitlab_signed(self, world: GitLabWorld, forge: GitLabForge) -> None:
        git, bob, now = world.repository.git, world.who("bob"), datetime.now(UTC)
        author, committer = Signature("bob", world.noreply("bob"), now), Signature("GitLab", "noreply@gitlab.com", now)
        tree = git.tree_with(world.first, "by-button", b"x")
        sha = git.commit_tree(tree, [world.first], "by button", author=author, committer=committer)
        world.repository.move_branch("work", sha, bob)
        number = world.open().number
        assert forge.change_request(number).commits[0].unattributed == 1
        world.repository.signed.add(sha)
        (commit,) = forge.change_request(number).commits
        assert ({each.id for each in commit.people}, commit.unattributed) == ({1002}, 0)

    def test_bots_that_made_it_are_bots(self, world: GitLabWorld, forge: GitLabForge) -> None:
        bot = world.bot(Role.WRITE)
        address = bot.noreply_at(world.kind)
        world.repository.move_branch("work", world.first, bot)
        world.repository.write_file("work", "one", b"1", bot)
        world.write("bob", "two", trailers=f"Co-authored-by: bot <{address}>")
        read = forge.change_request(world.changes.open(bot, "work", "main", title="of a bot").number)
        assert read.author == Actor(world.host, bot.id, bot.login, ActorKind.BOT)
        assert {(each.id, each.kind) for each in read.pushers} == {(bot.id, ActorKind.BOT), (1002, ActorKind.USER)}
        by_bot, by_both = ({(each.id, each.kind) for each in commit.people} for commit in read.commits)
        assert by_bot == {(bot.id, ActorKind.BOT)}
        assert by_both == {(bot.id, ActorKind.BOT), (1002, ActorKind.USER)}

    def test_an_account_that_does_not_exist_is_nobody_s(self, world: GitLabWorld, forge: GitLabForge) -> None:
        world.write("bob", trailers="Co-authored-by: x <99999-x@users.noreply.gitlab.com>")
        (commit,) = forge.change_request(world.open().number).commits
        assert [(each.id, each.kind) for each in commit.people] == [(1002, ActorKind.USER), (99999, ActorKind.OTHER)]

    def test_a_push_of_many_branches_hides_who_pushed(self, world: GitLabWorld, forge: GitLabForge) -> None:
        world.write("bob", "one")
        change = world.open()

        def bulk(events: Any) -> Any:
            return [
                {**each, "push_data": {**each["push_data"], "ref": None, "commit_from": None, "commit_to": None}}
                if each["push_data"]["commit_to"] == change.head
                else each
                for each in events
            ]

        world.alter("/events", bulk)
        read = forge.change_request(change.number)
        assert (read.pushers, read.unknown_pushers) == ((), 1)

    def test_a_deletion_of_many_branches_may_have_been_of_this_one(
        self, world: GitLabWorld, forge: GitLabForge
    ) -> None:
        world.write("carol", "one")
        change = world.open()
        world.repository.move_ref("refs/heads/work", None, world.who("alice"))
        world.repository.move_branch("work", change.head, world.who("dora"))
        world.changes.set_state(change, world.who("alice"), "open")

        def bulk(events: Any, **more: str) -> Any:
            """Leave of the deletion only that it was, and of what was before it nothing."""
            removed = {**events[1]["push_data"], "ref": None, "commit_from": None, "commit_to": None, "ref_count": 4}
            others = [{**each, "push_data": {**each["push_data"], "ref": "other"}} for each in events[2:]]
            return [events[0], {**events[1], "push_data": removed, **more}, *others]

        world.alter("/events", bulk)
        read = forge.change_request(change.number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1010}, 1)
        world.sandbox.server.interceptors.clear()
        world.alter("/events", lambda events: bulk(events, created_at="2020-01-01T00:00:00.000Z"))
        assert forge.change_request(change.number).unknown_pushers == 0, "long before it was opened"

    def test_a_tag_with_the_branchs_name_is_no_push_to_it(self, world: GitLabWorld, forge: GitLabForge) -> None:
        world.write("bob", "one")
        change = world.open()

        def tagged(events: Any) -> Any:
            tag = {**events[0]["push_data"], "ref_type": "tag", "ref": "work", "commit_to": change.head}
            carol = {**events[0]["author"], "id": 1003, "username": "carol"}
            return [{**events[0], "author": carol, "push_data": tag}, *events]

        world.alter("/events", tagged)
        read = forge.change_request(change.number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1002}, 0)

    def test_a_fork_that_is_gone(self, world: GitLabWorld, forge: GitLabForge) -> None:
        fork = world.model.fork(world.repository, "mallory")
        fork.move_branch("patch", world.first, world.who("mallory"))
        fork.write_file("patch", "file", b"x", world.who("mallory"))
        change = world.changes.open(world.who("mallory"), "patch", "main", title="patch", source=fork)
        assert {each.id for each in forge.change_request(change.number).pushers} == {1666}
        world.model.delete_repository(fork)
        read = forge.change_request(change.number)
        assert (read.pushers, read.unknown_pushers) == ((), 1)

    # --- tokens ------------------------------------------------------------------------------

    def test_without_the_token_that_reads_approvals_nothing_is_decided(self, world: GitLabWorld) -> None:
        number = world.open().number
        error = refused(lambda: world.forge(GitLabTokens(job=world.job())).change_request(number))
        assert "COUNTERSEAL_GITLAB_TOKEN" in error.why
        assert "project access token (Settings → Access tokens: role Reporter, scope read_api)" in error.fix
        assert "Settings → CI/CD → Variables" in error.fix

    def test_a_job_reads_files_and_a_person_everything(self, world: GitLabWorld) -> None:
        job = world.forge(GitLabTokens(job=world.job()))
        assert job.file_at(MAIN, "README.md") == b"first\n"
        change = world.open()
        world.approve(change, "carol")
        assert world.forge(world.token("dora")).change_request(change.number).number == change.number

    def test_a_job_cannot_open_or_comment_and_is_told_who_can(self, world: GitLabWorld, forge: GitLabForge) -> None:
        number = world.open().number
        assert "personal access token" in refused(lambda: forge.comment(number, "<!--", "<!-- x")).fix
        error = refused(
            lambda: forge.open_request(branch="counterseal-request/1", path="a", content=b"x", title="t", body="b")
        )
        assert "GITLAB_TOKEN" in error.why

    # --- writing -----------------------------------------------------------------------------

    def test_one_comment_is_kept_up_to_date(self, world: GitLabWorld) -> None:
        change, dora = world.open(), world.forge(world.token("dora"))
        world.changes.comment(change, world.who("mallory"), "<!-- ours -->\nnot really")
        dora.comment(change.number, "<!-- ours -->", "<!-- ours -->\nfirst")
        dora.comment(change.number, "<!-- ours -->", "<!-- ours -->\nsecond")
        assert [each.body for each in change.comments] == ["<!-- ours -->\nnot really", "<!-- ours -->\nsecond"]
        world.forge(world.token("carol")).comment(change.number, "<!-- ours -->", "<!-- ours -->\ncarol's")
        assert len(change.comments) == 3

    def test_other_peoples_words_are_no_orders_to_gitlab(self, world: GitLabWorld) -> None:
        change, dora = world.open(), world.forge(world.token("dora"))
        dora.comment(change.number, "<!-- ours -->", "<!-- ours -->\n/approve\n  /merge\nand/or")
        assert change.comments[-1].body == "<!-- ours -->\n\\/approve\n  \\/merge\nand/or"
        number, _ = dora.open_request(
            branch="counterseal-request/1", path="promotions/a.json", content=b"{}", title="t", body="why\n/approve"
        )
        assert world.changes.get(number).body == "why\n\\/approve"

    def test_a_branch_without_the_file_gets_it(self, world: GitLabWorld) -> None:
        world.repository.move_branch("counterseal-request/1", world.first, world.who("bob"))
        forge, path = world.forge(world.token("bob")), "promotions/staging/a.json"
        number, url = forge.open_request(
            branch="counterseal-request/1", path=path, content=b"{}\n", title="t", body="b"
        )
        assert url.endswith(f"/-/merge_requests/{number}")
        assert forge.changed_files(number) == [path]
        assert world.repository.git.text("ls-tree", world.changes.get(number).head, path).startswith("100644 blob")


def test_clocks_that_agree_are_needed_for_nothing_else(gitlab_world: GitLabWorld) -> None:
    """An approval before any version, as clocks that differ would make it, is about nothing."""
    change = gitlab_world.open()
    gitlab_world.approve(change, "carol")
    change.approvals[1003] = change.created_at - timedelta(minutes=1)
    (review,) = gitlab_world.forge().change_request(change.number).reviews
    assert (review.state, review.revision) == (ReviewState.APPROVED, None)
