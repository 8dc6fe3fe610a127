"""Scenarios about the request itself: what it says, how it came, what came with it. One world, one run for all."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories
from tests.flow.stories import Asked, Played, Stories, approve_and_merge, ask, by_hand, content, merge, path_of, propose

from counterseal.forges import ForgeKind
from counterseal.formats.wire import canonical
from counterseal.identifiers import POLICY_PATH
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.forge.change import Change

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

STORIES = Stories()
REVISION, DIGEST, PREVIOUS = "review-of-this-revision", "digest-matches", "previous-stage-passed"
WEAK = (b"{count: 1, from: {maintainers: 1}}", b"{count: 1}")


@pytest.fixture(scope="module")
def played(shared: FlowWorld, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Nothing was ever allowed into staging in this world."""
    return STORIES.play(shared, tmp_path_factory.mktemp("log"))


# --- what the file says ------------------------------------------------------------------------


@STORIES.tell
def s34(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve_and_merge(world, asked, "alice", "dora")
    return asked


def test_s34_staging_is_skipped(played: Played) -> None:
    # 34 | staging skipped | B | deny | R25
    says = played.denied("s34", PREVIOUS, "previous-stage-missing")
    assert "no decision lets this manifest into staging, which comes before production" in says
    assert stories.violated(played.decided("s34")) == {PREVIOUS}
    assert "counterseal request --stage staging" in says


@STORIES.tell
def s27(world: FlowWorld) -> Asked:
    asked = by_hand(world, "staging", "other-manifest", manifest="27" * 32)
    approve_and_merge(world, asked, "alice")
    return asked


def test_s27_the_file_names_another_manifest_than_the_candidate_s(played: Played) -> None:
    # 27 | promotion file names another manifest than the candidate's | B | deny | R21
    says = played.denied("s27", DIGEST, "manifest-differs")
    assert f"sha256:{'27' * 32} was requested" in says


@STORIES.tell
def s33(world: FlowWorld) -> Asked:
    said = content(world, "staging", requestId="replayed")
    path = path_of(said).replace("/staging/", "/production/")
    asked = Asked(propose(world, "replayed", {path: canonical(said)}), path, "replayed")
    approve_and_merge(world, asked, "alice", "dora")
    return asked


def test_s33_the_same_file_for_another_stage(played: Played) -> None:
    # 33 | same decision file replayed for another env | B | deny | R25
    says = played.denied("s33", REVISION, "request-malformed")
    assert "names another stage" in says


@STORIES.tell
def no_such_stage(world: FlowWorld) -> Asked:
    asked = ask(world, "canary")
    approve_and_merge(world, asked, "alice", "dora")
    return asked


def test_a_stage_that_the_policy_has_not(played: Played) -> None:
    says = played.denied("no_such_stage", REVISION, "request-malformed")
    assert "the policy has no stage 'canary' (it has staging, production)" in says


@STORIES.tell
def expired(world: FlowWorld) -> Asked:
    asked = by_hand(world, "staging", "last-month", validUntil="2026-10-24T00:00:00Z")
    approve_and_merge(world, asked, "alice")
    return asked


def test_s32_a_request_of_last_month(played: Played) -> None:
    # 32 | re-run (attempt 2) of last month's approved run | GH | deny | R17/R25 (here: one that was never decided)
    assert "valid until 2026-10-24T00:00:00Z" in played.denied("expired", REVISION, "request-expired")


@STORIES.tell
def unknown_key(world: FlowWorld) -> Asked:
    asked = by_hand(world, "staging", "unknown-key", waiver="all")
    approve_and_merge(world, asked, "alice")
    return asked


def test_a_key_that_requests_do_not_have(played: Played) -> None:
    assert "waiver" in played.denied("unknown_key", REVISION, "request-malformed")


@STORIES.tell
def duplicate_key(world: FlowWorld) -> Asked:
    said = content(world, "staging", requestId="two-stages")
    data = canonical(said).replace(b'"stage":', b'"stage":"production","stage":')
    asked = Asked(propose(world, "two-stages", {path_of(said): data}), path_of(said), "two-stages")
    approve_and_merge(world, asked, "alice")
    return asked


def test_a_key_that_stands_there_twice(played: Played) -> None:
    assert "stage" in played.denied("duplicate_key", REVISION, "request-malformed")


@STORIES.tell
def fewer_assets(world: FlowWorld) -> Asked:
    said = content(world, "staging", requestId="without-sdist")
    said["candidate"]["assets"] = [each for each in said["candidate"]["assets"] if not each["name"].endswith(".tar.gz")]
    asked = Asked(propose(world, "without-sdist", {path_of(said): canonical(said)}), path_of(said), "without-sdist")
    approve_and_merge(world, asked, "alice")
    return asked


def test_a_request_that_leaves_out_an_artifact(played: Played) -> None:
    assert "app-1.2.0.tar.gz" in played.denied("fewer_assets", DIGEST, "asset-not-pinned")


# --- how it came -------------------------------------------------------------------------------


@STORIES.tell
def pushed(world: FlowWorld) -> Asked:
    said = content(world, "staging", requestId="pushed")
    with stories.long_ago(world):
        stories.write(world, "main", path_of(said), canonical(said))
    return Asked(0, path_of(said), "main")


def test_a_request_pushed_without_a_change_request(played: Played) -> None:
    says = played.denied("pushed", REVISION, "no-change-request")
    assert "came onto refs/heads/main without a change request" in says
    assert played.decided("pushed")["responsible"]["approvers"] == []


@STORIES.tell
def side_branch(world: FlowWorld) -> Asked:
    """Approved and merged into a branch that nobody protects, then pushed to main."""
    repository, forge = stories.hosted(world), world.sandbox.forge
    with forge.lock:
        repository.move_branch("side", repository.branch("main") or "", forge.account("bob"))
    said = content(world, "staging", requestId="side")
    number = propose(world, "to-the-side", {path_of(said): canonical(said)}, base="side")
    asked = Asked(number, path_of(said), "to-the-side")
    approve_and_merge(world, asked, "alice")
    world.git("fetch", "-q", "origin", "side")
    with stories.long_ago(world):
        world.git("push", "-q", "origin", "FETCH_HEAD:refs/heads/main")
    return asked


def test_a_request_merged_into_another_branch_first(played: Played) -> None:
    played.denied("side_branch", REVISION, "no-change-request")


# --- what came with it -------------------------------------------------------------------------


def beside(world: FlowWorld, name: str, files: dict[str, bytes]) -> Asked:
    said = content(world, "staging", requestId=name)
    asked = Asked(propose(world, name, {path_of(said): canonical(said), **files}), path_of(said), name)
    approve_and_merge(world, asked, "alice")
    return asked


@STORIES.tell
def s62_second(world: FlowWorld) -> Asked:
    return beside(world, "and-another", {"src/app/backdoor.py": b"import os\n"})


def test_s62_something_else_in_the_change(played: Played) -> None:
    # 62 | second subject in the request, symlink, file re-added | B | deny | R21
    assert "src/app/backdoor.py" in played.denied("s62_second", REVISION, "other-changes")


@STORIES.tell
def s29(world: FlowWorld) -> Asked:
    before = stories.read(world, POLICY_PATH)
    asked = beside(world, "and-a-policy", {POLICY_PATH: before.replace(*WEAK)})
    stories.bring_policy(world, before)
    return asked


def test_s29_the_policy_is_weakened_in_the_same_change(played: Played) -> None:
    # 29 | policy weakened in the same PR that is promoted | B | deny | R03/R04
    assert POLICY_PATH in played.denied("s29", REVISION, "other-changes")
    used = {name: played.decided(name)["policy"]["digest"]["sha256"] for name in ("s29", "s34")}
    assert used["s29"] == used["s34"], "judged by the policy from before the change"


@STORIES.tell
def policy_changed(world: FlowWorld) -> Asked:
    before, asked = stories.read(world, POLICY_PATH), ask(world, "staging")
    world.review("alice", asked.number)
    stories.bring_policy(world, before.replace(*WEAK))
    merge(world, asked)
    stories.bring_policy(world, before)
    return asked


def test_the_policy_changed_between_request_and_merge(played: Played) -> None:
    assert "the policy changed since the request was made" in played.denied(
        "policy_changed", REVISION, "policy-changed"
    )


@STORIES.tell
def s62_symlink(world: FlowWorld) -> Asked:
    said = content(world, "staging", requestId="link")
    return plumbed(world, "link", path_of(said), "120000", b"../../README.md")


def test_s62_the_request_is_a_symbolic_link(played: Played) -> None:
    # 62 | second subject in the request, symlink, file re-added | B | deny | R21
    assert "is not a regular file" in played.denied("s62_symlink", REVISION, "request-malformed")


@STORIES.tell
def executable(world: FlowWorld) -> Asked:
    said = content(world, "staging", requestId="program")
    return plumbed(world, "program", path_of(said), "100755", canonical(said))


def test_the_request_is_executable(played: Played) -> None:
    assert "100755" in played.denied("executable", REVISION, "file-mode")


def plumbed(world: FlowWorld, name: str, path: str, mode: str, data: bytes) -> Asked:
    """Let bob ask with a file of another mode."""
    (world.checkout / "blob").write_bytes(data)
    world.git("fetch", "-q", "origin", "main")
    world.git("switch", "-q", "--detach", "FETCH_HEAD")
    blob = world.git("hash-object", "-w", "blob")
    world.git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")
    world.git("commit", "-q", "-m", f"Add {path}")
    world.git("push", "-q", "origin", f"HEAD:refs/heads/{name}")
    world.git("switch", "-q", "--force", "main")
    with world.sandbox.forge.lock:
        change = stories.hosted(world).changes.open(world.sandbox.forge.account("bob"), name, "main", title=name)
    asked = Asked(change.number, path, name)
    approve_and_merge(world, asked, "alice")
    return asked


@STORIES.tell
def s62_again(world: FlowWorld) -> Asked:
    said = content(world, "staging", requestId="again")
    data = canonical(said)
    first = Asked(propose(world, "again", {path_of(said): data}), path_of(said), "again")
    approve_and_merge(world, first, "alice")
    stories.write(world, "main", first.path, None)
    second = Asked(propose(world, "once-more", {path_of(said): data}), path_of(said), "once-more")
    approve_and_merge(world, second, "alice")
    return second


def test_s62_the_file_was_there_before(played: Played) -> None:
    # 62 | second subject in the request, symlink, file re-added | B | deny | R21
    assert "each request is used once" in played.denied("s62_again", REVISION, "file-added-before")


@STORIES.tell
def swapped_at_the_merge(world: FlowWorld) -> Asked:
    """Two requests change places: the merged file is not the one at the approved head."""
    asked = by_hand(world, "staging", "swapped")
    world.review("alice", asked.number)
    merge(world, asked)
    change = stories.hosted(world).changes.get(asked.number)
    said = json.loads(stories.read(world, asked.path))
    with world.sandbox.forge.lock:
        made = stories.hosted(world).write_file(
            asked.branch, asked.path, canonical(said | {"reason": "as approved"}), world.sandbox.forge.account("bob")
        )
        pretend(world, change, made)
    return asked


def pretend(world: FlowWorld, change: Change, head: str) -> None:
    """Let the forge say that another commit was the head, and approved, all along."""
    change.head = head
    git = stories.hosted(world).git
    git.set_ref(git.head_ref(change.number), head)
    if world.kind is ForgeKind.GITLAB:
        change.versions[:] = [dataclasses.replace(each, head=head) for each in change.versions]
    else:
        change.reviews[-1].commit = head


def test_the_merged_file_is_not_the_approved_one(played: Played) -> None:
    played.denied("swapped_at_the_merge", REVISION, "file-differs")


# --- decided once ------------------------------------------------------------------------------

OTHER_RUNS: dict[ForgeKind, list[dict[str, Any]]] = {
    ForgeKind.GITHUB: [
        {},
        {"event": "workflow_dispatch", "actor": "alice"},
        {"attempt": 2, "triggeringActor": "carol"},
        {"event": "schedule"},
    ],
    ForgeKind.GITLAB: [{}, {"event": "web", "actor": "alice"}, {"event": "schedule", "actor": "carol"}],
}


def test_a_decided_request_is_not_decided_again_by_any_run(played: Played) -> None:
    # R25 | decision id = H(ledger id, request path); a decided request that is named again prints its recorded decision
    world, path = played.world, played.asked["s34"].path
    before = recorded.statements(world)
    for run in OTHER_RUNS[world.kind]:
        again: Any = world.gate("--request", path, code=10, **run)
        assert [each["fresh"] for each in again["decisions"]] == [False]
        assert again["decisions"][0]["decision"] == played.decided("s34")
    added = [said["predicate"].get("kind", "decision") for said in recorded.statements(world)[len(before) :]]
    assert added == ["audit" for run in OTHER_RUNS[world.kind] if run.get("event") == "schedule"]


def test_a_request_that_was_never_merged_cannot_be_decided(played: Played) -> None:
    asked = by_hand(played.world, "staging", "open")
    played.world.review("alice", asked.number)
    stories.refused(played.world, "--request", asked.path, code=2, says="no merged request")
    played.world.hands.closes("bob", asked.number)
    stories.refused(played.world, "--request", asked.path, code=2, says="no merged request")


@pytest.mark.forges(ForgeKind.GITHUB)
def test_an_earlier_call_that_failed_stops_no_later_one(fresh: FlowWorld) -> None:
    """With `pull-requests: read` the branch is made and then nothing; the next call may give another reason."""
    permissions = {"contents": "write", "pull-requests": "read", "id-token": "write"}
    may_push = fresh.run(gateRevision=None, permissions=permissions)
    arguments = ("request", "--stage", "staging", "--tag", TAG, "--reason")
    fresh.counterseal(*arguments, "first words", environment=may_push, code=1)
    assert "counterseal-request/staging-" in fresh.git("ls-remote", "origin", "refs/heads/*")
    first = fresh.request("staging", "other words")
    assert fresh.request("staging", "other words") == first
