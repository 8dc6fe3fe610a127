"""Scenarios about commits on the ledger's branch: all that whoever may write, or has a gate's token, can push.

Every one is refused and named by the next gate, which signs nothing, and by whoever reads the whole ledger.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories
from tests.flow.stories import ask
from tests.flow.thief import FORGED, Hand, Thief

from counterseal.forges import ForgeKind
from counterseal.formats import wire
from counterseal.history import places
from counterseal.history.events import Audit
from counterseal.identifiers import LEDGER_REF
from counterseal.ledger import keys
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

    from counterseal.gate.ledger import Tip

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

GITHUB, GITLAB = ForgeKind


@pytest.fixture(scope="module")
def published(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world with a release, an audit by schedule and a deny after it. Each test puts the ledger back."""
    with pool.world(kind, stories.deny_allow_publish) as found:
        found.gate(event="schedule")
        stories.merge(found, ask(found, "staging", "nobody approves this"))
        found.gate(code=10)
        said = [each["predicate"].get("kind", "decision") for each in recorded.statements(found)]
        assert said[-2:] == ["audit", "decision"]
        stories.merge(found, ask(found, "staging", "one more that has no decision yet"))
        yield found


@pytest.fixture
def world(published: FlowWorld) -> Iterator[FlowWorld]:
    tips = published.ledger_tips()
    yield published
    for ref, tip in tips.items():
        stories.move(published, ref, tip)
    assert published.ledger_tips() == tips


@pytest.fixture
def thief(world: FlowWorld, tmp_path: Path) -> Thief:
    return Thief(world, tmp_path)


@pytest.fixture
def hand(world: FlowWorld, tmp_path: Path) -> Hand:
    return Hand(world, tmp_path)


def signed(world: FlowWorld, thief: Thief, **run: Any) -> bytes:
    """Return a deny for the next place, signed with the token of a gate's run, as its thief might have it."""
    return stories.signer(world, world.run(**run)).sign_statement(thief.words(recorded.statements(world)[1]))


def refused(world: FlowWorld, folder: Path, says: str) -> None:
    """Check that a gate names it and signs nothing, and that an auditor sees it as well."""
    stories.refused(world, code=11, says=says)
    clone, trust = folder / "audit", folder / "trust.json"
    world.git("clone", "-q", world.clone_url, str(clone), folder=world.folder)
    trust.write_text(json.dumps(world.client.trust()))
    world.counterseal("log", "verify", "--folder", str(clone), "--trust", str(trust), "--sandbox", code=11)


# --- commits that no gate made ---------------------------------------------------------------


def drop(hand: Hand) -> None:
    hand.entry(1).unlink()


def edit(hand: Hand) -> None:
    hand.entry(1).write_bytes(hand.entry(2).read_bytes())


def move(hand: Hand) -> None:
    hand.write(places.ENTRY, "78" * 32, hand.entry(1).read_bytes())
    hand.entry(1).unlink()


def add_a_note(hand: Hand) -> None:
    hand.write(places.ENTRY, "77" * 32, hand.entry(1).read_bytes())


def add_a_file(hand: Hand) -> None:
    (hand.folder / "README.md").write_text("# hello\n")


def add_a_file_among_notes(hand: Hand) -> None:
    (hand.entry(1).parent / "README.md").write_text("# hello\n")


def manifest(hand: Hand) -> Path:
    named = recorded.statements(hand.world)[1]["predicate"]["manifest"]["sha256"]
    return hand.place(places.MANIFEST, named)


def forge_a_pointer(hand: Hand) -> None:
    lines = manifest(hand).read_bytes().splitlines(keepends=True)
    manifest(hand).write_bytes(b"".join(lines[1:]))


def overwrite_a_pointer(hand: Hand) -> None:
    manifest(hand).write_bytes(hand.place(places.PUBLICATION, TAG).read_bytes())


