"""Rule `entries-in-force`: on what is in force, and on nothing else."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from tests import evidence_samples as samples
from tests.evidence_samples import NOW

from counterseal.evaluation import rules
from counterseal.evaluation.rules import entries_in_force
from counterseal.model import EventRequest, Finding, FindingOutcome, Held, Person, Revoked, Target
from counterseal.policy import NoOptions

HOLD, REVOKED, LASTING = "1" * 64, "2" * 64, "3" * 64
HELD = Held(HOLD, 7, "production", "promote", NOW - timedelta(hours=1), NOW + timedelta(hours=1), "github.com/1001")
PROVISIONAL = Revoked(
    REVOKED, 8, Target("artifact", "a" * 64), NOW - timedelta(hours=1), NOW + timedelta(hours=1), "github.com/1001"
)
FOR_GOOD = dataclasses.replace(PROVISIONAL, entry_id=LASTING, sequence=9, until=None)


def judge(kind: str, *entries: str, held: Held = HELD, revoked: Revoked = PROVISIONAL) -> Finding:
    content = EventRequest(
        "x", Person("github.com", 1002, "bob"), kind, entries, None, None, "0" * 64, "why", NOW + timedelta(days=1)
    )
    evidence = samples.evidence()
    ledger = dataclasses.replace(evidence.ledger, holds=(held,), revoked=(revoked, FOR_GOOD))
    request = dataclasses.replace(evidence.request, content=content)
    return entries_in_force.judge(dataclasses.replace(evidence, request=request, ledger=ledger), NoOptions())


@pytest.mark.parametrize(
    ("kind", "entry_id", "sequence"),
    [
        ("resume", HOLD, 7),
        ("revocation", REVOKED, 8),
        ("reinstatement", REVOKED, 8),
        ("reinstatement", LASTING, 9),
    ],
)
def test_what_is_in_force_can_be_ended_or_confirmed(kind: str, entry_id: str, sequence: int) -> None:
    found = judge(kind, entry_id)
    assert (found.outcome, found.data["entries"]) == (FindingOutcome.SATISFIED, [sequence])


@pytest.mark.parametrize(
    ("kind", "entry_id", "code"),
    [
        ("resume", REVOKED, "no-hold"),
        ("resume", "9" * 64, "no-hold"),
        ("reinstatement", HOLD, "no-revocation"),
        ("reinstatement", "9" * 64, "no-revocation"),
        ("revocation", HOLD, "no-revocation"),
        ("revocation", LASTING, "confirmed-already"),
    ],
)
def test_what_is_not_there_or_of_another_kind_cannot(kind: str, entry_id: str, code: str) -> None:
    assert judge(kind, entry_id).code == code


@pytest.mark.parametrize("changes", [{"until": NOW}, {"ended": NOW - timedelta(minutes=1)}])
def test_a_hold_that_is_not_in_force_is_not_ended(changes: dict[str, Any]) -> None:
    assert judge("resume", HOLD, held=dataclasses.replace(HELD, **changes)).code == "hold-ended"


@pytest.mark.parametrize("kind", ["revocation", "reinstatement"])
def test_a_provisional_one_that_ended_is_neither_confirmed_nor_taken_back(kind: str) -> None:
    assert judge(kind, REVOKED, revoked=dataclasses.replace(PROVISIONAL, until=NOW)).code == "revocation-ended"


def test_one_of_several_that_is_not_in_force_is_enough() -> None:
    assert judge("resume", HOLD, "9" * 64).code == "no-hold"


def test_it_is_asked_of_events_alone_and_no_policy_can_name_it() -> None:
    found = entries_in_force.judge(samples.evidence(), NoOptions())
    assert (found.outcome, found.code) == (FindingOutcome.SKIPPED, "no-request")
    assert entries_in_force.NAME not in rules.RULES
    assert entries_in_force.NAME in rules.EVENT_RULES
