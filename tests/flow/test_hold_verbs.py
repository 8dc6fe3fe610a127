"""`hold` and `revoke` at both forges: from a person's command over the gate's run to the entry that is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.flow import worlds
from tests.flow.started import FILES, Starts

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_BRANCH
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

WHY = "v1.2.0 deletes files of users"


def stage(world: FlowWorld) -> None:
    """Let the gate's file say what it takes, and the candidate pass the first stage."""
    Starts(world, world.folder).put()
    number = world.request("staging")
    world.review("alice", number)
    world.merge("bob", number)
    world.gate()


@pytest.fixture
def starts(pool: Pool, kind: ForgeKind, tmp_path: Path) -> Iterator[Starts]:
    """A world whose candidate is in staging, and whose gate people can start."""
    with pool.world(kind, worlds.sign, stage) as world:
        yield Starts(world, tmp_path)


def test_a_hold_is_started_waited_for_and_shown(starts: Starts) -> None:
    with starts.waiting("alice", "hold", "--stage", "production", "--hours", "5", "--reason", WHY) as said:
        asked = starts.asked()
        assert {name: value for name, value in asked.inputs.items() if value} == {
            "action": "hold",
            "stage": "production",
            "hours": "5",
            "reason": WHY,
        }
        told = starts.play(asked)
        output = said.result().output
    assert output.startswith("hold: production is held until ")
    assert f"(entry {told['entry']})" in output.splitlines()[0]
    assert "counterseal request --kind resume --entry" in output
    assert told["entryId"] in output
    assert WHY in output
    assert "alice (1001)" in output
    status = told_to(starts, "bob", "status")
    assert status.count("production is held until ") == 1
    assert f"two people end it before: counterseal request --kind resume --entry {told['entry']}" in status
    log = told_to(starts, "bob", "log")
    assert [line.split()[3] for line in log.splitlines()[1:3]] == ["hold", "allow"]


def test_it_stops_what_enters_the_stage(starts: Starts) -> None:
    """A request lacks it before the merge, and is denied after it; both name the hold."""
    starts.says("alice", "hold", "--stage", "production", "--reason", WHY, "--no-wait")
    starts.play(starts.asked())
    world = starts.world
    number = world.request("production", "now")
    for login in ("dora", "carol"):
        world.review(login, number)
    assert "stage-not-held: production is held by alice (1001) " in told_to(starts, "bob", "status"), "before the merge"
    world.merge("bob", number)
    result = world.gate(code=12)
    assert world.findings(result)["stage-not-held"]["code"] == "stage-held"


def test_a_tag_is_taken_back_by_its_manifest(starts: Starts) -> None:
    with starts.waiting("carol", "revoke", "--tag", TAG, "--reason", WHY, "--format", "json") as said:
        asked = starts.asked()
        told = starts.play(asked)
        shown = json.loads(said.result().output)
    assert asked.inputs["target"].startswith("manifest:")
    assert (shown["entry"], shown["entryId"]) == (told["entry"], told["entryId"])
    assert shown["event"]["body"]["target"]["value"] == asked.inputs["target"].removeprefix("manifest:")
    assert shown["run"].endswith(str(asked.id))
    status = told_to(starts, "bob", "status")
    assert f"{TAG} (revoked)" in status
    assert "staging has what is revoked" in status


def test_a_run_that_fails_is_shown_by_its_page(starts: Starts) -> None:
    """The gate refuses a second hold by the same person; whoever waits learns where that is said."""
    for _ in range(2):
        starts.says("alice", "hold", "--reason", WHY, "--no-wait")
    first, second = sorted(starts.repository.asked)
    starts.play(starts.repository.asked[first])
    starts.play(starts.repository.asked[second], code=2)
    with starts.waiting("alice", "hold", "--reason", WHY, code=1) as said:
        asked = starts.asked(second)
        starts.play(asked, code=2)
        errors = said.result().errors
    assert "the run is over, and recorded no hold" in errors
    assert str(asked.id) in errors


def test_a_run_that_records_nothing_is_an_error(starts: Starts) -> None:
    """The gate's file may be anything: a run that ends well and holds nothing holds nothing."""
    with starts.waiting("alice", "hold", "--reason", WHY, code=1) as said:
        starts.asked().status = "success"
        assert "its gate did something else, or nothing" in said.result().errors


def test_what_is_refused_at_once_starts_nothing(starts: Starts) -> None:
    check_refusals(starts)
    check_who_may(starts)
    check_dry_run(starts)
    assert starts.repository.asked == {}
    starts.put(FILES[starts.world.kind][1].replace("hours", "days"))
    errors = starts.says("alice", "hold", "--hours", "5", "--reason", WHY, code=1).errors
    assert "incidents.md#what-it-takes" in errors
    assert starts.repository.asked == {}


def check_refusals(starts: Starts) -> None:
    """What the gate would refuse is said before it is started."""
    refusals = {
        ("hold", "--reason", ""): "no --reason",
        ("hold", "--stage", "prod", "--reason", WHY): "did you mean 'production'?",
        ("hold", "--hours", "73", "--reason", WHY): "--hours must be between 1 and 72, not 73",
        ("revoke", "--reason", WHY): "what is to be revoked?",
        ("revoke", "--tag", "v9.9.9", "--reason", WHY): "no stage has v9.9.9",
    }
    for arguments, words in refusals.items():
        assert words in starts.says("alice", *arguments, code=2).errors


def check_who_may(starts: Starts) -> None:
    """A job is nobody, and the policy lists who may."""
    world = starts.world
    assert "hold is for people" in world.counterseal("hold", "--reason", WHY, environment=world.run(), code=2).errors
    stranger = world.site.environment(world.client.person("mallory", 1666))
    errors = world.counterseal("hold", "--reason", WHY, environment=stranger, code=2).errors
    assert "mallory (1666) is in no group of the policy" in errors


def check_dry_run(starts: Starts) -> None:
    output = starts.says("alice", "hold", "--stops", "all", "--reason", WHY, "--dry-run").output
    assert output.splitlines()[0] == f"would start {FILES[starts.world.kind][0]} on main with"
    assert "  target: all" in output


def told_to(starts: Starts, login: str, verb: str) -> str:
    """Return what a verb that reads the ledger tells somebody whose clone is up to date."""
    file = starts.folder / "trust.json"
    file.write_text(json.dumps(starts.world.client.trust()), encoding="utf-8")
    starts.world.git("pull", "-q", "origin", "main")
    starts.world.git("fetch", "-q", "origin", LEDGER_BRANCH)
    return starts.says(login, verb, "--trust", str(file), "--sandbox").output