def forge_the_state(hand: Hand) -> None:
    note = hand.folder / keys.path(keys.STATE)
    line, state = note.read_bytes().splitlines()
    said = json.loads(state)
    said["stages"]["canary"] = said["stages"]["production"]
    note.write_bytes(line + b"\n" + wire.canonical(said) + b"\n")


def forge_evidence(hand: Hand) -> None:
    named = recorded.statements(hand.world)[1]["predicate"]["evidenceDigest"]["sha256"]
    hand.place(places.EVIDENCE, named).write_bytes(b"{}")


def make_it_a_program(hand: Hand) -> None:
    hand.entry(1).chmod(0o755)


def nothing_at_all(_: Hand) -> None:
    pass


TAMPERS = [
    drop,
    edit,
    move,
    add_a_note,
    add_a_file,
    add_a_file_among_notes,
    forge_a_pointer,
    overwrite_a_pointer,
    forge_the_state,
    forge_evidence,
    make_it_a_program,
]


@pytest.mark.parametrize("tamper", [*TAMPERS, nothing_at_all])
def test_s58_a_commit_without_a_line(
    world: FlowWorld, hand: Hand, tmp_path: Path, tamper: Callable[[Hand], None]
) -> None:
    # 58 | ...; a fast-forward commit that drops an entry | B | error, nothing signed | R32
    tamper(hand)
    made = hand.commit()
    hand.push()
    refused(world, tmp_path, f"commit {made[:12]} of the ledger's branch is not an entry\n.*does not say what it adds")


@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_signed_line_beside_which_something_else_is_changed(
    world: FlowWorld, thief: Thief, tmp_path: Path, tamper: Callable[[Hand], None]
) -> None:
    before = world.ledger_tips()[LEDGER_REF]
    thief.append(signed(world, thief))  # what a gate would push …
    hand = Hand(world, tmp_path)
    stories.move(world, LEDGER_REF, before)  # … and never did
    tamper(hand)
    made = hand.amend()
    hand.push()
    says = f"commit {made[:12]} of the ledger's branch is not an entry\n.*notes were added, changed or lost"
    refused(world, tmp_path, says)


def test_a_dropped_entry_is_buried_under_signed_ones(
    world: FlowWorld, thief: Thief, hand: Hand, tmp_path: Path
) -> None:
    before = world.ledger_tips()[LEDGER_REF]
    thief.append(signed(world, thief))
    line = recorded.lines(world)[-1].encode() + b"\n"
    stories.move(world, LEDGER_REF, before)
    drop(hand)
    made = hand.commit()
    hand.write(places.ENTRY, FORGED, line)
    hand.commit(line, since=3)
    hand.push()
    refused(world, tmp_path, f"commit {made[:12]} of the ledger's branch is not an entry")


# --- lines that lie elsewhere ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("onto", "says"),
    [
        (("HEAD^", "HEAD^^"), "is not an entry\n.*it is a merge"),
        (("HEAD^^", "HEAD^"), "is not the audit that the newest commit takes it for"),
    ],
    ids=["second parent", "first parent"],
)
def test_a_merge(world: FlowWorld, thief: Thief, tmp_path: Path, onto: tuple[str, str], says: str) -> None:
    before = world.ledger_tips()[LEDGER_REF]
    thief.append(signed(world, thief))
    hand = Hand(world, tmp_path)
    stories.move(world, LEDGER_REF, before)
    hand.amend(onto)
    hand.push()
    refused(world, tmp_path, says)


