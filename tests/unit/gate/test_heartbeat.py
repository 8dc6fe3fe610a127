"""Audits: when a gate reads the whole ledger and says so, what it says of requests, and what later gates make of it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests import evidence_samples as samples
from tests.evidence_samples import ALICE, DORA, MERGE, revision
from tests.unit.gate.memory import World

from counterseal.errors import LedgerError
from counterseal.gate import deciding, heartbeat, selection
from counterseal.gate.ledger import tail
from counterseal.gate.request_files import merged_requests
from counterseal.history import state
from counterseal.history.events import Swept, Waiting
from counterseal.model import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.gate.deciding import GateResult

OWN = """\
  gate: {github: {workflow: .github/workflows/promote.yml, ref: refs/heads/main}}
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def run(world: World, event: str = "push", number: int = 1) -> GateResult:
    result = deciding.run(world.gate(event, number))
    assert result.failed == ()
    return result


def kinds(world: World) -> list[str]:
    """Return what each entry is."""
    return [told.get("kind") or told["outcome"] for told in world.told()]


def later(world: World, **time: float) -> None:
    world.clock.at += timedelta(**time)


# --- when ------------------------------------------------------------------------------------


def test_a_scheduled_run_audits_daily_where_something_was_recorded(world: World) -> None:
    world.ask("staging", ALICE)
    run(world)
    assert kinds(world) == ["genesis", "allow"]
    run(world, "schedule", 2)
    assert kinds(world) == ["genesis", "allow", "audit"]
    later(world, hours=25)
    run(world, "schedule", 3)
    assert len(world.told()) == 3, "nothing was recorded since"
    world.ask("staging", ALICE, merge=revision("2ec0d00"))
    run(world, number=4)
    run(world, "schedule", 5)
    assert kinds(world)[3:] == ["allow", "audit"]
    later(world, hours=5)
    world.ask("staging", ALICE, merge=revision("3bd0000"))
    run(world, number=6)
    run(world, "schedule", 7)
    assert kinds(world)[5:] == ["allow"], "the last one is 5 hours old"


def test_where_nothing_happens_it_audits_every_third_day(world: World) -> None:
    run(world, "schedule")
    assert kinds(world) == ["genesis"]
    run(world, "schedule", 2)
    for hours, audits in ((25, 1), (25, 1), (25, 2), (67, 2), (2, 3)):
        later(world, hours=hours)
        run(world, "schedule", 100 + hours + audits)
        assert kinds(world).count("audit") == audits


def test_other_runs_do_not_audit_a_ledger_that_is_near(world: World) -> None:
    world.ask("staging", ALICE)
    for number in range(1, 4):
        later(world, hours=50)
        run(world, number=number)
    assert kinds(world) == ["genesis", "allow"]


def test_an_audit_of_another_trigger_does_not_put_the_scheduled_one_off(world: World) -> None:
    run(world)
    heartbeat.audit(world.gate("push", 2))
    run(world, "schedule", 3)
    assert kinds(world) == ["genesis", "audit", "audit"]
    assert [told["body"]["trigger"] for told in world.told()[1:]] == ["push", "schedule"]


def test_a_gate_that_finds_the_audit_too_far_back_audits_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MAX_TAIL", 2)
    monkeypatch.setattr(heartbeat, "MAX_TAIL", 2)
    for number in range(3):
        world.ask("staging", ALICE, merge=revision(f"{number + 1}ec0d00"))
        run(world, number=number + 1)
    assert kinds(world) == ["genesis", "allow", "allow", "allow"]
    world.ask("staging", ALICE, merge=revision("9ec0d00"))
    run(world, number=9)
    assert kinds(world)[4:] == ["audit", "allow"]
    assert world.told()[4]["body"]["verified"] == 3


def test_an_audit_reads_every_line_from_the_first_on(world: World) -> None:
    world.ask("staging", ALICE)
    run(world)
    run(world, "schedule", 2)
    world.ask("staging", ALICE, merge=revision("2ec0d00"))
    run(world, number=3)
    first = world.store.lines()[0]
    del world.sigstore.known[first]
    later(world, hours=25)
    world.ask("staging", ALICE, merge=revision("3bd0000"))
    run(world, number=4)  # what lies before the audit is believed
    with pytest.raises(LedgerError, match="is not what a gate signed"):
        run(world, "schedule", 5)


def test_a_ledger_whose_branch_is_gone_is_not_begun_anew(world: World) -> None:
    world.ask("staging", ALICE)
    run(world)
    world.store.branch = None
    with pytest.raises(LedgerError, match="which is the ledger, is gone") as caught:
        run(world, number=2)
    assert "log repair" in caught.value.fix
    assert world.told() == []


# --- an own gate -----------------------------------------------------------------------------


