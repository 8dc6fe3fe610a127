"""`log verify --since-head`: who saw an earlier head is told whether anything went away since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.flow import stories
from tests.flow.stories import ask

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_BRANCH, NOTES_REF

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.demo.shell import ProcessResult

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]


class Auditor:
    """Somebody with a clone, who fetches whatever the forge shows, rewound or not."""

    def __init__(self, world: FlowWorld, folder: Path) -> None:
        self.world, self.clone, self.trust = world, folder / "clone", folder / "trust.json"
        world.git("clone", "-q", world.clone_url, str(self.clone), folder=world.folder)
        self.trust.write_text(json.dumps(world.client.trust()), encoding="utf-8")

    def verify(self, *arguments: str, code: int = 0, form: str = "text") -> ProcessResult:
        refs = (f"+{NOTES_REF}:{NOTES_REF}", f"+{LEDGER_BRANCH}:refs/remotes/origin/{LEDGER_BRANCH}")
        self.world.git("pull", "-q", folder=self.clone)
        self.world.git("fetch", "-q", "origin", *refs, folder=self.clone)
        options = ("--folder", str(self.clone), "--trust", str(self.trust), "--sandbox", "--format", form)
        return self.world.counterseal("log", "verify", *arguments, *options, code=code)

    def head(self) -> str:
        return str(json.loads(self.verify(form="json").output)["head"])


def decide_one_more(world: FlowWorld, reason: str) -> None:
    stories.merge(world, ask(world, "staging", reason))
    world.gate(code=10)


def test_an_earlier_head_stays_where_it_was_and_a_lost_one_is_missed(shared: FlowWorld, tmp_path: Path) -> None:
    decide_one_more(shared, "the first")
    auditor = Auditor(shared, tmp_path)
    first = auditor.head()
    assert f"--since-head {first}" in auditor.verify().output
    assert "it is entry 1, and 0 entries came after it" in auditor.verify("--since-head", first).output

    for digest in ("0" * 64, f"{int(first, 16) ^ 1:064x}"):
        assert "is not in this ledger" in auditor.verify("--since-head", digest, code=11).errors

    tips = shared.ledger_tips()[NOTES_REF]
    decide_one_more(shared, "the second")
    second = auditor.head()
    assert "it is entry 1, and 1 entry came after it" in auditor.verify("--since-head", first.upper()).output
    assert json.loads(auditor.verify("--since-head", first, form="json").output)["seen"] == 1

    stories.move_ledger(shared, tips)
    assert auditor.verify("--since-head", first).exit_code == 0
    auditor.verify()  # what is left is valid by itself: only who saw more can tell
    lost = auditor.verify("--since-head", second, code=11)
    assert f"the head {second[:12]}… is not in this ledger" in lost.errors
    assert "entries went away since it was seen, or it was seen of another ledger" in lost.errors

    decide_one_more(shared, "in place of the second")
    assert "is not in this ledger" in auditor.verify("--since-head", second, code=11).errors
