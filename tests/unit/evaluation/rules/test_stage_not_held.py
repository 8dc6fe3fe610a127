"""Rule `stage-not-held`."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from tests.evidence_samples import NOW, advised, evidence, told

from counterseal.evaluation.rules import stage_not_held
from counterseal.model import Finding, FindingOutcome, Held
from counterseal.policy.rule import NoOptions

HOURS = timedelta(hours=1)
HELD = Held("e" * 64, 43, "production", "promote", NOW - HOURS, NOW + HOURS, "github.com/1001")


def judged(*holds: Held) -> Finding:
    known = evidence()
    return stage_not_held.judge(
        dataclasses.replace(known, ledger=dataclasses.replace(known.ledger, holds=holds)), NoOptions()
    )


def test_nobody_holds_it() -> None:
    found = judged()
    assert (found.outcome, told(found)) == (FindingOutcome.SATISFIED, "nobody holds the stage")


def test_somebody_holds_it() -> None:
    found = judged(HELD)
    assert (found.outcome, found.code) == (FindingOutcome.VIOLATED, "stage-held")
    until = (NOW + HOURS).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert told(found) == f"production is held by alice (1001) until {until} (entry 43)"
    assert "request --stage production --again" in advised(found)


def test_somebody_holds_every_stage() -> None:
    assert told(judged(dataclasses.replace(HELD, stage=None))).startswith("every stage is held by alice (1001)")


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": "staging"},
        {"until": NOW},
        {"since": NOW + HOURS, "until": NOW + 2 * HOURS},
        {"ended": NOW - HOURS / 2},
    ],
    ids=["another stage", "it ends now", "it begins later", "it was ended"],
)
def test_a_hold_that_is_not_in_force_here(changes: dict[str, object]) -> None:
    assert judged(dataclasses.replace(HELD, **changes)).outcome is FindingOutcome.SATISFIED  # type: ignore[arg-type]


def test_of_several_the_last_to_end_is_told_and_all_are_named() -> None:
    other = dataclasses.replace(HELD, sequence=44, until=NOW + 2 * HOURS, by="github.com/1002")
    found = judged(other, HELD)
    assert (found.data["entries"], found.data["by"]) == ([44, 43], "github.com/1002")


def test_whoever_is_listed_no_more_is_a_number() -> None:
    found = judged(dataclasses.replace(HELD, by="github.com/1999"))
    assert told(found).startswith("production is held by github.com/1999 until ")
    assert told(judged(dataclasses.replace(HELD, by="gitlab.com/1001"))).startswith(
        "production is held by gitlab.com/1001"
    )


def test_what_was_decided_before_names_were_told_is_shown_as_it_was() -> None:
    found = judged(HELD)
    before = dataclasses.replace(found, data={name: value for name, value in found.data.items() if name != "who"})
    assert told(before).startswith("production is held by github.com/1001 until ")
