"""`log repair` at both forges: a ledger rewound, deleted, overwritten or forked, and found by the log of pushes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories, worlds
from tests.flow.stories import ask
from tests.flow.worlds import FlowWorld

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.forge.git.objects import Signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.pool import Pool

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]


@pytest.fixture(scope="module")
def told(pool: Pool, kind: ForgeKind) -> Iterator[Told]:
    """A world with a release and a deny after it, and an entry that lost a race against the one after the genesis."""
    with pool.world(kind, worlds.sign) as found:
        stories.merge(found, ask(found, "staging"))
        found.gate(code=10)
        moves, loser = list(stories.hosted(found).activity), head(found)
        stories.move_ledger(found, back(found, 1))
        found.gate(code=10)
        stories.hosted(found).activity[:] = moves  # nobody ever saw the loser at the branch
        stories.allow_staging(found)
        stories.approve_and_merge(found, ask(found, "production"), "alice", "dora")
        assert [each["tag"] for each in found.gate()["published"]] == ["v1.2.0"]
        stories.merge(found, ask(found, "staging", "one more"))
        found.gate(code=10)
        stories.hosted(found).activity[:] = [each for each in stories.hosted(found).activity if each.after != loser]
        yield Told(found, loser, int(stories.hosted(found).git.text("rev-list", "--count", head(found))))


@pytest.fixture
def loser(told: Told) -> str:
    return told.loser


@pytest.fixture
def entries(told: Told) -> int:
    """Return how many entries there are: an own gate audits before it publishes."""
    return told.entries


@pytest.fixture
def world(told: Told) -> Iterator[FlowWorld]:
    """The world, whose ledger and log of pushes are put back afterwards."""
    published = told.world
    tips, moves = published.ledger_tips(), list(stories.hosted(published).activity)
    yield published
    for ref in (NOTES_REF, LEDGER_REF):
        stories.move(published, ref, tips[ref])
    stories.hosted(published).activity[:] = moves


@dataclass(frozen=True)
class Told:
    """What happened before the tests: a world, a commit that no log knows, and how many entries there are."""

    world: FlowWorld
    loser: str
    entries: int


def head(world: FlowWorld) -> str:
    return world.ledger_tips()[LEDGER_REF]


def back(world: FlowWorld, number: int) -> str:
    return stories.hosted(world).git.text("rev-parse", f"{head(world)}~{number}").strip()


def moved(world: FlowWorld, revision: str | None, by: str = "bob") -> None:
    """Let somebody move the branch with an administrator's hand; the notes follow."""
    stories.move(world, NOTES_REF, revision)
    world.client.control("/refs", repository=NAME, ref=LEDGER_REF, revision=revision, actor=by)


def garbage(world: FlowWorld, parent: str, path: str = "README.md") -> str:
    """Return a commit of bob's on another one, with something that is no note."""
    git, forge = stories.hosted(world).git, world.sandbox.forge
    person = Signature("bob", forge.account("bob").noreply_at(world.kind), forge.now())
    with forge.lock:
        tree = git.tree_with(parent, path, b"# hello\n")
        return str(git.commit_tree(tree, [parent], "hello", author=person, committer=person))


def repair(world: FlowWorld, *arguments: str, code: int = 0) -> str:
    """Return what the command says to alice, after checking that nothing was moved."""
    before = world.ledger_tips()
    result = world.counterseal("log", "repair", *arguments, environment=world.person("alice"), code=code)
    assert world.ledger_tips() == before, "it pushes nothing"
    if code:
        assert "git push --force" not in result.output + result.errors, "nothing is proposed"
    return result.output + result.errors


def knows(world: FlowWorld) -> Any:
    result = world.counterseal("log", "repair", "--format", "json", environment=world.person("alice"))
    return json.loads(result.output)


def follow(world: FlowWorld, commands: list[str]) -> None:
    """Type the commands as bob, while the rule of the branch is off."""
    hosted = stories.hosted(world)
    protected = hosted.protected
    assert LEDGER_REF in protected
    hosted.protect([pattern for pattern in protected if pattern != LEDGER_REF])
    try:
        for command in commands:
            git, *words = command.split()
            assert git == "git"
            world.git(*words)
    finally:
        hosted.protect(protected)


def test_a_whole_ledger_needs_no_repair(world: FlowWorld, entries: int) -> None:
    text = repair(world)
    assert f"{entries} entries, every signature and the chain verified · all 1 published proofs are in it" in text
    assert "nothing to repair: branch and notes are at the largest ledger that the log of pushes knows of" in text
    assert "git push" not in text


