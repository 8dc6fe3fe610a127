"""Scenarios about the branch: what was never merged as its own change, and runs of before it moved on (R43, R44)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories, worlds
from tests.flow.stories import approve_and_merge, ask, finding
from tests.flow.thief import Thief

from counterseal.errors import VerificationError
from counterseal.evaluation import identity
from counterseal.forges import ForgeKind
from counterseal.formats import digests, statement, wire
from counterseal.identifiers import POLICY_PATH
from counterseal.wiring.ports import Wiring
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow(seconds=3), pytest.mark.forges(*ForgeKind)]

GITHUB, GITLAB = ForgeKind
PROVENANCE, REVISION = "provenance-verified", "review-of-this-revision"
WEAK = (b"{count: 1, from: {maintainers: 1}}", b"{count: 1}")


# --- what people do --------------------------------------------------------------------------


def commits(world: FlowWorld, *files: tuple[str, str | None]) -> None:
    """Let bob commit one file after the other on the branch that he is on (None: a file goes away)."""
    for path, text in files:
        if text is None:
            world.git("rm", "-q", path)
        else:
            (world.checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (world.checkout / path).write_text(text)
            world.git("add", path)
        world.git("commit", "-q", "-m", f"{'Remove' if text is None else 'Write'} {path}")


def at_main(world: FlowWorld) -> None:
    world.git("fetch", "-q", "origin", "main")
    world.git("switch", "-q", "--detach", "FETCH_HEAD")


def branch(world: FlowWorld, name: str, *files: tuple[str, str | None]) -> int:
    """Let bob push a branch with these commits and ask to merge it; return the number of the request."""
    at_main(world)
    commits(world, *files)
    world.git("push", "-q", "origin", f"HEAD:refs/heads/{name}")
    return world.site.propose(world.people["bob"], name, name)


def named(world: FlowWorld, message: str) -> str:
    """Return the newest commit of the default branch, or of what was merged into it, with this message."""
    world.git("fetch", "-q", "origin", "main")
    return world.git("log", "-1", "--format=%H", f"--grep=^{message}$", "FETCH_HEAD")


def decided(world: FlowWorld, revision: str, *, code: int = 10) -> dict[str, Any]:
    """Tag a revision, build, sign and promote it to the first stage, and return the decision."""
    stories.move(world, f"refs/tags/{TAG}", revision)
    world.git("fetch", "-q", "--force", "origin", f"refs/tags/{TAG}:refs/tags/{TAG}")
    world.git("switch", "-q", "--detach", TAG)
    worlds.sign(world)
    approve_and_merge(world, ask(world, "staging"), "alice")
    decision: dict[str, Any] = world.gate(code=code)["decisions"][-1]["decision"]
    return decision


def main_of(world: FlowWorld) -> str:
    return stories.hosted(world).branch("main") or ""


EVIL = ("src/app/evil.py", "import os\n")
GONE = ("src/app/evil.py", None)
DOCS = ("docs/note.md", "nothing but words\n")


# --- the tagged revision is the end of a merged change ---------------------------------------


@pytest.mark.parametrize("method", ["merge", "rebase"])
def test_a_tag_inside_a_merged_change(built: FlowWorld, method: str) -> None:
    # a branch with an evil commit and its revert: the net change that people review is a page
    number = branch(built, "docs", EVIL, GONE, DOCS)
    built.hands.merges("alice", number, method)
    evil = named(built, "Write src/app/evil.py")
    says = finding(decided(built, evil), PROVENANCE, "revision-inside-change")
    assert evil[:7] in says
    assert "bring the version by a change request, tag the commit that its merge leaves on the branch" in says


def test_a_tag_inside_the_branch_of_the_promotion_request(built: FlowWorld) -> None:
    worlds.sign(built)
    asked = ask(built, "staging")
    built.git("fetch", "-q", "origin", asked.branch)
    built.git("switch", "-q", "--detach", "FETCH_HEAD")
    commits(built, EVIL, GONE)
    built.git("push", "-q", "origin", f"HEAD:refs/heads/{asked.branch}")
    built.review("alice", asked.number)
    built.hands.merges("alice", asked.number, "merge")
    built.hands.delete_candidate()  # so that request itself cannot be decided any more
    decision = decided(built, named(built, "Write src/app/evil.py"), code=1)
    assert "inside" in finding(decision, PROVENANCE, "revision-inside-change")


def test_a_tag_on_a_commit_that_was_pushed_to_the_branch(built: FlowWorld) -> None:
    at_main(built)
    commits(built, EVIL)
    built.git("push", "-q", "origin", "HEAD:refs/heads/main")
    says = finding(decided(built, main_of(built)), PROVENANCE, "revision-pushed")
    assert "came onto refs/heads/main by a push, without a change request" in says


@pytest.mark.parametrize("with_merge_commit", [False, True])
def test_a_change_request_whose_commits_somebody_pushed(built: FlowWorld, *, with_merge_commit: bool) -> None:
    # the forge calls it merged all the same
    number = branch(built, "evil", EVIL)
    if with_merge_commit:
        head = built.git("rev-parse", "HEAD")
        at_main(built)
        built.git("merge", "-q", "--no-ff", "-m", "See merge request acme/app!2", head)
    built.git("push", "-q", "origin", "HEAD:refs/heads/main")
    change = stories.hosted(built).changes.get(number)
    assert change.merged
    says = finding(decided(built, main_of(built)), PROVENANCE, "revision-pushed")
    assert "it came onto refs/heads/main by a push, not by a merge" in says


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_end_of_a_merged_change_by_every_method(built: FlowWorld, method: str) -> None:
    number = branch(built, "feature", ("src/app/one.py", "1\n"), ("src/app/two.py", "2\n"))
    built.hands.merges("alice", number, method)
    decision = decided(built, main_of(built), code=0)
    assert decision["outcome"] == "allow"


@pytest.mark.forges(GITHUB)
@pytest.mark.parametrize("which", ["first", "last"])
def test_a_change_of_a_merge_queue_s_group(built: FlowWorld, which: str) -> None:
    numbers = [branch(built, name, (f"src/app/{name}.py", "1\n")) for name in ("first", "last")]
    hosted = stories.hosted(built)
    with built.sandbox.forge.lock:
        hosted.changes.merge_group([hosted.changes.get(each) for each in numbers], built.sandbox.forge.account("alice"))
    merged = hosted.changes.get(numbers[0] if which == "first" else numbers[1]).merge_commit
    assert merged
    assert decided(built, merged, code=0)["outcome"] == "allow"


def test_a_promotion_request_whose_commits_somebody_pushed(built: FlowWorld) -> None:
    worlds.sign(built)
    asked = ask(built, "staging")
    built.review("alice", asked.number)
    built.git("fetch", "-q", "origin", asked.branch)
    built.git("push", "-q", "origin", "FETCH_HEAD:refs/heads/main")
    decision = built.gate(code=10)["decisions"][-1]["decision"]
    assert "came onto refs/heads/main by a push of its commits" in finding(decision, REVISION, "request-pushed")


# --- the policy that judges ------------------------------------------------------------------


def weaken(world: FlowWorld) -> None:
    """Let bob push a policy by which anybody's approval is enough for staging."""
    at_main(world)
    text = (world.checkout / POLICY_PATH).read_bytes().replace(*WEAK).decode()
    commits(world, (POLICY_PATH, text))
    world.git("push", "-q", "origin", "HEAD:refs/heads/main")


