"""Scenarios about the ledger: rewound, dropped, forged, begun by others; and two gates at once."""

from __future__ import annotations

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories
from tests.flow.stories import ask
from tests.flow.thief import FORGED, Hand, Thief

from counterseal.forges import ForgeKind
from counterseal.formats.wire import timestamp
from counterseal.history import places
from counterseal.identifiers import LEDGER_REF, NOTES_REF, POLICY_PATH
from counterseal_sandbox.demo.site import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

GITHUB, GITLAB = ForgeKind
#: The newest entry of the world. GitLab's gate is the project's own: it audits before an allow that publishes.
PUBLICATION = {GITHUB: 4, GITLAB: 5}


@pytest.fixture(scope="module")
def published(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world with a release: genesis, a deny, two allows, a publication. Each test puts the ledger back."""
    with pool.world(kind, stories.deny_allow_publish) as found:
        stories.merge(found, ask(found, "staging", "one more that has no decision yet"))
        yield found


@pytest.fixture
def world(published: FlowWorld) -> Iterator[FlowWorld]:
    tips = published.ledger_tips()
    yield published
    for ref in (NOTES_REF, LEDGER_REF):
        stories.move(published, ref, tips[ref])
    assert published.ledger_tips() == tips


def head(world: FlowWorld) -> str:
    return world.ledger_tips()[LEDGER_REF]


def back(world: FlowWorld, number: int) -> str:
    return stories.hosted(world).git.text("rev-parse", f"{head(world)}~{number}").strip()


@pytest.fixture
def thief(world: FlowWorld, tmp_path: Path) -> Thief:
    return Thief(world, tmp_path)


@pytest.fixture
def hand(world: FlowWorld, tmp_path: Path) -> Hand:
    return Hand(world, tmp_path)


# --- rewound -------------------------------------------------------------------------------------


def test_s58_the_branch_is_rewound_by_an_administrator(world: FlowWorld) -> None:
    # 58 | notes and branch rewound before a hold, then the real gate runs | B | error, nothing signed | R32
    number = PUBLICATION[world.kind]
    stories.move_ledger(world, back(world, 1))
    text = stories.refused(world, code=11, says=f"the ledger was rewound: release v1.2.0 proves an entry {number}")
    assert f"the ledger has {number} entries" in text
    result = world.counterseal("publish", environment=world.run(), code=11)
    assert "the ledger was rewound" in result.errors


def test_a_person_cannot_rewind_the_branch(world: FlowWorld) -> None:
    world.git("fetch", "-q", "origin", LEDGER_REF)
    result = world.try_git("push", "--force", "origin", f"{back(world, 1)}:{LEDGER_REF}")
    assert result.exit_code != 0
    assert world.try_git("push", "origin", f":{LEDGER_REF}").exit_code != 0


@pytest.mark.parametrize("target", ["main", "an older entry", "nothing"])
def test_what_lies_at_the_notes_ref_harms_nobody(world: FlowWorld, target: str) -> None:
    """It is the ledger's copy for people: the gate does not read it, and its next entry sets it right."""
    commits = {"main": stories.hosted(world).branch("main"), "an older entry": back(world, 2), "nothing": None}
    stories.move(world, NOTES_REF, commits[target])
    asked = ask(world, "staging", target)
    stories.merge(world, asked)
    assert world.gate("--request", asked.path, code=10)["decisions"][0]["fresh"]
    tips = world.ledger_tips()
    assert tips[NOTES_REF] == tips[LEDGER_REF]


def test_the_branch_is_gone_and_a_release_remembers(world: FlowWorld) -> None:
    # R32 | genesis only if the branch and any validly signed release proof are absent
    stories.move_ledger(world, None)
    stories.refused(
        world, code=11, says=f"release v1.2.0 proves an entry {PUBLICATION[world.kind]} that it does not have"
    )
    assert world.ledger_tips() == {}


@pytest.mark.parametrize("forged", ["no proof", "a copy of the real one"])
def test_a_worthless_proof_in_a_newer_release_hides_nothing(world: FlowWorld, forged: str) -> None:
    # R32 | only proofs with a valid gate signature are anchors, others are warned of
    data = b"{}" if forged == "no proof" else world.hands.read("ledger-proof.json")
    with stories.later(world), world.hands.other_release("v9.9.9", "ledger-proof.json", data):
        warned = world.counterseal("gate", "--stage", "canary", environment=world.run())
        stories.move_ledger(world, back(world, 1))
        proved = f"release v1.2.0 proves an entry {PUBLICATION[world.kind]}"
        stories.refused(world, code=11, says=f"the ledger was rewound: {proved}")
    assert "warning: ledger-proof.json of v9.9.9 proves nothing and was passed over" in warned.errors


def test_so_many_worthless_proofs_that_nobody_can_look_behind_them(world: FlowWorld) -> None:
    with stories.later(world), ExitStack() as stack:
        for number in range(21):
            stack.enter_context(world.hands.other_release(f"v9.9.{number}", "ledger-proof.json", b"{}"))
        stories.refused(world, code=11, says="21 releases carry a ledger-proof.json that proves nothing")


def test_the_policy_names_another_ledger(world: FlowWorld) -> None:
    policy = stories.read(world, POLICY_PATH)
    stories.write(world, "main", POLICY_PATH, policy.replace(b"5d1c5d1c", b"e71ce71c"))
    try:
        text = stories.refused(world, code=11, says="entry [03]: its ledger id is not what the ledger gives")
    finally:
        stories.write(world, "main", POLICY_PATH, policy)
    assert "e71ce71c" in text


# --- forged --------------------------------------------------------------------------------------


def an_allow(world: FlowWorld, thief: Thief) -> bytes:
    """Return an allow at the place of the next entry."""
    return thief.words(recorded.statements(world)[2])


def test_s59_an_entry_signed_by_the_builder(world: FlowWorld, thief: Thief) -> None:
    # 59 | decision signed by the builder's identity | B | verify refuses | R34 (here: and no gate builds on it)
    words = an_allow(world, thief)
    thief.append(stories.signer(world, world.build_run()).sign_statement(words))
    text = stories.refused(world, code=11, says=f"entry {PUBLICATION[world.kind] + 1}: not signed by the gate")
    says = {
        GITHUB: "signed by https://github.com/acme/app/.github/workflows/release.yml,",
        GITLAB: "signed by https://gitlab.com/acme/app//.gitlab-ci.yml@refs/tags/v1.2.0",
    }
    assert says[world.kind] in text


@pytest.mark.forges(GITHUB)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"runnerEnvironment": "self-hosted"}, "a runner that is self-hosted"),
        ({"gateRevision": "bad0" * 10}, "the gate's revision bad0bad0bad0 is newer than this tool, or not ours"),
        ({"event": "pull_request_target"}, "not by pull_request_target"),
        ({"ref": "refs/heads/quiet"}, "the gate ran for refs/heads/quiet, not for refs/heads/main"),
        ({"gateRevision": None}, "it was signed by .*promote.yml, not by"),
    ],
)
def test_s56_an_entry_signed_by_a_gate_that_is_none(
    world: FlowWorld, thief: Thief, change: dict[str, Any], says: str
) -> None:
    # 56 | our gate path at a commit that is not in the released list; ...; on a self-hosted runner | GH | deny | R29
    stories.move(world, "refs/heads/quiet", stories.hosted(world).branch("main"))
    words = an_allow(world, thief)
    thief.append(stories.signer(world, world.run(**change)).sign_statement(words))
    stories.refused(world, code=11, says=says)