@pytest.mark.parametrize(
    ("since", "says"),
    [(2, "entry {0} is not the audit"), (3, "entry {1} stands where entry {2} belongs")],
    ids=["as it was", "with a hint that fits"],
)
def test_a_loser_s_line_on_the_winner_s(world: FlowWorld, thief: Thief, tmp_path: Path, since: int, says: str) -> None:
    # two runs sign for one place; the line of the one that lost is pushed all the same, with the tree that it signed
    before = world.ledger_tips()[LEDGER_REF]
    thief.append(signed(world, thief))
    line = recorded.lines(world)[-1].encode() + b"\n"
    loser = Hand(world, tmp_path)
    stories.move(world, LEDGER_REF, before)
    assert world.gate(code=10)["decisions"][0]["fresh"], "the winner"
    loser.git("fetch", "-q", "origin", LEDGER_REF)
    loser.commit(line, since, ("FETCH_HEAD",))
    loser.push()
    place = len(recorded.lines(world)) - 2
    refused(world, tmp_path, says.format(place - 1, place, place + 1))


@pytest.mark.parametrize("number", [0, 1, 3, -1])
def test_a_line_that_is_pushed_again(world: FlowWorld, hand: Hand, tmp_path: Path, number: int) -> None:
    line = recorded.lines(world)[number].encode() + b"\n"
    hand.commit(line)
    hand.push()
    size = len(recorded.lines(world)) - 1
    refused(world, tmp_path, f"entry {number % size} stands where entry {size} belongs")


def test_a_line_for_this_place_of_another_ledger(world: FlowWorld, thief: Thief, tmp_path: Path) -> None:
    words = thief.words(recorded.statements(world)[1], id=f"{world.site.place.host}/701/{'77' * 16}")
    line = stories.signer(world, world.run()).sign_statement(words)
    hand = Hand(world, tmp_path)
    hand.write(places.ENTRY, FORGED, line + b"\n")
    hand.commit(line + b"\n")
    hand.push()
    refused(world, tmp_path, "its ledger id is not what the ledger gives")


@pytest.mark.parametrize(
    ("member", "value", "says"),
    [
        ("commit", "77" * 20, "is not an entry\n.*was signed on 777777777777, and lies on"),
        ("tree", "77" * 20, "is not an entry\n.*was signed on another tree than the one before it"),
        ("state", "77" * 32, "the state that it signs is not what follows from the entries"),
        ("previous", "77" * 32, "its previous is not what the ledger gives"),
        ("format", 2, "the entry is newer than this tool: it is of revision 2 of the ledger's format"),
    ],
)
def test_a_line_that_signs_another_past(
    world: FlowWorld, thief: Thief, hand: Hand, tmp_path: Path, member: str, value: Any, says: str
) -> None:
    words = thief.words(recorded.statements(world)[1], **{member: value})
    line = stories.signer(world, world.run()).sign_statement(words)
    hand.write(places.ENTRY, FORGED, line + b"\n")
    hand.commit(line + b"\n")
    hand.push()
    refused(world, tmp_path, says)


# --- back to what was valid once ---------------------------------------------------------------


def test_two_commits_that_lead_back_to_an_audit(world: FlowWorld, hand: Hand, tmp_path: Path) -> None:
    """The second is, but for its parent, the audit before the newest deny; the first has the tree below it."""
    audit, line = "origin/counterseal-ledger~1", recorded.lines(world)[-2].encode() + b"\n"
    hand.tree_of(f"{audit}~1")
    hand.commit()
    hand.tree_of(audit)
    made = hand.commit(line, since=0)
    hand.push()
    refused(
        world, tmp_path, f"commit {made[:12]} of the ledger's branch is not an entry\n.*was signed on .*, and lies on"
    )


def test_a_commit_that_leads_back_to_the_genesis(world: FlowWorld, hand: Hand, tmp_path: Path) -> None:
    hand.tree_of(hand.git("rev-list", "--max-parents=0", "HEAD"))
    made = hand.commit(recorded.lines(world)[0].encode() + b"\n", since=0)
    hand.push()
    refused(world, tmp_path, f"commit {made[:12]} of the ledger's branch is not an entry\n.*was signed on nothing")


def test_a_branch_that_begins_anew_with_the_genesis(world: FlowWorld, hand: Hand) -> None:
    # whoever may move the branch can cut it; the release that is out remembers
    stories.move(world, LEDGER_REF, hand.git("rev-list", "--max-parents=0", "HEAD"))
    stories.refused(world, code=11, says="the ledger was rewound: release v1.2.0 proves an entry")


