"""What a consumer knows of a ledger after a release: from file, clone, address and forge, pinned, and lied to."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories
from tests.flow.stopping import hold, revoke, started, stop
from tests.flow.stories import ask
from tests.flow.test_scenarios_ledger import downloaded
from tests.flow.thief import Thief

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF, PINS_PATH
from counterseal.ledger import keys
from counterseal_sandbox.demo.site import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]
WHEEL = "app-1.2.0-py3-none-any.whl"
STATE = keys.path(keys.STATE)


@pytest.fixture(scope="module")
def world(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world with a release, after which one more decision was recorded."""
    with pool.world(kind, stories.deny_allow_publish) as found:
        stories.merge(found, ask(found, "staging", "one more that nobody approved"))
        found.gate(code=10)
        yield found


class Consumer:
    """Somebody with a download, and a repository of their own in which it is used."""

    def __init__(self, world: FlowWorld, folder: Path) -> None:
        self.world, self.download, self.home = world, folder / "download", folder / "home"
        self.download.mkdir()
        downloaded(world, self.download)
        world.git("init", "-q", str(self.home), folder=folder)
        self.place = f"{world.site.place.host}/{NAME}"
        self.trust = ("--trust", str(self.download / "trust.json"), "--sandbox")

    def verify(self, *more: str, code: int = 0, **how: Any) -> str:
        gate = how.pop("gate", self.world.site.who_decides())
        file = str(self.download / WHEEL)
        asked = ("verify", file, "--stage", "production", "--repository", self.place, *self.trust, *gate, *more)
        done = self.world.counterseal(*asked, folder=self.home, code=code, **how)
        return done.output + done.errors

    def pin(self, *more: str, code: int = 0) -> str:
        asked = ("pin", "--repository", self.place, *self.trust, *self.world.site.who_decides(), *more)
        done = self.world.counterseal(*asked, folder=self.home, code=code)
        return done.output + done.errors

    def clone(self) -> Path:
        folder = self.download.parent / "clone"
        self.world.git("clone", "-q", self.world.clone_url, str(folder), folder=self.world.folder)
        return folder

    def note(self) -> Path:
        """Return a file with the note of the state as the ledger's branch has it."""
        path = self.download.parent / "state"
        path.write_text(stories.hosted(self.world).git.text("cat-file", "blob", f"{LEDGER_REF}:{STATE}"))
        return path


@pytest.fixture
def consumer(world: FlowWorld, tmp_path: Path) -> Consumer:
    return Consumer(world, tmp_path)


def newest(world: FlowWorld) -> int:
    return int(stories.hosted(world).git.text("rev-list", "--count", LEDGER_REF)) - 1


def test_a_release_carries_what_was_known_when_it_was_made(consumer: Consumer) -> None:
    said = consumer.verify()
    publication = json.loads((consumer.download / "ledger-proof.json").read_text())["state"]
    sequence = json.loads(publication["document"])["sequence"]
    assert f"6 knowledge            the release's own copy, as of ledger entry {sequence} (" in said
    assert "0 h old): production has v1.2.0; not checked: what was recorded since" in said
    assert "warning" not in said
    refused = consumer.verify("--current", code=2)
    assert "--current needs --state" in refused


def test_file_clone_and_forge_tell_the_same(world: FlowWorld, consumer: Consumer) -> None:
    number = newest(world)
    for state in (str(consumer.note()), str(consumer.clone()), "newest"):
        said = consumer.verify("--state", state, "--current")
        assert f"6 knowledge            as of ledger entry {number} (" in said
        assert "production has v1.2.0; not checked" in said
    missing = consumer.verify("--state", "nowhere", code=2)
    assert "--state newest fetches it from the ledger's branch now" in missing
    assert f"counterseal-ledger/{STATE}" in missing
    assert "is not https" in consumer.verify("--state", "http://example.com/state", code=2)


def test_a_pin_holds_number_gate_ledger_and_how_far_it_was_seen(world: FlowWorld, consumer: Consumer) -> None:
    # R39 | what was pinned holds
    assert "pin needs --state" in consumer.pin(code=2)
    assert "would pin" in consumer.pin("--state", "newest", "--dry-run")
    assert not (consumer.home / PINS_PATH).exists()
    assert "is not pinned here" in consumer.verify(environment={"CI": "true"})
    said = consumer.pin("--state", "newest")
    assert "first pin: compare" in said
    written = (consumer.home / PINS_PATH).read_text()
    assert f"sequence: {newest(world)}\n    max-age: 7d\n" in written
    # what is pinned does not have to be said again
    assert "is not pinned" not in consumer.verify("--state", "newest", gate=(), environment={"CI": "true"})
    # an older copy than what was seen is too little
    old = consumer.verify(code=11)
    assert f"which is older than entry {newest(world)}, which was seen" in old
    assert "counterseal verify … --state newest" in old
    other = consumer.verify("--state", "newest", "--repository-id", "1", code=2)
    assert "--repository-id is not what" in other
    assert "first pin" not in consumer.pin("--state", "newest")