@pytest.mark.forges(GITLAB)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"event": "merge_request_event", "ref": "refs/heads/quiet"}, "signed by .*@refs/heads/quiet"),
        ({"event": "trigger"}, "started by push, schedule, web, not by trigger"),
        ({"event": "api"}, "started by push, schedule, web, not by api"),
        ({"ref": "refs/heads/quiet"}, "signed by .*@refs/heads/quiet"),
        ({"workflow": "evil.yml"}, "signed by .*//evil.yml@refs/heads/main"),
    ],
)
def test_an_entry_signed_by_a_job_that_is_no_gate(
    world: FlowWorld, thief: Thief, change: dict[str, Any], says: str
) -> None:
    # R29, R34 | an own gate is one file at one protected branch, started by what only members can start
    stories.move(world, "refs/heads/quiet", stories.hosted(world).branch("main"))
    if change.get("event") == "merge_request_event":
        stories.propose(world, "quiet", {"quiet.txt": b"hello\n"})
    words = an_allow(world, thief)
    thief.append(stories.signer(world, world.run(**change)).sign_statement(words))
    stories.refused(world, code=11, says=says)


def test_an_entry_of_another_repository_s_gate(world: FlowWorld, thief: Thief) -> None:
    stories.other_project(world)
    world.git("push", "-q", f"{world.site.place.git}/evil/app.git", "main")
    words = an_allow(world, thief)
    thief.append(stories.signer(world, world.run(repository="evil/app")).sign_statement(words))
    stories.refused(world, code=11, says="not for 701")