def test_a_policy_that_was_pushed_judges_nothing(fresh: FlowWorld) -> None:
    weaken(fresh)
    approve_and_merge(fresh, ask(fresh, "staging"), "dora")
    decision = fresh.gate(code=10)["decisions"][-1]["decision"]
    assert "came onto refs/heads/main without a merge" in finding(decision, REVISION, "policy-pushed")


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_policy_that_was_merged_judges(fresh: FlowWorld, method: str) -> None:
    text = (fresh.checkout / POLICY_PATH).read_bytes().replace(*WEAK).decode()
    number = branch(fresh, "policy", ("README.md", "words\n"), (POLICY_PATH, text))
    fresh.hands.merges("alice", number, method)
    # a bot's direct push of another file in between blocks nothing
    stories.write(fresh, "main", "counter.txt", b"17\n", by="carol")
    fresh.git("fetch", "-q", "origin", "main")
    approve_and_merge(fresh, ask(fresh, "staging"), "dora")
    assert fresh.gate()["decisions"][-1]["decision"]["outcome"] == "allow"


# --- whose word makes a line -----------------------------------------------------------------

PROMOTE, OTHER = ".github/workflows/promote.yml", ".github/workflows/other.yml"


def own_gate(workflow: str) -> str:
    return f"gate: {{github: {{workflow: {workflow}, ref: refs/heads/main}}}}"


def bring_policy(world: FlowWorld, name: str, *texts: str, method: str = "squash") -> None:
    """Let a change with these versions of the policy be merged, a commit each."""
    world.hands.merges("alice", branch(world, name, *((POLICY_PATH, text) for text in texts)), method)