def test_a_pin_beside_the_files_is_not_read(consumer: Consumer, tmp_path: Path) -> None:
    # R39 | a pin that came with the files
    (consumer.download / ".counterseal").mkdir()
    (consumer.download / PINS_PATH).write_text("nonsense: [")
    assert "verified" in consumer.verify()
    named = consumer.verify("--pin", str(consumer.download / PINS_PATH), code=2)
    assert "consume.yml:2:1: not YAML" in named
    (consumer.home / ".counterseal").mkdir()
    (consumer.home / PINS_PATH).write_text("apiVersion: counterseal/v1\nprojects: []\nmore: 1\n")
    assert "unknown key 'more'" in consumer.verify(code=2)


def test_a_ledger_that_was_rewound(world: FlowWorld, consumer: Consumer) -> None:
    # R39 | the ledger of yesterday
    consumer.pin("--state", "newest")
    tip = world.ledger_tips()[LEDGER_REF]
    try:
        back = stories.hosted(world).git.text("rev-parse", f"{tip}~1").strip()
        stories.move_ledger(world, back)
        assert "the ledger was rewound" in consumer.verify("--state", "newest", code=11)
        assert "the ledger was rewound" in consumer.pin("--state", "newest", code=11)
        stories.move_ledger(world, stories.hosted(world).git.text("rev-parse", f"{tip}~2").strip())
        assert "the ledger was rewound" in consumer.verify("--state", "newest", code=11)
    finally:
        stories.move_ledger(world, tip)


def test_a_state_that_was_edited_or_signed_by_the_builder(world: FlowWorld, consumer: Consumer, tmp_path: Path) -> None:
    # R39 | a state edited, or signed by the builder
    note = consumer.note()
    line, document = note.read_bytes().split(b"\n")[:2]
    note.write_bytes(line + b"\n" + document.replace(b"v1.2.0", b"v1.1.9") + b"\n")
    assert "the state document is not the one that entry" in consumer.verify("--state", str(note), code=11)
    tip, thief = world.ledger_tips()[LEDGER_REF], Thief(world, tmp_path)
    words = thief.words(recorded.statements(world)[2])
    try:
        thief.append(stories.signer(world, world.build_run()).sign_statement(words))
        for state in ("newest", str(consumer.note())):
            said = consumer.verify("--state", state, code=11)
            assert "step 6, knowledge" in said
            assert "it was signed by" in said
    finally:
        stories.move_ledger(world, tip)


def test_a_branch_that_is_no_ledger_any_more(world: FlowWorld, consumer: Consumer) -> None:
    tip = world.ledger_tips()[LEDGER_REF]
    try:
        stories.move_ledger(world, stories.hosted(world).git.text("rev-parse", "refs/heads/main").strip())
        assert "ledger" in consumer.verify("--state", "newest", code=11)
    finally:
        stories.move_ledger(world, tip)


def test_a_ledger_that_is_withheld(world: FlowWorld, consumer: Consumer) -> None:
    # R39 | a ledger that is withheld
    tip = world.ledger_tips()[LEDGER_REF]
    try:
        stories.move_ledger(world, None)
        said = consumer.verify("--state", "newest", code=1)
        assert f"the branch {LEDGER_BRANCH} is not there" in said
    finally:
        stories.move_ledger(world, tip)


def test_a_release_that_is_revoked(world: FlowWorld, consumer: Consumer) -> None:
    # R26 R52 | one listed person takes a release back, and whoever asks for the newest state is told
    tip = world.ledger_tips()[LEDGER_REF]
    event = "api" if world.kind is ForgeKind.GITLAB else ""
    try:
        stop(world, started(world, hold("staging"), event=event))
        assert "production has v1.2.0" in consumer.verify("--state", "newest")
        digest = hashlib.sha256((consumer.download / WHEEL).read_bytes()).hexdigest()
        stop(world, started(world, revoke(f"artifact:{digest}"), event=event))
        for state in ("newest", str(consumer.note()), str(consumer.clone())):
            said = consumer.verify("--state", state, code=11)
            assert f"the artifact {digest}, which the release rests on, was revoked until 20" in said
            assert "do not use the file" in said
        assert "the release's own copy" in consumer.verify()
    finally:
        stories.move_ledger(world, tip)
