"""The contract of the port `Forge`: what every adapter of it has to do, run against each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.errors import ServiceError
from counterseal.model import Actor, ActorKind, Mover, Permission, Repository, ReviewState

if TYPE_CHECKING:
    from tests.contract.world import World

    from counterseal.ports import Forge

MAIN = "refs/heads/main"
#: GitLab tells time in milliseconds, and no two things happen in the same one.
SOON = timedelta(seconds=1)


class ForgeContract:
    """A subclass has the fixtures `world` and `forge`; `forge` speaks with a gate's token."""

    # --- people ------------------------------------------------------------------------------

    def test_the_repository_has_its_number_and_default_ref(self, world: World, forge: Forge) -> None:
        assert forge.repository() == Repository(world.host, world.repository.id, world.name)
        assert forge.default_ref() == MAIN

    @pytest.mark.parametrize("role", [each for each in Permission if each is not Permission.NONE])
    def test_permission_of_each_role(self, world: World, forge: Forge, role: Permission) -> None:
        world.repository.roles[1001] = type(world.repository.roles[1001])[role.name]
        assert forge.permission(forge.actor("alice")) is role

    def test_an_outsider_may_read_what_is_public_and_nothing_of_what_is_private(
        self, world: World, forge: Forge
    ) -> None:
        assert forge.permission(forge.actor("mallory")) is Permission.READ
        world.repository.private = True
        assert forge.permission(forge.actor("mallory")) is Permission.NONE

    def test_a_deleted_account_has_no_permission_to_tell(self, world: World, forge: Forge) -> None:
        gone = world.model.create_account("frank")
        actor = forge.actor("frank")
        world.model.accounts.delete(gone)
        with pytest.raises(ServiceError, match="frank"):
            forge.permission(actor)

    def test_nobody_stands_behind_a_runs_token(self, world: World, forge: Forge) -> None:
        assert world.forge(world.token("carol")).current_actor().id == 1003
        with pytest.raises(ServiceError, match="no account behind this token"):
            forge.current_actor()

    # --- how revisions came onto the branch --------------------------------------------------

    @pytest.mark.parametrize("method", ["merge", "squash"])
    def test_the_end_of_a_change_that_the_forge_merged(self, world: World, forge: Forge, method: str) -> None:
        world.write("bob")
        change = world.open()
        end = world.changes.merge(change, world.who("alice"), method)
        merge = forge.merge_of(end, MAIN)
        assert merge is not None
        assert (merge.number, merge.end, merge.mover) == (change.number, end, Mover.FORGE)
        assert forge.merge_of(world.first, MAIN) is None

    def test_a_commit_inside_a_merged_change_is_not_its_end(self, world: World, forge: Forge) -> None:
        head = world.write("bob")
        end = world.changes.merge(world.open(), world.who("alice"), "merge")
        merge = forge.merge_of(head, MAIN)
        assert merge is not None
        assert (merge.end, merge.mover) == (end, Mover.FORGE)

    def test_a_change_whose_commits_were_pushed(self, world: World, forge: Forge) -> None:
        head = world.write("bob")
        change = world.open()
        world.repository.move_branch("main", head, world.who("bob"))
        assert change.merged
        merge = forge.merge_of(head, MAIN)
        assert merge is not None
        assert (merge.number, merge.end, merge.mover) == (change.number, head, Mover.PERSON)

    def test_one_that_the_forge_merged_goes_before_one_that_came_along(self, world: World, forge: Forge) -> None:
        head = world.write("bob")
        world.open()
        world.repository.move_branch("other", head, world.who("carol"))
        along = world.open("carol", "other")
        end = world.changes.merge(world.changes.get(1), world.who("alice"), "merge")
        assert along.merged
        merge = forge.merge_of(end, MAIN)
        assert merge is not None
        assert (merge.end, merge.mover) == (end, Mover.FORGE)

    def test_whether_a_branch_is_protected(self, world: World, forge: Forge) -> None:
        world.repository.protect(())
        assert not forge.protected(MAIN)
        world.repository.protect((MAIN,))
        assert forge.protected(MAIN)

    def test_who_may_push_directly_is_said_until_nobody_may(self, world: World, forge: Forge) -> None:
        assert "main" in forge.direct_push(MAIN)
        world.repository.only_by_change_requests()
        assert forge.direct_push(MAIN) == ""

    # --- change requests ---------------------------------------------------------------------

    @pytest.mark.parametrize("method", ["merge", "squash"])
    def test_the_change_request_of_a_merged_revision(self, world: World, forge: Forge, method: str) -> None:
        self.check_merged(world, forge, method)

    def check_merged(self, world: World, forge: Forge, method: str) -> None:
        world.write("alice", "other", branch="main")
        world.write("bob", "one")
        world.write("bob", "two")
        change = world.open()
        world.write("carol", "aside", branch="main")
        revision = world.changes.merge(change, world.who("dora"), method)
        found = forge.change_request_of(revision, MAIN)
        assert found is not None
        assert (found.number, found.merged, found.merge_revision) == (change.number, True, revision)
        assert found.merged_by is not None
        assert (found.merged_by.id, found.author and found.author.id) == (1010, 1002)
        assert (found.repository_id, found.base_ref, found.head) == (world.repository.id, MAIN, change.head)
        assert found.merged_at is not None
        assert len(found.commits) == 2

    def test_a_commit_of_the_branch_is_not_what_was_merged(self, world: World, forge: Forge) -> None:
        inner = world.write("bob", "one")
        world.write("bob", "two")
        change = world.open()
        world.changes.merge(change, world.who("alice"), "merge")
        assert forge.change_request_of(inner, MAIN) is None

    def test_a_direct_push_has_no_change_request(self, world: World, forge: Forge) -> None:
        world.changes.merge(world.open(), world.who("alice"), "squash")
        pushed = world.write("carol", "sneaked", branch="main")
        assert forge.change_request_of(pushed, MAIN) is None

    def test_an_open_or_closed_change_request_brought_nothing(self, world: World, forge: Forge) -> None:
        change = world.open()
        assert forge.change_request_of(change.head, MAIN) is None
        assert forge.change_request(change.number).merge_revision is None
        world.changes.set_state(change, world.who("bob"), "closed")
        assert forge.change_request_of(change.head, MAIN) is None
        assert forge.change_request(change.number).merge_revision is None

    def test_what_is_open_into_a_branch_is_listed_newest_first(self, world: World, forge: Forge) -> None:
        assert list(forge.open_changes(MAIN)) == []
        first = world.open()
        world.repository.move_branch("stable", world.first, world.who("alice"))
        for branch in ("aside", "closed", "merged", "last"):
            world.write("bob", branch, branch=branch)
        world.changes.open(world.who("bob"), "aside", "stable", title="for stable")
        world.changes.set_state(world.open("bob", "closed"), world.who("bob"), "closed")
        world.changes.merge(world.open("bob", "merged"), world.who("alice"), "squash")
        last = world.open("bob", "last")
        listed = list(forge.open_changes(MAIN))
        assert [each.number for each in listed] == [last.number, first.number]
        assert all(each.inside and str(each.number) in each.url for each in listed)

    def test_a_change_request_of_a_fork_comes_from_outside(self, world: World, forge: Forge) -> None:
        inside, fork = world.open(), world.model.fork(world.repository, "mallory")
        fork.move_branch("patch", world.first, world.who("mallory"))
        fork.write_file("patch", "file", b"x", world.who("mallory"))
        outside = world.changes.open(world.who("mallory"), "patch", "main", title="patch", source=fork)
        listed = {each.number: each.inside for each in forge.open_changes(MAIN)}
        assert listed == {inside.number: True, outside.number: False}

    def test_a_change_request_into_another_branch_does_not_count(self, world: World, forge: Forge) -> None:
        world.repository.move_branch("stable", world.first, world.who("alice"))
        world.write("bob")
        change = world.changes.open(world.who("bob"), "work", "stable", title="for stable")
        revision = world.changes.merge(change, world.who("alice"), "squash")
        world.repository.move_branch("main", revision, world.who("alice"))
        assert forge.change_request_of(revision, MAIN) is None
        found = forge.change_request_of(revision, "refs/heads/stable")
        assert found is not None
        assert found.number == change.number

    # --- reviews -----------------------------------------------------------------------------

    def test_a_review_of_a_deleted_account_has_no_actor(self, world: World, forge: Forge) -> None:
        gone = world.model.create_account("grace")
        world.repository.roles[gone.id] = world.repository.roles[1002]
        change = world.open()
        world.approve(change, "grace")
        world.model.accounts.delete(gone)
        (review,) = forge.change_request(change.number).reviews
        assert (review.actor, review.state) == (None, ReviewState.APPROVED)

    # --- commits and pushers -----------------------------------------------------------------

    def test_co_authors_are_people_and_strangers_are_counted(self, world: World, forge: Forge) -> None:
        trailers = (
            f"Co-authored-by: Dora <{world.noreply('dora')}>\n"
            "co-authored-by: Somebody <somebody@elsewhere.example>\n"
            f"Co-Authored-By: {world.noreply('dora').replace(world.host, 'elsewhere.example')}"
        )
        world.write("bob", trailers=trailers)
        (commit,) = forge.change_request(world.open().number).commits
        assert {each.id for each in commit.people} == {1002, 1010}
        assert commit.unattributed == 2

    def test_a_commit_with_a_strangers_address_is_counted_once(self, world: World, forge: Forge) -> None:
        stranger = world.model.create_account("heidi")
        world.write("heidi")
        world.model.accounts.delete(stranger)
        (commit,) = forge.change_request(world.open().number).commits
        assert (commit.people, commit.unattributed) == ((), 1)

    def test_everybody_who_pushed_is_a_pusher(self, world: World, forge: Forge) -> None:
        world.write("bob", "one")
        change = world.open()
        # carol pushes a commit that says it is bob's
        sha = world.repository.git.commit_tree(
            world.repository.git.tree_with(change.head, "two", b"2"),
            [change.head],
            "two",
            author=world.repository.git.commit(change.head).author,
            committer=world.repository.git.commit(change.head).committer,
        )
        world.repository.move_branch("work", sha, world.who("carol"))
        read = forge.change_request(change.number)
        assert {each.id for each in read.pushers} == {1002, 1003}
        assert {person.id for commit in read.commits for person in commit.people} == {1002}
        assert read.unknown_pushers == 0

    def test_who_pushed_what_was_pushed_over_stays_a_pusher(self, world: World, forge: Forge) -> None:
        first = world.write("bob", "one")
        change = world.open()
        world.write("carol", "two")
        world.repository.move_branch("work", first, world.who("dora"))
        read = forge.change_request(change.number)
        assert read.head == first
        assert {each.id for each in read.pushers} == {1002, 1003, 1010}

    @pytest.mark.parametrize("onto", ["the first commit", "nothing of it"])
    def test_who_pushed_before_that_stays_a_pusher_whatever_is_pushed_then(
        self, world: World, forge: Forge, onto: str
    ) -> None:
        first = world.write("bob", "one")
        change = world.open()
        world.write("alice", "two")
        world.write("carol", "three")
        if onto != "the first commit":
            first = world.repository.commit_files("work", {"new": b"1"}, world.who("dora"), "new", start=world.first)
        else:
            world.repository.move_branch("work", first, world.who("dora"))
        world.write("mallory", "four")
        read = forge.change_request(change.number)
        assert len(read.commits) == 2
        assert {each.id for each in read.pushers} == {1001, 1002, 1003, 1010, 1666}
        assert read.unknown_pushers == 0

    def test_who_only_makes_the_branch_is_no_pusher(self, world: World, forge: Forge) -> None:
        world.repository.move_branch("work", world.first, world.who("carol"))
        world.write("bob", "one")
        read = forge.change_request(world.open().number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1002}, 0)

    def test_nor_is_who_made_it_on_a_commit_that_was_left_behind(self, world: World, forge: Forge) -> None:
        world.repository.move_branch("work", world.first, world.who("carol"))
        tip = world.write("alice", "aside", branch="main")
        world.repository.commit_files("work", {"one": b"1"}, world.who("bob"), "one", start=tip)
        read = forge.change_request(world.open().number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1002}, 0)

    def test_what_another_branch_gets_is_no_push_to_this_one(self, world: World, forge: Forge) -> None:
        head = world.write("bob", "one")
        world.repository.move_branch("other", head, world.who("carol"))
        read = forge.change_request(world.open().number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1002}, 0)

    def test_a_branch_that_lives_on_has_other_pushers_each_time(self, world: World, forge: Forge) -> None:
        world.write("carol", "one")
        world.changes.merge(world.open("carol"), world.who("alice"), "merge")
        world.write("bob", "two")
        read = forge.change_request(world.open().number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1002}, 0)

    def test_a_branch_that_is_gone_after_the_merge_has_its_pushers(self, world: World, forge: Forge) -> None:
        change = world.open()
        world.changes.merge(change, world.who("alice"))
        world.repository.move_ref("refs/heads/work", None, world.who("carol"))
        read = forge.change_request(change.number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1002}, 0)

    def test_a_push_that_the_log_lost_is_a_pusher_whom_nobody_can_name(self, world: World, forge: Forge) -> None:
        first = world.write("bob", "one")
        world.write("carol", "two")
        world.repository.move_branch("work", first, world.who("dora"))
        del world.repository.activity[-1]
        world.write("bob", "three")
        read = forge.change_request(world.open().number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1002}, 1)

    def test_who_pushes_after_the_merge_is_no_pusher(self, world: World, forge: Forge) -> None:
        change = world.open()
        world.changes.merge(change, world.who("alice"))
        world.write("carol", "after the merge")
        assert {each.id for each in forge.change_request(change.number).pushers} == {1002}

    def test_a_pusher_whose_account_is_gone_is_counted(self, world: World, forge: Forge) -> None:
        gone = world.model.create_account("ivan")
        world.write("ivan")
        change = world.open()
        world.model.accounts.delete(gone)
        read = forge.change_request(change.number)
        assert (read.pushers, read.unknown_pushers) == ((), 1)

    def test_an_earlier_branch_of_the_same_name_has_other_pushers(self, world: World, forge: Forge) -> None:
        world.write("carol", "old")
        world.repository.move_ref("refs/heads/work", None, world.who("carol"))
        world.write("bob", "new")
        assert {each.id for each in forge.change_request(world.open().number).pushers} == {1002}

    def test_a_head_that_was_pushed_away_and_came_back(self, world: World, forge: Forge) -> None:
        head = world.write("bob", "one")
        change = world.open()
        assert forge.change_request(change.number).head_came_back_at is None
        world.write("carol", "two")
        assert forge.change_request(change.number).head_came_back_at is None
        moment = datetime(2036, 11, 24, 9, 10, 44, tzinfo=UTC)
        world.model.clock = lambda: moment
        world.repository.move_branch("work", head, world.who("dora"))
        back = forge.change_request(change.number).head_came_back_at
        assert back is not None
        assert moment <= back < moment + SOON

    def test_a_head_that_was_only_restored_was_never_away(self, world: World, forge: Forge) -> None:
        head = world.write("bob", "one")
        world.repository.move_ref("refs/heads/work", None, world.who("carol"))
        world.repository.move_branch("work", head, world.who("dora"))
        assert forge.change_request(world.open().number).head_came_back_at is None

    def test_where_a_branch_was_moved(self, world: World, forge: Forge) -> None:
        made = world.write("alice", "one", branch="main")
        world.write("bob", "elsewhere")
        world.repository.move_branch("aside", made, world.who("alice"))
        world.repository.move_ref("refs/heads/aside", None, world.who("alice"))
        moves = list(forge.moves(MAIN))
        assert [(move.before, move.after) for move in moves] == [(world.first, made), (None, world.first)]
        assert all(move.at.tzinfo for move in moves)
        assert moves[0].actor is not None
        assert moves[0].actor.id == world.who("alice").id
        assert [(move.before, move.after) for move in forge.moves("refs/heads/aside")] == [(made, None), (None, made)]
        assert list(forge.moves("refs/heads/never-was")) == []

    # --- branches that were deleted and made again -------------------------------------------

    def restored(self, world: World, forge: Forge, *, at: str = "", by: str = "dora") -> set[int]:
        """Return who pushed, after the branch was deleted and made again, where it was or at another commit."""
        tip = world.repository.branch("work")
        world.repository.move_ref("refs/heads/work", None, world.who("alice"))
        world.repository.move_branch("work", at or str(tip), world.who(by))
        read = forge.change_request(world.open(by).number)
        assert read.unknown_pushers == 0
        return {each.id for each in read.pushers}

    def test_who_pushed_before_the_branch_was_restored_stays_a_pusher(self, world: World, forge: Forge) -> None:
        world.write("carol", "one")
        assert self.restored(world, forge) == {1003, 1010}

    def test_however_often_it_was_restored(self, world: World, forge: Forge) -> None:
        head = world.write("carol", "one")
        world.repository.move_ref("refs/heads/work", None, world.who("carol"))
        world.repository.move_branch("work", head, world.who("bob"))
        assert self.restored(world, forge) == {1003, 1002, 1010}

    def test_even_if_the_branch_was_something_else_in_between(self, world: World, forge: Forge) -> None:
        head = world.write("carol", "one")
        world.repository.move_ref("refs/heads/work", None, world.who("carol"))
        world.write("bob", "something else")
        assert self.restored(world, forge, at=head) == {1003, 1002, 1010}

    def test_who_pushed_more_than_what_was_restored_is_a_pusher(self, world: World, forge: Forge) -> None:
        world.repository.move_branch("work", world.first, world.who("bob"))
        world.repository.move_branch("aside", world.first, world.who("bob"))
        part = world.write("bob", "one", branch="aside")
        whole = world.repository.commit_files("aside", {"two": b"2"}, world.who("bob"), "two")
        world.repository.move_branch("work", whole, world.who("carol"))
        assert self.restored(world, forge, at=part) == {1003, 1010}

    def test_who_made_the_branch_with_more_than_is_left_of_it_is_a_pusher(self, world: World, forge: Forge) -> None:
        part = world.write("bob", "one", branch="aside")
        whole = world.repository.commit_files("aside", {"two": b"2"}, world.who("bob"), "two")
        world.repository.move_branch("work", whole, world.who("carol"))
        world.repository.move_branch("work", part, world.who("dora"))
        read = forge.change_request(world.open().number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1003, 1010}, 0)

    def test_a_branch_that_was_turned_back_to_where_it_began_had_its_commits_before(
        self, world: World, forge: Forge
    ) -> None:
        head = world.write("carol", "one")
        world.repository.move_branch("work", world.first, world.who("carol"))
        world.repository.move_branch("work", head, world.who("dora"))
        read = forge.change_request(world.open().number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1003, 1010}, 0)

    def test_so_had_one_that_was_deleted_and_made_where_it_began(self, world: World, forge: Forge) -> None:
        head = world.write("carol", "one")
        world.repository.move_ref("refs/heads/work", None, world.who("carol"))
        world.repository.move_branch("work", world.first, world.who("alice"))
        world.repository.move_branch("work", head, world.who("dora"))
        read = forge.change_request(world.open().number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1003, 1010}, 0)

    def test_what_is_done_to_the_branch_after_the_merge_hides_nobody(self, world: World, forge: Forge) -> None:
        head = world.write("carol", "one")
        change = world.open("carol")
        world.changes.merge(change, world.who("alice"), "squash")
        world.model.clock = lambda: datetime.now(UTC) + timedelta(minutes=1)
        world.repository.move_ref("refs/heads/work", None, world.who("alice"))
        world.repository.move_branch("work", world.first, world.who("alice"))
        world.repository.move_branch("work", head, world.who("dora"))
        read = forge.change_request(change.number)
        assert ({each.id for each in read.pushers}, read.unknown_pushers) == ({1003}, 0)

    def test_a_log_that_lost_what_was_before_the_restoration(self, world: World, forge: Forge) -> None:
        head = world.write("carol", "one")
        world.repository.move_ref("refs/heads/work", None, world.who("alice"))
        gone = world.repository.activity.pop()
        world.repository.move_branch("work", head, world.who("dora"))
        number = world.open("dora").number
        read = forge.change_request(number)
        assert ({each.id for each in read.pushers} - {1003}, read.unknown_pushers) == ({1010}, 1), "the deletion"
        world.repository.activity[:] = [gone, world.repository.activity[-1]]
        assert forge.change_request(number).unknown_pushers == 1, "what was deleted"

    def test_a_deleted_author_is_nobody(self, world: World, forge: Forge) -> None:
        gone = world.model.create_account("judy")
        world.write("bob")
        change = world.changes.open(gone, "work", "main", title="mine")
        world.model.accounts.delete(gone)
        assert forge.change_request(change.number).author is None

    # --- what happened to it -----------------------------------------------------------------

    def test_a_retargeted_change_request_says_when(self, world: World, forge: Forge) -> None:
        world.repository.move_branch("stable", world.first, world.who("alice"))
        change = world.open()
        assert forge.change_request(change.number).base_retargeted_at is None
        world.changes.retarget(change, world.who("bob"), "stable")
        moment = datetime(2036, 11, 24, 9, 10, 44, tzinfo=UTC)
        world.model.clock = lambda: moment
        world.changes.retarget(change, world.who("bob"), "main")
        retargeted = forge.change_request(change.number).base_retargeted_at
        assert retargeted is not None
        assert moment <= retargeted < moment + SOON

    def test_times_are_the_forges(self, world: World, forge: Forge) -> None:
        moment = datetime(2026, 11, 24, 9, 10, 44, tzinfo=UTC)
        world.model.clock = lambda: moment
        change = world.open()
        world.approve(change, "carol")
        world.model.clock = lambda: moment + timedelta(hours=1)
        world.changes.merge(change, world.who("alice"))
        read = forge.change_request(change.number)
        submitted, merged = read.reviews[0].submitted_at, read.merged_at
        assert submitted is not None
        assert merged is not None
        assert moment <= submitted < moment + SOON
        assert moment + timedelta(hours=1) <= merged < moment + timedelta(hours=1) + SOON

    # --- files -------------------------------------------------------------------------------

    def test_changed_files_name_both_ends_of_a_rename(self, world: World, forge: Forge) -> None:
        world.write("alice", "old name.txt", b"the same text\n" * 20, branch="main")
        world.write("bob", "old name.txt", None)
        world.write("bob", "new/näme.txt", b"the same text\n" * 20)
        world.write("bob", "added.txt")
        assert set(forge.changed_files(world.open().number)) == {"old name.txt", "new/näme.txt", "added.txt"}

    def test_a_file_at_a_revision(self, world: World, forge: Forge) -> None:
        content = bytes(range(256))
        revision = world.write("bob", "promotions/staging/a b%.json", content)
        assert forge.file_at(revision, "promotions/staging/a b%.json") == content
        assert forge.file_at(MAIN, "README.md") == b"first\n"
        assert forge.file_at(MAIN, "promotions/staging/a b%.json") is None
        with pytest.raises(ServiceError):
            forge.file_at("f" * 40, "README.md")

    # --- writing -----------------------------------------------------------------------------

    def test_a_request_is_opened_once(self, world: World) -> None:
        forge, path = world.forge(world.token("bob")), "promotions/staging/a.json"

        def ask() -> tuple[int, str]:
            return forge.open_request(
                branch="counterseal-request/1", path=path, content=b"{}\n", title="Promote", body="because"
            )

        first = ask()
        assert ask() == first
        (change,) = world.changes
        assert (change.number, change.author, change.title, change.body) == (first[0], 1002, "Promote", "because")
        assert forge.changed_files(first[0]) == ["promotions/staging/a.json"]
        assert forge.file_at(change.head, "promotions/staging/a.json") == b"{}\n"
        assert {each.id for each in forge.change_request(first[0]).pushers} == {1002}

    def test_a_request_does_not_write_over_what_is_there(self, world: World) -> None:
        forge = world.forge(world.token("bob"))
        world.write("mallory", "promotions/staging/a.json", b"other", branch="counterseal-request/1")
        with pytest.raises(ServiceError, match="other content"):
            forge.open_request(
                branch="counterseal-request/1", path="promotions/staging/a.json", content=b"{}", title="t", body="b"
            )