def in_a_bundle(payload: bytes) -> bytes:
    return json.dumps({"dsseEnvelope": {"payload": base64.b64encode(payload).decode()}}).encode()


def test_a_signature_of_other_words(world: FlowWorld, thief: Thief) -> None:
    bundle = json.loads(recorded.lines(world)[2])
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(an_allow(world, thief)).decode()
    thief.append(json.dumps(bundle).encode())
    number = PUBLICATION[world.kind] + 1
    text = stories.refused(
        world, code=11, says=f"ledger entry {number} .commit [0-9a-f]{{12}}. is not what a gate signed"
    )
    assert "restore the branch counterseal-ledger" in text


@pytest.mark.parametrize(
    "line",
    [
        b'{"hello":"::error::world"}',
        b"[" * 20_000,
        in_a_bundle(b'{"predicate":{"ledger":{"sequence":1e999}}}'),
        in_a_bundle(b'{"predicate":[]}'),
        in_a_bundle(b"[" * 20_000),
        in_a_bundle(b"\xff"),
        b"",
        b"x" * 70_000,
    ],
    ids=[
        "no bundle",
        "brackets",
        "endless number",
        "no predicate",
        "brackets inside",
        "no text",
        "nothing",
        "too much",
    ],
)
def test_a_line_that_was_made_to_break_its_reader(world: FlowWorld, hand: Hand, line: bytes) -> None:
    hand.place(places.ENTRY, FORGED).parent.mkdir(parents=True)
    hand.place(places.ENTRY, FORGED).write_bytes(line + b"\n")
    made = hand.commit(line + b"\n")
    hand.push()
    stories.refused(world, code=11, says=f"a line of the ledger .commit {made[:12]}. is not what a gate signed")


# --- verified by consumers -------------------------------------------------------------------------