@pytest.mark.forges(GITHUB)
@pytest.mark.parametrize("method", ["merge", "rebase"])
def test_a_gate_that_the_policy_named_only_inside_a_merged_change(
    fresh: FlowWorld, tmp_path: Path, method: str
) -> None:
    counterseals = (fresh.checkout / POLICY_PATH).read_text()
    ours = counterseals.replace("gate: counterseal", own_gate(PROMOTE))
    theirs = counterseals.replace("gate: counterseal", own_gate(OTHER))
    bring_policy(fresh, "own-gate", ours)
    stories.merge(fresh, ask(fresh, "staging"))  # nobody approved
    run: dict[str, Any] = {"gateRevision": None, "workflow": PROMOTE}
    assert fresh.gate(code=10, **run)["decisions"][-1]["outcome"] == "deny"
    bring_policy(fresh, "there-and-back", theirs, ours + "# the same again\n", method=method)
    at_main(fresh)
    hidden = fresh.git("log", "--format=%H", "-G", "other.yml", "--reverse").split()[0]

    words = recorded.statements(fresh)[-1]
    words["predicate"] |= {"outcome": "allow", "findings": [], "decidedAt": wire.timestamp(datetime.now(UTC))}
    digest = digests.sha256(fresh.git("show", f"{hidden}:{POLICY_PATH}").encode() + b"\n")
    words["predicate"]["policy"] |= {"revision": hidden, "digest": {"sha256": digest}}
    evil = stories.signer(fresh, fresh.run(gateRevision=None, workflow=OTHER))
    thief = Thief(fresh, tmp_path)
    thief.append(evil.sign_statement(thief.words(words)))
    says = stories.refused(fresh, code=11, says="entry 2: not signed by the gate", **run)
    assert "other.yml" in says


@pytest.mark.forges(GITHUB)
def test_a_gate_that_a_pushed_policy_named_for_one_commit(fresh: FlowWorld, tmp_path: Path) -> None:
    # the branch was there, so readers take the line; no stage is passed by it
    counterseals = (fresh.checkout / POLICY_PATH).read_text()
    ours = counterseals.replace("gate: counterseal", own_gate(PROMOTE))
    bring_policy(fresh, "own-gate", ours)
    stories.merge(fresh, ask(fresh, "staging"))  # nobody approved
    run: dict[str, Any] = {"gateRevision": None, "workflow": PROMOTE}
    assert fresh.gate(code=10, **run)["decisions"][-1]["outcome"] == "deny"
    at_main(fresh)
    commits(fresh, (POLICY_PATH, counterseals.replace("gate: counterseal", own_gate(OTHER))))
    fresh.git("push", "-q", "origin", "HEAD:refs/heads/main")

    words = recorded.statements(fresh)[-1]
    words["predicate"] |= {"outcome": "allow", "findings": [], "decidedAt": wire.timestamp(datetime.now(UTC))}
    digest = digests.sha256((fresh.checkout / POLICY_PATH).read_bytes())
    words["predicate"]["policy"] |= {"revision": main_of(fresh), "digest": {"sha256": digest}}
    evil = stories.signer(fresh, fresh.run(gateRevision=None, workflow=OTHER))
    thief = Thief(fresh, tmp_path)
    thief.append(evil.sign_statement(thief.words(words)))
    bring_policy(fresh, "and-back", ours + "# the same again\n")
    at_main(fresh)
    approve_and_merge(fresh, ask(fresh, "production"), "alice", "dora")
    decision = fresh.gate(code=10, **run)["decisions"][-1]["decision"]
    says = finding(decision, "previous-stage-passed", "previous-stage-policy-pushed")
    assert "was signed under a policy that came onto refs/heads/main without a merge" in says


def test_an_entry_that_names_a_policy_younger_than_its_signer(fresh: FlowWorld, tmp_path: Path) -> None:
    stories.merge(fresh, ask(fresh, "staging"))
    fresh.gate(code=10)
    old = stories.signer(fresh, fresh.run())
    bring_policy(fresh, "policy", (fresh.checkout / POLICY_PATH).read_text() + "# younger\n")
    words = recorded.statements(fresh)[-1]
    at_main(fresh)
    digest = digests.sha256((fresh.checkout / POLICY_PATH).read_bytes())
    words["predicate"]["policy"] |= {"revision": main_of(fresh), "digest": {"sha256": digest}}
    words["predicate"] |= {"decidedAt": wire.timestamp(datetime.now(UTC))}
    thief = Thief(fresh, tmp_path)
    thief.append(old.sign_statement(thief.words(words)))
    stories.refused(fresh, code=11, says="is younger than the run that signed it")