class TestGitHubForge(ForgeContract):
    @pytest.fixture
    def forge(self, world: World) -> Forge:
        return world.forge()

    def test_the_change_request_of_a_rebased_revision(self, world: World, forge: Forge) -> None:
        self.check_merged(world, forge, "rebase")

    def test_a_login_that_others_have_now_is_an_error(self, world: World, forge: Forge) -> None:
        old = world.model.create_account("erin")
        actor = forge.actor("erin")
        old.login = "erin-before"
        world.model.create_account("erin")
        with pytest.raises(ServiceError, match="another account"):
            forge.permission(actor)
        world.who("erin").login = f"erin-{old.id}"

    def test_accounts_have_a_kind(self, world: World, forge: Forge) -> None:
        assert forge.actor("alice") == Actor(world.host, 1001, "alice", ActorKind.USER)
        assert forge.actor("acme").kind is ActorKind.OTHER
        assert forge.actor("github-actions[bot]").kind is ActorKind.BOT

    def test_each_commit_of_a_rebased_group_belongs_to_it(self, world: World, forge: Forge) -> None:
        for name in ("one", "two", "three"):
            world.write("bob", name)
        change = world.open()
        world.write("carol", "aside", branch="main")
        world.changes.merge(change, world.who("alice"), "rebase")
        assert len(change.introduced) == 3
        for revision in change.introduced:
            found = forge.change_request_of(revision, MAIN)
            assert found is not None
            assert found.number == change.number

    def test_reviews_keep_their_order_state_and_revision(self, world: World, forge: Forge) -> None:
        change, changes = world.open(), world.changes
        old = change.head
        world.approve(change, "carol")
        new = world.write("bob", "more")
        changes.review(change, world.who("alice"), "COMMENT", body="hm")
        changes.review(change, world.who("dora"), "REQUEST_CHANGES", body="no")
        world.approve(change, "alice")
        read = forge.change_request(change.number)
        assert read.head == new
        assert [(each.actor and each.actor.login, each.state.value, each.revision) for each in read.reviews] == [
            ("carol", "approved", old),
            ("alice", "commented", new),
            ("dora", "changes-requested", new),
            ("alice", "approved", new),
        ]
        assert all(each.submitted_at and each.submitted_at.tzinfo for each in read.reviews)

    def test_a_dismissed_review_says_so(self, world: World, forge: Forge) -> None:
        change = world.open()
        review = world.changes.review(change, world.who("carol"), "REQUEST_CHANGES", body="no")
        world.changes.dismiss(change, review.id, world.who("bob"))
        approval = world.changes.review(change, world.who("dora"), "APPROVE")
        world.changes.dismiss(change, approval.id, world.who("alice"))
        read = forge.change_request(change.number).reviews
        assert [each.state for each in read] == [ReviewState.DISMISSED] * 2
        assert [(each.was, each.dismissed_by and each.dismissed_by.login) for each in read] == [
            (ReviewState.CHANGES_REQUESTED, "bob"),
            (ReviewState.APPROVED, "alice"),
        ]
        assert all(each.dismissed_at for each in read)

    @pytest.mark.parametrize("lost", ["event", "review", "actor", "state"])
    def test_a_dismissal_that_the_timeline_does_not_tell(self, world: World, forge: Forge, lost: str) -> None:
        change = world.open()
        review = world.changes.review(change, world.who("carol"), "REQUEST_CHANGES", body="no")
        world.changes.dismiss(change, review.id, world.who("bob"))

        def without(events: Any) -> Any:
            kept = {key: value for key, value in events[0].items() if key != "dismissed_review"}
            about = events[0]["dismissed_review"]
            return {
                "event": [],
                "review": [kept],
                "actor": [{**events[0], "actor": None}],
                "state": [{**kept, "dismissed_review": {**about, "state": "unheard_of"}}],
            }[lost]

        world.alter(f"/issues/{change.number}/timeline", without)
        (found,) = forge.change_request(change.number).reviews
        assert found.state is ReviewState.DISMISSED
        assert found.was is None or found.dismissed_by is None

    def test_a_bots_review_is_a_bots(self, world: World, forge: Forge) -> None:
        world.repository.actions_may_approve = True
        change = world.open()
        world.changes.review(change, world.model.accounts.actions_bot, "APPROVE")
        (review,) = forge.change_request(change.number).reviews
        assert review.actor is not None
        assert review.actor.kind is ActorKind.BOT

    def test_a_hundred_and_thirty_reviews_are_all_read(self, world: World, forge: Forge) -> None:
        change = world.open()
        for number in range(130):
            world.changes.review(change, world.who("carol"), "COMMENT", body=str(number))
        world.approve(change, "dora")
        reviews = forge.change_request(change.number).reviews
        assert (len(reviews), reviews[-1].state) == (131, ReviewState.APPROVED)

    def test_who_writes_the_forges_own_name_into_a_commit_is_not_hidden_by_it(self, world: World, forge: Forge) -> None:
        from counterseal_sandbox.forge.git.objects import Signature

        now, git = world.model.now(), world.repository.git
        bob, forged = world.who("bob"), Signature("GitHub", "noreply@github.com", world.model.now())
        tree = git.tree_with(world.first, "forged", b"x")
        sha = git.commit_tree(
            tree, [world.first], "forged", author=Signature("bob", bob.noreply, now), committer=forged
        )
        world.repository.move_branch("work", sha, bob)
        change = world.open()
        (commit,) = forge.change_request(change.number).commits
        assert commit.unattributed == 1
        world.repository.signed.add(sha)
        (commit,) = forge.change_request(change.number).commits
        assert ({each.id for each in commit.people}, commit.unattributed) == ({1002}, 0)

    def test_a_fork_that_is_gone(self, world: World, forge: Forge) -> None:
        fork = world.model.fork(world.repository, "mallory")
        fork.move_branch("patch", world.first, world.who("mallory"))
        fork.write_file("patch", "file", b"x", world.who("mallory"))
        change = world.changes.open(world.who("mallory"), "patch", "main", title="patch", source=fork)
        world.approve(change, "carol")
        whole = forge.change_request(change.number)
        assert {each.id for each in whole.pushers} == {1666}
        world.model.delete_repository(fork)
        read = forge.change_request(change.number)
        assert read.unknown_pushers == 1
        assert [each.revision for each in read.reviews] == [None]

    def test_one_comment_is_kept_up_to_date(self, world: World, forge: Forge) -> None:
        change = world.open()
        world.changes.comment(change, world.who("mallory"), "<!-- ours -->\nnot really")
        forge.comment(change.number, "<!-- ours -->", "<!-- ours -->\nfirst")
        forge.comment(change.number, "<!-- ours -->", "<!-- ours -->\nsecond")
        assert [each.body for each in change.comments] == ["<!-- ours -->\nnot really", "<!-- ours -->\nsecond"]
        world.forge(world.token("carol")).comment(change.number, "<!-- ours -->", "<!-- ours -->\ncarol's")
        assert len(change.comments) == 3