# --- hints that lie ----------------------------------------------------------------------------


@pytest.mark.parametrize("since", [0, 3])
def test_a_hint_that_names_another_entry_as_audit(world: FlowWorld, thief: Thief, tmp_path: Path, since: int) -> None:
    hand = hinted(world, thief, tmp_path, since)
    hand.push()
    stories.refused(world, code=11, says="is not the audit that the newest commit takes it for")


def test_a_hint_that_names_more_commits_than_there_are(world: FlowWorld, thief: Thief, tmp_path: Path) -> None:
    hand = hinted(world, thief, tmp_path, 60)
    hand.push()
    stories.refused(world, code=11, says="it claims to be 60 entries after an audit, and has")


def test_a_hint_that_names_a_line_which_nobody_has(world: FlowWorld, hand: Hand) -> None:
    hand.commit(b"a line that is not pushed\n")
    hand.push()
    stories.refused(world, code=11, says="the ledger's branch names .* that .* does not have")


def test_a_hint_that_sends_the_gate_the_long_way_harms_nobody(world: FlowWorld, thief: Thief, tmp_path: Path) -> None:
    hand = hinted(world, thief, tmp_path, 999_999_999)
    hand.push()
    decided = world.gate(code=10)["decisions"]
    assert [each["fresh"] for each in decided] == [True]


def hinted(world: FlowWorld, thief: Thief, folder: Path, since: int) -> Hand:
    """Return a hand whose newest commit is a good one but for its hint; it is not pushed."""
    before = world.ledger_tips()[LEDGER_REF]
    thief.append(signed(world, thief))
    line = recorded.lines(world)[-1].encode() + b"\n"
    hand = Hand(world, folder)
    stories.move(world, LEDGER_REF, before)
    hand.commit(line, since=since, onto=("HEAD^",))
    return hand


# --- audits -------------------------------------------------------------------------------------


def an_audit(world: FlowWorld, thief: Thief, trigger: str, tip: Tip | None = None) -> bytes:
    """Return an audit for the next place."""
    tip = tip or thief.tip()
    said = next(each for each in recorded.statements(world) if each["predicate"].get("kind") == "audit")
    body = wire.encode(Audit(tip.size - 1, trigger, None))
    return thief.words({**said, "predicate": {**said["predicate"], "body": body}}, tip=tip)


def test_an_audit_that_says_schedule_in_a_run_of_a_push(world: FlowWorld, thief: Thief, tmp_path: Path) -> None:
    # whoever has an own gate's token for its lifetime could still the ledger's heartbeat, or fake it
    thief.append(stories.signer(world, world.run()).sign_statement(an_audit(world, thief, "schedule")))
    refused(world, tmp_path, "an audit says that it was started by schedule, and was signed in a run of push")


@pytest.mark.forges(GITLAB)
def test_an_audit_of_what_was_never_read_lets_nothing_be_published(staged: FlowWorld, tmp_path: Path) -> None:
    # own gate's token: who reads from that audit on does not see what is below; an allow that publishes audits anew
    staged.gate(event="schedule")
    hand, thief = Hand(staged, tmp_path), Thief(staged, tmp_path)
    add_a_note(hand)
    made = hand.commit()
    before = thief.tip()
    hand.push()
    tip = thief.on(before, made, hand.git("rev-parse", "HEAD^{tree}"))
    line = stories.signer(staged, staged.run()).sign_statement(an_audit(staged, thief, "push", tip))
    thief.append(line, tip)
    staged.gate("--stage", "canary")
    stories.approve_and_merge(staged, ask(staged, "production"), "alice", "dora")
    stories.refused(staged, code=11, says=f"commit {made[:12]} of the ledger's branch is not an entry")
    assert staged.hands.draft()