def test_the_branch_moves_while_an_entry_is_read(fresh: FlowWorld, tmp_path: Path) -> None:
    # how far back the signer is has to be told on the same branch as how far back the policy is that it names
    stories.merge(fresh, ask(fresh, "staging"))
    fresh.gate(code=10)
    opened = Wiring(fresh.run()).gate(tmp_path)
    bring_policy(fresh, "policy", (fresh.checkout / POLICY_PATH).read_text() + "# younger\n")
    at_main(fresh)
    words = recorded.statements(fresh)[-1]
    digest = digests.sha256((fresh.checkout / POLICY_PATH).read_bytes())
    words["predicate"]["policy"] |= {"revision": main_of(fresh), "digest": {"sha256": digest}}
    entry = statement.parse(json.dumps(words).encode(), "entry 2")
    with pytest.raises(VerificationError, match="is younger than the run that signed it"):
        opened.reader.judge.check(identity.claimed(opened.run), entry, "entry 2")


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_entry_of_another_time_than_its_signature(fresh: FlowWorld, tmp_path: Path, minutes: int) -> None:
    stories.merge(fresh, ask(fresh, "staging"))
    fresh.gate(code=10)
    words = recorded.statements(fresh)[-1]
    words["predicate"] |= {"decidedAt": wire.timestamp(datetime.now(UTC) + timedelta(minutes=minutes))}
    thief = Thief(fresh, tmp_path)
    thief.append(stories.signer(fresh, fresh.run()).sign_statement(thief.words(words)))
    stories.refused(fresh, code=11, says="more than 5 minutes apart")


def test_entries_whose_signers_go_back(fresh: FlowWorld, tmp_path: Path) -> None:
    stories.merge(fresh, ask(fresh, "staging"))
    old = stories.signer(fresh, fresh.run())
    stories.merge(fresh, ask(fresh, "staging"))
    fresh.gate(code=10)
    words = recorded.statements(fresh)[-1]
    words["predicate"] |= {"decidedAt": wire.timestamp(datetime.now(UTC))}
    words["predicate"]["policy"] |= {"revision": fresh.git("rev-parse", "main")}
    thief = Thief(fresh, tmp_path)
    thief.append(old.sign_statement(thief.words(words)))
    stories.refused(fresh, code=11, says="entry 3 was signed by a run of .*, older than .*, of the entry before")


# --- runs that began before the branch moved on ----------------------------------------------


def start_again(world: FlowWorld) -> dict[str, Any]:
    same = {"runId": 77} if world.kind is GITHUB else {"pipelineId": 77}
    return same | ({"attempt": 2} if world.kind is GITHUB else {})


def remember(world: FlowWorld) -> None:
    """Let a run of today be known, so that it can be started again later."""
    world.run(**({"runId": 77} if world.kind is GITHUB else {"pipelineId": 77}))


def test_last_week_s_run_is_started_again_after_the_people_changed(fresh: FlowWorld) -> None:
    remember(fresh)
    text = (fresh.checkout / POLICY_PATH).read_bytes().replace(b", {id: 1003, login: carol}", b"").decode()
    fresh.hands.merges("alice", branch(fresh, "carol-leaves", (POLICY_PATH, text)), "squash")
    text = stories.refused(fresh, code=1, says="was changed since", **start_again(fresh))
    assert "start the workflow anew on refs/heads/main" in text
    assert POLICY_PATH in text


def test_an_old_run_does_not_write_after_a_younger_one(fresh: FlowWorld) -> None:
    asked = ask(fresh, "staging")
    approve_and_merge(fresh, asked, "alice")
    remember(fresh)
    other = ask(fresh, "production", "again")
    approve_and_merge(fresh, other, "alice", "dora")
    fresh.gate("--request", asked.path)  # a run of the branch as it is now
    text = stories.refused(fresh, "--request", other.path, code=2, says="no merged request", **start_again(fresh))
    assert "of which this run is" in text


def test_a_run_decides_only_what_was_merged_by_then(fresh: FlowWorld) -> None:
    first = ask(fresh, "staging")
    approve_and_merge(fresh, first, "alice")
    environment = fresh.run()
    second = ask(fresh, "production")
    approve_and_merge(fresh, second, "alice", "dora")
    result = fresh.gate(environment=environment)
    assert [each["request"] for each in result["decisions"]] == [first.path]
    assert [each["request"] for each in fresh.gate()["decisions"]] == [second.path]
