"""Scenarios about people: who approved what, when, and whether that counts. One world, one run of the gate for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import stories
from tests.flow.stories import Asked, Played, Stories, ask, merge

from counterseal.errors import ServiceError
from counterseal.forges import ForgeKind
from counterseal.formats.wire import canonical
from counterseal.identifiers import POLICY_PATH
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.git.objects import Signature

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

GITHUB, GITLAB = ForgeKind
STORIES = Stories()
ENOUGH, REVISION, AUTHOR = "enough-reviews", "review-of-this-revision", "author-did-not-approve"
BOT = "helper[bot]"


@pytest.fixture(scope="module")
def world(shared: FlowWorld) -> FlowWorld:
    """A world in which the policy names more people than are any good: a bot, a reader, two who will leave."""
    stories.newcomer(shared, BOT, 2001, kind="Bot")
    stories.newcomer(shared, "erin", 1020)
    stories.newcomer(shared, "rita", 1021, role="READ")
    stories.newcomer(shared, "gus", 1022)
    more = ", ".join(
        f"{{id: {number}, login: '{login}'}}"
        for login, number in ((BOT, 2001), ("erin", 1020), ("rita", 1021), ("gus", 1022))
    )
    policy = stories.read(shared, POLICY_PATH).replace(b"security: [", f"security: [{more}, ".encode())
    stories.bring_policy(shared, policy)
    stories.allow_staging(shared)
    return shared


@pytest.fixture(scope="module")
def played(world: FlowWorld, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return STORIES.play(world, tmp_path_factory.mktemp("log"))


def approve(world: FlowWorld, asked: Asked, *people: str) -> None:
    for login in people:
        world.review(login, asked.number)


def amend(world: FlowWorld, asked: Asked, *, by: str, author: str | None = None, message: str = "Say more") -> None:
    """Let somebody push one more commit to the request: another reason, by the same or another author."""
    forge, repository = world.sandbox.forge, stories.hosted(world)
    with forge.lock:
        head = repository.branch(asked.branch)
        assert head is not None
        found = repository.git.file(head, asked.path)
        assert found is not None
        tree = repository.git.tree_with(
            head, asked.path, found[2].replace(b"weekly release", b"weekly release, really")
        )
        known = "@" not in (author or by)
        address = forge.account(author or by).noreply_at(world.kind) if known else author or by
        person = Signature(author or by, address, forge.now())
        made = repository.git.commit_tree(tree, [head], message, author=person, committer=person)
        repository.move_branch(asked.branch, made, forge.account(by))


# --- which approvals count ---------------------------------------------------------------------


@STORIES.tell
def s01(world: FlowWorld) -> Asked:
    asked = ask(world, "staging")
    stories.approve_and_merge(world, asked, "alice", "dora")
    return asked


def test_s01_two_approvals_of_the_final_head_then_squash(played: Played) -> None:
    # 1 | two eligible approvals on final head, squash merge | B | allow | happy path
    decision = played.allowed("s01")
    assert {each["login"] for each in decision["responsible"]["approvers"]} == {"alice", "dora"}
    assert decision["responsible"]["requester"]["login"] == "bob"
    assert decision["request"]["mergeRevision"] != decision["request"]["head"]


@STORIES.tell
def s03(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice", "dora")
    amend(world, asked, by="bob")
    merge(world, asked)
    return asked


def test_s03_approve_then_push_then_merge(played: Played) -> None:
    # 3 | approve, then push, then merge (dismiss off) | B | deny | R10
    says = played.denied("s03", ENOUGH, "review-missing")
    assert "0 of 2 required approvals" in says
    for login in ("alice", "dora"):
        assert f"{login} (approved an older revision of this request" in says
    played.denied("s03", REVISION, "not-reviewed")


@STORIES.tell
def s06(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    amend(world, asked, by="carol", author="bob")
    approve(world, asked, "carol", "dora")
    merge(world, asked)
    return asked


def test_s06_whoever_pushed_the_last_commit_approves(played: Played) -> None:
    # 6 | approver pushed the last commit | B | deny | R14
    says = played.denied("s06", ENOUGH, "review-missing")
    assert "carol (pushed to this request)" in says
    assert "missing 1 of maintainers" in says
    assert "alice" in says.rpartition("|")[2]


@STORIES.tell
def s07(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    alice = world.sandbox.forge.account("alice").noreply_at(world.kind)
    amend(world, asked, by="bob", message=f"Say more\n\nCo-authored-by: Alice <{alice}>")
    approve(world, asked, "alice", "dora")
    merge(world, asked)
    return asked


def test_s07_whoever_is_named_as_co_author_approves(played: Played) -> None:
    # 7 | approver appears in Co-authored-by | B | deny | R14
    assert "alice (has a part in its commit" in played.denied("s07", ENOUGH, "review-missing")


@STORIES.tell
def second_author(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    amend(world, asked, by="bob", author="alice")
    approve(world, asked, "alice", "dora")
    merge(world, asked)
    return asked


def test_self_approval_as_the_author_of_a_second_commit(played: Played) -> None:
    # forges refuse approvals by the author of the change request, not by the author of one of its commits
    assert "alice (has a part in its commit" in played.denied("second_author", ENOUGH, "review-missing")


@STORIES.tell
def unknown_author(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    amend(world, asked, by="bob", author="nobody@unknown.example")
    approve(world, asked, "alice", "dora")
    merge(world, asked)
    return asked


def test_a_commit_of_nobody_the_forge_knows(played: Played) -> None:
    says = played.denied("unknown_author", AUTHOR, "author-unknown")
    assert "whom the forge cannot name" in says
    assert "2 of 3 required approvals" in played.denied("unknown_author", ENOUGH, "review-missing")


def test_the_author_cannot_approve_at_the_forge(world: FlowWorld) -> None:
    number = stories.propose(world, "own", {"own.txt": b"mine\n"}, by="carol", title="My own")
    with pytest.raises(ServiceError, match="422" if world.kind is GITHUB else "401"):
        world.review("carol", number)


# --- who is nobody -----------------------------------------------------------------------------


@STORIES.tell
def s11(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice", BOT)
    merge(world, asked)
    return asked


def test_s11_approval_by_a_bot_with_write_access(played: Played) -> None:
    # 11 | approval by GitHub App / github-actions[bot] / project bot | B | deny | R13
    says = played.denied("s11", ENOUGH, "review-missing")
    assert f"{BOT} (no person's account (bot))" in says, "although the policy lists it"
    assert "1 of 2 required approvals" in says


@STORIES.tell_at(GITHUB)
def s11_run(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    stories.hosted(world).actions_may_approve = True
    with world.sandbox.forge.lock:
        change = stories.hosted(world).changes.get(asked.number)
        stories.hosted(world).changes.review(change, world.sandbox.forge.accounts.actions_bot, "APPROVE")
    approve(world, asked, "alice")
    merge(world, asked)
    return asked


@pytest.mark.forges(GITHUB)
def test_s11_approval_by_a_run_of_the_repository(played: Played) -> None:
    # 11 | approval by GitHub App / github-actions[bot] / project bot | B | deny | R13
    says = played.denied("s11_run", ENOUGH, "review-missing")
    assert "github-actions[bot] (no person's account (bot))" in says


@STORIES.tell_at(GITHUB)
def s13(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice", "rita")
    merge(world, asked)
    return asked


@pytest.mark.forges(GITHUB)
def test_s13_a_member_who_may_only_read_approves(played: Played) -> None:
    # 13 | approver is MEMBER with read only | GH | deny | R13: association is no permission
    says = played.denied("s13", ENOUGH, "review-missing")
    assert "rita (has the permission read, and write is needed)" in says


@STORIES.tell
def s15(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice", "gus")
    merge(world, asked)
    with world.sandbox.forge.lock:
        world.sandbox.forge.accounts.delete(world.sandbox.forge.account("gus"))
    return asked


def test_s15_the_approver_s_account_is_deleted(played: Played) -> None:
    # 15 | ghost/deleted user approval, user null | GH | deny | R13
    says = played.denied("s15", ENOUGH, "review-missing")
    assert "a deleted account (nobody can say who it was)" in says


@STORIES.tell
def removed(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice", "erin")
    merge(world, asked)
    stories.hosted(world).roles[1020] = Role.READ
    return asked


def test_an_approver_was_removed_from_the_collaborators(played: Played) -> None:
    # the right to approve is asked for when the decision is made, not when the button was pressed
    says = played.denied("removed", ENOUGH, "review-missing")
    assert "erin (has the permission read, and write is needed)" in says


@STORIES.tell
def outsider(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    stories.newcomer(world, "oscar", 1030)
    approve(world, asked, "alice", "oscar")
    merge(world, asked)
    return asked


def test_somebody_with_write_access_whom_the_policy_does_not_name(played: Played) -> None:
    assert "oscar (in no group of the policy)" in played.denied("outsider", ENOUGH, "review-missing")


@STORIES.tell
def s64(world: FlowWorld) -> Asked:
    """The policy of this request means the account of the same number at the other forge."""
    before, other = stories.read(world, POLICY_PATH), {GITHUB: "gitlab.com", GITLAB: "github.com"}[world.kind]
    changed = before.replace(b"{id: 1010, login: dora}", f"{{id: 1010, login: dora, host: {other}}}".encode())
    assert changed != before
    stories.bring_policy(world, changed)
    asked = ask(world, "production")
    approve(world, asked, "alice", "dora")
    merge(world, asked)
    stories.bring_policy(world, before)
    return asked


def test_s64_the_same_number_at_another_forge_is_another_person(played: Played) -> None:
    # 64 | id 1001 of another forge | B | not counted | R40
    says = played.denied("s64", ENOUGH, "review-missing")
    assert "dora (in no group of the policy)" in says
    assert "1 of 2 required approvals" in says
    assert stories.violated(played.decided("s64")) == {ENOUGH}


@STORIES.tell
def twice(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice")
    if world.kind is GITLAB:  # which lets nobody approve twice in a row
        world.hands.takes_back("alice", asked.number)
    approve(world, asked, "alice", "carol")
    merge(world, asked)
    return asked


def test_a_person_who_approves_twice_counts_once_and_fills_one_place(played: Played) -> None:
    says = played.denied("twice", ENOUGH, "review-missing")
    assert "1 of 2 required approvals" in says
    assert "missing 1 of security" in says


# --- opinions that change ----------------------------------------------------------------------


def object_to(world: FlowWorld, asked: Asked, login: str) -> None:
    world.review(login, asked.number, "REQUEST_CHANGES")


def dismiss_as(world: FlowWorld, login: str, asked: Asked, whose: str) -> None:
    """Let somebody dismiss the last review of somebody at GitHub."""
    number = world.people[whose].id
    review = [each for each in stories.hosted(world).changes.get(asked.number).reviews if each.account == number][-1]
    path = f"/repos/{NAME}/pulls/{asked.number}/reviews/{review.id}/dismissals"
    world.client.as_person(world.people[login], "PUT", path, {"message": "settled"})


@STORIES.tell_at(GITHUB)
def s09(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "dora", "alice")
    object_to(world, asked, "alice")
    world.hands.takes_back("alice", asked.number)
    merge(world, asked)
    return asked


@pytest.mark.forges(GITHUB)
def test_s09_a_demand_for_changes_that_the_author_dismissed(played: Played) -> None:
    # 9 | APPROVED then CHANGES_REQUESTED, later dismissed by author with write | GH | deny | R11
    assert "alice (the review was dismissed)" in played.denied("s09", ENOUGH, "review-missing")


@STORIES.tell_at(GITHUB)
def silenced(world: FlowWorld) -> Asked:
    """Everybody else approved, and bob, who asked, dismisses what carol objects to."""
    asked = ask(world, "staging")
    approve(world, asked, "alice", "dora")
    object_to(world, asked, "carol")
    dismiss_as(world, "bob", asked, "carol")
    merge(world, asked)
    return asked


@pytest.mark.forges(GITHUB)
def test_whoever_asked_cannot_dismiss_an_objection(played: Played) -> None:
    says = played.denied("silenced", REVISION, "changes-requested")
    assert "carol asked for changes" in says
    assert "which bob dismissed: that is for who asked, or for one who may approve, before the merge" in says


@STORIES.tell_at(GITHUB)
def settled(world: FlowWorld) -> Asked:
    """Dora, who may approve, dismisses what carol objects to."""
    asked = ask(world, "staging")
    approve(world, asked, "alice")
    object_to(world, asked, "carol")
    dismiss_as(world, "dora", asked, "carol")
    merge(world, asked)
    return asked


@pytest.mark.forges(GITHUB)
def test_one_who_may_approve_can_dismiss_an_objection(played: Played) -> None:
    decision = played.allowed("settled")
    assert ("carol", "the review was dismissed") in stories.told(decision, REVISION)[1]


@STORIES.tell_at(GITLAB)
def hidden_objection(world: FlowWorld) -> Asked:
    """Bob, who asked, asks carol for another review; then GitLab shows no demand for changes any more."""
    asked = ask(world, "staging")
    approve(world, asked, "alice", "dora")
    object_to(world, asked, "carol")
    forge, changes = world.sandbox.forge, stories.hosted(world).merge_requests
    with forge.lock:
        changes.request_review(changes.get(asked.number), forge.account("bob"), forge.account("carol"))
    merge(world, asked)
    return asked


@pytest.mark.forges(GITLAB)
def test_a_new_request_for_review_does_not_close_an_objection(played: Played) -> None:
    assert "carol asked for changes" in played.denied("hidden_objection", REVISION, "changes-requested")


@STORIES.tell_at(GITHUB)
def s10(world: FlowWorld) -> Asked:
    asked = ask(world, "staging")
    approve(world, asked, "alice")
    world.review("alice", asked.number, "COMMENT")
    merge(world, asked)
    return asked


@pytest.mark.forges(GITHUB)
def test_s10_a_comment_after_the_approval_is_neutral(played: Played) -> None:
    # 10 | APPROVED then COMMENTED | GH | allow | R11 neutral
    assert [each["login"] for each in played.allowed("s10")["responsible"]["approvers"]] == ["alice"]


@STORIES.tell
def dismissed(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice", "dora")
    world.hands.takes_back("dora", asked.number)
    merge(world, asked)
    return asked


def test_an_approval_that_was_taken_back(played: Played) -> None:
    assert "dora (the review was dismissed)" in played.denied("dismissed", ENOUGH, "review-missing")


@STORIES.tell
def objection(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice", "dora")
    object_to(world, asked, "carol")
    merge(world, asked)
    return asked


def test_an_open_demand_for_changes_stops_enough_approvals(played: Played) -> None:
    says = played.denied("objection", REVISION, "changes-requested")
    assert "carol asked for changes" in says
    assert stories.violated(played.decided("objection")) == {REVISION}


# --- ways to merge -----------------------------------------------------------------------------


def two_commits(world: FlowWorld, method: str) -> Asked:
    asked = ask(world, "staging")
    amend(world, asked, by="bob")
    approve(world, asked, "alice")
    merge(world, asked, method)
    return asked


@STORIES.tell
def rebased(world: FlowWorld) -> Asked:
    return two_commits(world, "rebase")


@STORIES.tell
def merge_commit(world: FlowWorld) -> Asked:
    return two_commits(world, "merge")


@pytest.mark.parametrize("name", ["rebased", "merge_commit"])
def test_two_reviewed_commits_however_they_are_merged(played: Played, name: str) -> None:
    assert played.allowed(name)["reason"] == "weekly release, really"


@STORIES.tell
def rebased_with_more_below(world: FlowWorld) -> Asked:
    said = stories.content(world, "staging", requestId="more-below")
    files = {"docs/more.txt": b"more\n", stories.path_of(said): canonical(said)}
    asked = Asked(stories.propose(world, "more-below", files), stories.path_of(said), "more-below")
    approve(world, asked, "alice")
    merge(world, asked, "rebase")
    return asked


def test_a_commit_below_the_request_is_part_of_the_change_however_it_is_merged(played: Played) -> None:
    says = played.denied("rebased_with_more_below", REVISION, "other-changes")
    assert "'docs/more.txt'" in says


@STORIES.tell
def reverted_by_its_first_parent(world: FlowWorld) -> Asked:
    said = stories.content(world, "staging", requestId="reverted")
    forge, repository = world.sandbox.forge, stories.hosted(world)
    with forge.lock:
        old = repository.branch("main") or ""
        new = repository.write_file("main", "docs/newer.txt", b"newer\n", forge.account("bob"))
        tree = repository.git.tree_with(old, stories.path_of(said), canonical(said))
        person = Signature("bob", forge.account("bob").noreply_at(world.kind), forge.now())
        made = repository.git.commit_tree(tree, [old, new], "Ask", author=person, committer=person)
        repository.move_branch("reverted", made, forge.account("bob"))
        number = repository.changes.open(forge.account("bob"), "reverted", "main", title="Ask").number
    asked = Asked(number, stories.path_of(said), "reverted")
    approve(world, asked, "alice")
    merge(world, asked, "rebase" if world.kind is GITLAB else "merge")
    return asked


def test_what_a_request_takes_back_is_part_of_the_change_whatever_its_first_parent(played: Played) -> None:
    says = played.denied("reverted_by_its_first_parent", REVISION, "other-changes")
    assert "'docs/newer.txt'" in says


@STORIES.tell
def retargeted(world: FlowWorld) -> Asked:
    repository = stories.hosted(world)
    said = stories.content(world, "production", requestId="retargeted")
    forge = world.sandbox.forge
    with forge.lock:
        repository.move_branch("quiet", repository.branch("main") or "", forge.account("bob"))
    files = {stories.path_of(said): canonical(said)}
    number = stories.propose(world, "retargeted", files, base="quiet")
    asked = Asked(number, stories.path_of(said), "retargeted")
    approve(world, asked, "alice", "dora")
    world.hands.retargets("bob", number, "main")
    merge(world, asked)
    return asked


def test_approved_for_a_quiet_branch_then_turned_to_main(played: Played) -> None:
    says = played.denied("retargeted", ENOUGH, "review-missing")
    assert says.count("approved before the request was turned to another branch") == 2


@STORIES.tell_at(GITHUB)
def s23(world: FlowWorld) -> Asked:
    forge, repository = world.sandbox.forge, stories.hosted(world)
    said = stories.content(world, "production", requestId="of-a-fork")
    path = stories.path_of(said)
    with forge.lock:
        author = forge.create_account("mallory")
        fork = forge.fork(repository, "mallory")
        fork.write_file("main", path, canonical(said), author)
        asked = Asked(repository.changes.open(author, "main", "main", title="Mine", source=fork).number, path, "main")
    approve(world, asked, "alice", "dora")
    with forge.lock:
        forge.delete_repository(fork)
    merge(world, asked)
    return asked


@pytest.mark.forges(GITHUB)
def test_s23_the_fork_of_the_request_is_deleted(played: Played) -> None:
    # 23 | fork PR, head repo deleted, commit_id null | GH | deny | R10
    says = played.denied("s23", ENOUGH, "review-missing")
    assert "approved a revision that the forge has lost" in says
    assert "pushers cannot be named" in played.denied("s23", AUTHOR, "author-unknown")


# --- too late ----------------------------------------------------------------------------------


@STORIES.tell
def s63(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    stories.approve_and_merge(world, asked, "alice")
    return asked


def test_s63_approved_after_the_deny(played: Played) -> None:
    # 63 | merged with too few approvals, approved afterwards, gate run again | B | the first deny stands | R17/R25
    played.denied("s63", ENOUGH, "review-missing")
    asked, world = played.asked["s63"], played.world
    approve(world, asked, "dora")
    before = world.ledger_tips()
    again: Any = world.gate("--request", asked.path, code=10)
    assert world.ledger_tips() == before
    assert [each["fresh"] for each in again["decisions"]] == [False]
    assert again["decisions"][0]["decision"] == played.decided("s63")


def test_approved_after_the_merge_and_before_the_gate_looked(world: FlowWorld) -> None:
    # R17 | approval before merge
    asked = ask(world, "staging")
    merge(world, asked)
    with stories.later(world):
        approve(world, asked, "alice")
    decision = world.gate("--request", asked.path, code=10)["decisions"][0]["decision"]
    assert "alice (approved after the merge" in stories.finding(decision, ENOUGH, "review-missing")


@pytest.mark.forges(GITHUB)
def test_s37_a_review_state_that_nobody_knows(world: FlowWorld) -> None:
    # 37 | unknown review state `APPROVED_WITH_NOTES` | GH | error | R01
    asked = ask(world, "staging")
    approve(world, asked, "alice")
    merge(world, asked)
    review = stories.hosted(world).changes.get(asked.number).reviews[-1]
    review.state = "APPROVED_WITH_NOTES"
    stories.refused(
        world, "--request", asked.path, code=1, says=rf"review {review.id} of #{asked.number}.*APPROVED_WITH_NOTES"
    )
    review.state = "APPROVED"
    assert world.gate("--request", asked.path)["decisions"][0]["outcome"] == "allow"
