"""A hold and a decision at the same time, in two processes: whoever comes second has seen the first."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories
from tests.flow.interruptions import ended, process
from tests.flow.stopping import hold, started

from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

pytestmark = pytest.mark.slow(seconds=90)

#: 20 take a minute and a half; RACES=100 plays a hundred.
RACES = int(os.environ.get("RACES", "20"))
RULES = "after: staging, rules: {enough-reviews: {count: 1, from: {maintainers: 1}}}"


def race(world: FlowWorld, number: int, apart: float) -> tuple[int, list[str]]:
    """Let a gate decide about a stage while somebody holds it; return its exit code and what was recorded, in order."""
    stage, before = f"race-{number}", len(recorded.statements(world))
    asked = stories.ask(world, stage)
    stories.approve_and_merge(world, asked, "alice")
    deciding, holding = ("gate", "--request", asked.path), ("gate",)
    runs = [(deciding, world.run()), (holding, started(world, hold(stage), "carol"))]
    chance = random.Random(number)
    chance.shuffle(runs)
    first, second = runs
    with process(world, *first[0], environment=first[1]) as one:
        time.sleep(chance.uniform(0, apart))
        with process(world, *second[0], environment=second[1]) as other:
            ends = {first[0]: ended(one), second[0]: ended(other)}
    assert ends[holding][0] == 0, ends[holding][1]
    kinds = [_kind(said) for said in recorded.statements(world)[before:]]
    return ends[deciding][0], [kind for kind in kinds if kind != "audit"]  # due after 64 entries, whoever wins


def _kind(said: dict[str, Any]) -> str:
    predicate = said["predicate"]
    return str(predicate["kind"] if "kind" in predicate else predicate["outcome"])


def test_a_hold_that_lands_while_a_gate_decides_wins_every_race(fresh: FlowWorld) -> None:
    # 88 | a hold lands while a gate decides | B | the hold wins: deny | R24 R52
    stages = "".join(f"  race-{number}: {{{RULES}}}\n" for number in range(RACES))
    stories.bring_policy(fresh, stories.read(fresh, POLICY_PATH) + stages.encode())
    stories.allow_staging(fresh)
    began = time.monotonic()
    with process(fresh, "gate", environment=fresh.run()) as alone:
        assert ended(alone)[0] == 0
    apart = time.monotonic() - began  # as long as a gate takes here and now: with it either one is first at times
    seen = [race(fresh, number, apart) for number in range(RACES)]
    right = (12, ["hold", "deny"]), (0, ["allow", "hold"])
    assert [each for each in seen if each not in right] == []
    assert {code for code, _ in seen} == {0, 12}, "either one was first at times"