@pytest.mark.forges(GITHUB)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"gateRevision": "bad0" * 10}, "revision bad0bad0bad0 is newer than this tool, or not ours"),
        ({"runnerEnvironment": "self-hosted"}, "a runner that is self-hosted"),
        ({"workflow": ".github/workflows/release.yml", "ref": "refs/tags/v1.2.0", "gateRevision": None}, "release.yml"),
    ],
)
def test_s56_s59_a_decision_of_somebody_else_s_is_not_verified(
    world: FlowWorld, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    # 56, 59 | our gate path at a commit that nobody released, on a self-hosted runner; the builder's identity | refused
    folder = downloaded(world, tmp_path)
    assert verify(world, folder, code=0).startswith("verified:")
    proof = json.loads((folder / "ledger-proof.json").read_text())
    payload = recorded.payload(proof["decision"]["line"])
    proof["decision"]["line"] = stories.signer(world, world.run(**change)).sign_statement(payload).decode()
    (folder / "ledger-proof.json").write_text(json.dumps(proof))
    said = verify(world, folder, code=11)
    assert "step 2, signature" in said
    assert says in said


@pytest.mark.forges(GITHUB)
def test_s56_a_decision_of_a_withdrawn_gate_is_not_verified(world: FlowWorld, tmp_path: Path) -> None:
    # 56 | ... at a withdrawn one | GH | deny, verify refuses | R29
    folder = downloaded(world, tmp_path)
    trust = json.loads((folder / "trust.json").read_text())
    (released,), line = trust["released"], json.loads((folder / "ledger-proof.json").read_text())["decision"]["line"]
    signed = datetime.fromisoformat(json.loads(recorded.payload(line))["predicate"]["decidedAt"])

    def withdrawn(until: datetime | None) -> None:
        trust["withdrawn"] = [{"revision": released, "until": until and timestamp(until)}]
        (folder / "trust.json").write_text(json.dumps(trust))

    withdrawn(None)
    assert "was withdrawn" in verify(world, folder, code=11)
    withdrawn(signed - timedelta(hours=1))
    assert "was withdrawn at" in verify(world, folder, code=11)
    withdrawn(signed + timedelta(hours=1))
    assert verify(world, folder, code=0).startswith("verified:"), "it signed that before"


def downloaded(world: FlowWorld, folder: Path) -> Path:
    for name in ("app-1.2.0-py3-none-any.whl", "ledger-proof.json"):
        (folder / name).write_bytes(world.hands.read(name))
    (folder / "trust.json").write_text(json.dumps(world.client.trust()))
    return folder


def verify(world: FlowWorld, folder: Path, code: int) -> str:
    place = f"{world.site.place.host}/{NAME}"
    wanted = ("--stage", "production", "--repository", place, "--trust", "trust.json", "--sandbox")
    told = (*wanted, *world.site.who_decides())
    return world.counterseal("verify", "app-1.2.0-py3-none-any.whl", *told, folder=folder, code=code).output


# --- begun by others, and two at once ---------------------------------------------------------------


@pytest.mark.forges(GITHUB)  # a fork on GitLab needs a policy of its own, which has a ledger of its own
def test_a_ledger_that_a_fork_began(fresh: FlowWorld) -> None:
    forge, policy = fresh.sandbox.forge, stories.read(fresh, POLICY_PATH)
    with forge.lock:
        forker = forge.create_account("forker")
        fork = forge.fork(stories.hosted(fresh), "forker")
    text = stories.refused(
        fresh, code=2, says=f"ledger.id is of repository {fresh.repository_id}", repository="forker/app"
    )
    assert f"and this is {fork.id}" in text
    own = policy.replace(f"/{fresh.repository_id}/".encode(), f"/{fork.id}/".encode())
    with forge.lock:
        fork.write_file("main", POLICY_PATH, own, forker)
    fresh.gate(repository="forker/app")
    fresh.git("fetch", "-q", f"{fresh.site.place.git}/forker/app.git", LEDGER_REF)
    fresh.git("push", "-q", "origin", f"FETCH_HEAD:{LEDGER_REF}")
    stories.refused(fresh, code=11, says="entry 0: not signed by the gate")


def test_two_gates_at_once(fresh: FlowWorld, tmp_path: Path) -> None:
    asked = [ask(fresh, "staging") for _ in range(1)]
    stories.approve_and_merge(fresh, asked[0], "alice")
    for _ in range(2):
        asked.append(ask(fresh, "staging"))
        stories.merge(fresh, asked[-1])
    command = [sys.executable, "-I", "-m", "counterseal", "gate", "--format", "json"]

    def gate(run: dict[str, str]) -> tuple[int, Any]:
        result = fresh.shell.run(command, folder=fresh.checkout, environment=run)
        assert "Traceback" not in result.errors
        return result.exit_code, json.loads(result.output)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(gate, [fresh.run(), fresh.run()]))
    assert [code for code, _ in results] == [10, 10], [said.get("failed") for _, said in results]
    found = stories.log(fresh, tmp_path)
    assert sorted(found) == [1, 2, 3]
    assert {row["decision"]["request"]["file"] for row in found.values()} == {each.path for each in asked}
    made = [each for _, said in results for each in said["decisions"] if each["fresh"]]
    assert sorted(each["sequence"] for each in made) == [1, 2, 3], "each was recorded by exactly one of them"