def test_an_own_gate_audits_before_each_allow_that_publishes(tmp_path: Path) -> None:
    world = own_gate(tmp_path)
    world.ask("staging", ALICE)
    run(world)
    world.ask("production", ALICE, DORA, merge=revision("2ec0d00"))
    run(world, number=2)
    world.ask("production", merge=revision("3bd0000"))  # approved by nobody
    run(world, number=3)
    assert kinds(world) == ["genesis", "allow", "audit", "allow", "deny"]
    (audit,) = (told for told in world.told() if told.get("kind") == "audit")
    assert audit["body"]["verified"] == 1


def own_gate(tmp_path: Path) -> World:
    run = dataclasses.replace(
        samples.RUN,
        signer_ref="acme/app/.github/workflows/promote.yml@refs/heads/main",
        config_ref="acme/app/.github/workflows/promote.yml@refs/heads/main",
    )
    from tests.unit.gate.memory import POLICY

    return World(tmp_path, run, POLICY.replace(b"  gate: counterseal\n", OWN.encode()))


# --- how far requests were looked for ---------------------------------------------------------


def swept(world: World) -> Swept | None:
    return selection.swept(world.gate().reader.read(world.store))


def test_an_audit_says_which_requests_are_undecided(world: World) -> None:
    world.ask("staging", ALICE)
    run(world)
    path = world.ask("production", ALICE, DORA, merge=revision("2ec0d00"))
    later_path = world.ask("staging", ALICE, merge=revision("3bd0000"))
    heartbeat.audit(world.gate())
    at = revision("3bd0000")
    known = Swept(at, (Waiting(path, revision("2ec0d00")), Waiting(later_path, at)))
    assert swept(world) == known
    assert [merged.path for merged in merged_requests(world.source, at, known)] == [path, later_path]
    decided = run(world, number=2).decided
    assert {each.path: each.decision.outcome for each in decided} == {path: Outcome.ALLOW, later_path: Outcome.ALLOW}


def test_a_gate_looks_at_later_commits_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ask("staging", ALICE)
    run(world)
    run(world, "schedule", 2)
    path = world.ask("production", ALICE, DORA, merge=revision("2ec0d00"))
    looked: list[str | None] = []
    added = world.source.added_files

    def seen(head: str, folder: str, since: str | None = None) -> object:
        looked.append(since)
        return added(head, folder, since)

    monkeypatch.setattr(world.source, "added_files", seen)
    assert [each.path for each in run(world, number=3).decided] == [path]
    assert None not in looked[:1]
    assert looked[0] == world.source.parent(MERGE)


def test_a_run_of_the_audited_revision_is_still_about_its_request(world: World) -> None:
    path = world.ask("staging", ALICE)
    run(world)
    run(world, "schedule", 2)
    (again,) = run(world, number=3).decided
    assert (again.path, again.fresh) == (path, False)


def test_a_request_that_comes_back_after_the_audit_was_there_before(world: World) -> None:
    path = world.ask("staging", ALICE)
    run(world)
    run(world, "schedule", 2)
    data = world.source.line[-1][1][path]
    files = {name: content for name, content in world.source.line[-1][1].items() if name != path}
    world.source.line.append((revision("2ec0d00"), files))
    world.source.line.append((revision("3bd0000"), {**files, path: data}))
    known = swept(world)
    assert known is not None
    (merged,) = (each for each in merged_requests(world.source, revision("3bd0000"), known) if each.path == path)
    assert merged.again


def test_an_older_run_looks_at_everything(world: World) -> None:
    path = world.ask("staging", ALICE)
    run(world)
    world.ask("production", ALICE, DORA, merge=revision("2ec0d00"))
    run(world, "schedule", 2)
    known = swept(world)
    assert [each.path for each in merged_requests(world.source, MERGE, known)] == [path]


def test_strays_that_wait_are_named_and_come_back(world: World) -> None:
    world.ask("staging", ALICE)
    run(world)
    world.source.add(revision("2ec0d00"), **{"promotions/README": b"hello"})
    heartbeat.audit(world.gate())
    known = swept(world)
    assert known is not None
    assert [each.path for each in known.undecided] == [f"promotions@{revision('2ec0d00')}"]
    found = [each for each in merged_requests(world.source, revision("2ec0d00"), known) if each.strays]
    assert [each.strays for each in found] == [("promotions/README",)]


def test_with_too_many_undecided_ones_an_audit_says_nothing_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "MAX_WAITING", 1)
    run(world)
    world.ask("staging", ALICE)
    world.ask("production", ALICE, DORA, merge=revision("2ec0d00"))
    heartbeat.audit(world.gate())
    assert swept(world) is None


# --- what waits for its publication -----------------------------------------------------------


def test_no_more_is_allowed_than_can_wait_for_publication(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_UNPUBLISHED", 1)
    world.ask("staging", ALICE)
    run(world)
    world.ask("production", ALICE, DORA, merge=revision("2ec0d00"))
    run(world, number=2)
    world.ask("production", ALICE, DORA, merge=revision("3bd0000"))
    result = deciding.run(world.gate(number=3))
    assert [str(failed.error)[:36] for failed in result.failed] == ["1 allows wait for their publication,"]
    assert kinds(world) == ["genesis", "allow", "allow"]