def test_a_rewound_branch(world: FlowWorld, entries: int) -> None:
    # R51 | what was lost is found by the forge's log of pushes, and verified whole
    # 58 | (relative) what an administrator rewound is found again
    lost, old = head(world), back(world, 1)
    moved(world, old)
    text = repair(world)
    assert f"{lost} · {entries} entries" in text
    assert f"counterseal-ledger, which is the ledger: at {old[:12]}, which lacks 1 entry" in text
    assert re.search(rf"bob \(id \d+\) moved it from {lost[:12]} to {old[:12]}", text)
    said = knows(world)
    assert (said["commit"], said["entries"], said["branch"], said["published"]) == (lost, entries, old, ["v1.2.0"])
    assert said["commands"] == [
        f"git fetch origin {lost}",
        f"git push --force-with-lease={LEDGER_REF}:{old} origin {lost}:{LEDGER_REF}",
        f"git push --force-with-lease={NOTES_REF}:{old} origin {lost}:{NOTES_REF}",
    ]
    follow(world, said["commands"])
    assert set(world.ledger_tips().values()) == {lost}
    assert "nothing to repair" in repair(world)


def test_the_next_audit_records_that_it_was_rewound_and_put_back(world: FlowWorld) -> None:
    lost, old = head(world), back(world, 2)
    moved(world, old, "carol")
    follow(world, knows(world)["commands"])
    world.gate("--stage", "production", event="schedule")
    told = recorded.statements(world)[-1]["predicate"]["body"]["moved"]
    assert [(each["actor"]["login"], each["before"], each["after"]) for each in told[-2:]] == [
        ("carol", lost, old),
        ("bob", old, lost),
    ]
    trust, clone = world.folder / "trust.json", world.folder / "auditor"
    trust.write_text(json.dumps(world.client.trust()), encoding="utf-8")
    world.git("clone", "--quiet", world.clone_url, str(clone), folder=world.folder)
    said = world.counterseal("log", "verify", "--folder", str(clone), "--trust", str(trust), "--sandbox").output
    assert f"by the forge's log carol (id 1003) moved its branch from {lost[:12]} to {old[:12]} at 20" in said
    assert f"bob (id 1002) moved its branch from {old[:12]} to {lost[:12]} at 20" in said
    assert recorded.statements(world)[-1]["predicate"]["kind"] == "audit"


def test_a_deleted_branch(world: FlowWorld) -> None:
    lost = head(world)
    moved(world, None)
    text = repair(world)
    assert "which is the ledger: absent" in text
    assert re.search(rf"bob \(id \d+\) deleted it at {lost[:12]}", text)
    commands = knows(world)["commands"]
    assert commands[1] == f"git push --force-with-lease={LEDGER_REF}: origin {lost}:{LEDGER_REF}"
    follow(world, commands)
    assert set(world.ledger_tips().values()) == {lost}


def test_garbage_on_top(world: FlowWorld) -> None:
    lost = head(world)
    first = garbage(world, lost)
    moved(world, first)
    second = garbage(world, first, "LICENSE")
    moved(world, second, "carol")
    said = knows(world)
    assert (said["commit"], said["onTop"]) == (lost, [second, first])
    assert [move["by"]["login"] for move in said["moves"]] == ["carol", "bob"]
    assert {broken["commit"] for broken in said["broken"]} == {first, second}
    text = repair(world)
    assert "on top of it: 2 commits of which no whole ledger came" in text
    assert "its message does not say what it adds: no gate wrote it" in text


def test_only_the_copy_was_overwritten(world: FlowWorld) -> None:
    old = back(world, 2)
    stories.move(world, NOTES_REF, old)
    commands = knows(world)["commands"]
    assert commands[1:] == [f"git push --force-with-lease={NOTES_REF}:{old} origin {head(world)}:{NOTES_REF}"]
    assert "against force pushes" not in repair(world)


def forked(world: FlowWorld, base: str, reason: str) -> str:
    """Return the tip of a ledger to which the gate appended after the branch was rewound to `base`."""
    moved(world, base)
    stories.merge(world, ask(world, "staging", reason))
    world.gate(code=10)
    return head(world)


def test_two_forks_that_no_proof_decides(world: FlowWorld, entries: int) -> None:
    # R51 | nothing is proposed where two whole ledgers contradict each other
    lost = head(world)
    other = forked(world, back(world, 1), "a fork after the release")
    text = repair(world, code=11)
    assert "two ledgers are whole, and neither goes on from the other" in text
    assert f"part at entry {entries - 1}, and no published proof decides" in text
    assert lost[:12] in text
    assert other[:12] in text


def test_a_fork_without_what_was_published_is_not_chosen(world: FlowWorld, loser: str) -> None:
    # R51 | who may force-push can bring back an earlier state, and entries that a gate signed on it in a lost race
    lost = head(world)
    moved(world, loser)
    said = knows(world)
    assert said["commit"] == lost
    assert said["others"] == [{"commit": loser, "entries": 2, "lacks": ["v1.2.0"]}]
    assert "without the entry that is published with v1.2.0" in repair(world)


def newest_line(world: FlowWorld, commit: str) -> bytes:
    """Return the line that a commit of the ledger adds."""
    git = stories.hosted(world).git
    (blob,) = re.findall(r"^Line: ([0-9a-f]{40})$", git.text("log", "-1", "--format=%B", commit), re.MULTILINE)
    return git.text("cat-file", "blob", blob).strip().encode()


def appended(world: FlowWorld, base: str, line: bytes) -> str:
    """Return a commit of bob's that claims to add a line."""
    git, forge = stories.hosted(world).git, world.sandbox.forge
    person = Signature("bob", forge.account("bob").noreply_at(world.kind), forge.now())
    with forge.lock:
        tree = git.tree_with(base, "59/59/" + "59" * 18, line + b"\n")
        blob = git.text("rev-parse", f"{tree}:59/59/{'59' * 18}").strip()
        message = f"an entry\n\nLine: {blob}\nSince-Audit: 1\n"
        return str(git.commit_tree(tree, [base], message, author=person, committer=person))


@pytest.mark.parametrize("who", ["the builder", "another repository's gate"])
def test_a_lost_tip_that_somebody_forged(world: FlowWorld, who: str) -> None:
    lost = head(world)
    words = json.loads(recorded.payload(newest_line(world, lost).decode()))
    words["predicate"]["ledger"]["sequence"] += 1
    run = world.build_run()
    if who != "the builder":
        stories.other_project(world)
        world.git("push", "-q", f"{world.site.place.git}/evil/app.git", "main")
        run = world.run(repository="evil/app")
    forged = appended(world, lost, stories.signer(world, run).sign_statement(json.dumps(words).encode()))
    moved(world, forged)
    moved(world, back(world, 3))
    said = knows(world)
    assert said["commit"] == lost
    assert [broken["commit"] for broken in said["broken"]] == [forged]
    assert "not signed by the gate" in said["broken"][0]["why"]


@pytest.mark.parametrize("named", ["12" * 20, ""])
def test_a_commit_that_names_what_is_not_there_hides_nothing(world: FlowWorld, named: str) -> None:
    # R54 | one commit of somebody's does not stop the search
    lost = head(world)
    git, forge = stories.hosted(world).git, world.sandbox.forge
    person = Signature("bob", forge.account("bob").noreply_at(world.kind), forge.now())
    with forge.lock:
        tree = git.text("rev-parse", f"{lost}^{{tree}}").strip()
        message = f"an entry\n\nLine: {named or tree}\nSince-Audit: 1\n"
        made = str(git.commit_tree(tree, [lost], message, author=person, committer=person))
    moved(world, made)
    said = knows(world)
    assert (said["commit"], said["onTop"]) == (lost, [made])
    assert [broken["commit"] for broken in said["broken"]] == [made]


def test_a_lost_tip_of_another_history(world: FlowWorld) -> None:
    lost = head(world)
    source = stories.hosted(world).branch("main")
    assert source is not None
    moved(world, source)
    moved(world, None)
    said = knows(world)
    assert said["commit"] == lost
    assert [broken["commit"] for broken in said["broken"]] == [source]


def test_no_log_of_pushes(world: FlowWorld) -> None:
    moved(world, back(world, 1))
    stories.hosted(world).activity.clear()
    text = repair(world, code=1)
    assert "the forge's log of pushes says nothing of counterseal-ledger" in text
    assert "so nothing is proposed" in text


def test_what_was_published_is_nowhere(world: FlowWorld) -> None:
    # the log of pushes forgot everything after an early state
    early = stories.hosted(world).git.text("rev-list", "--first-parent", "--reverse", head(world)).split()[0]
    moved(world, early)
    moves = stories.hosted(world).activity
    moves[:] = [move for move in moves if move.after == early and move.kind != "force_push"]
    text = repair(world, code=11)
    assert "no ledger that the forge still has contains everything that was published" in text
    assert "lacks the entry that the release proves of: v1.2.0" in text
