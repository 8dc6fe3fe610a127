"""Rule `ledger-intact`."""

from __future__ import annotations

from tests.evidence_samples import LEDGER_ID, evidence, told

from counterseal.evaluation.evidence import LedgerFacts
from counterseal.evaluation.rules import ledger_intact
from counterseal.model import Finding, FindingOutcome
from counterseal.policy.rule import NoOptions


def judged(entries: int, *, ledger_id: str = LEDGER_ID, anchors: tuple[str, ...] = ()) -> Finding:
    return ledger_intact.judge(evidence(ledger=LedgerFacts(ledger_id, entries, anchors)), NoOptions())


def test_intact_says_what_it_extends() -> None:
    found = judged(42, anchors=("release v1.1.4",))
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == f"the ledger {LEDGER_ID} has 42 entries and extends release v1.1.4"


def test_a_new_ledger_extends_nothing() -> None:
    found = judged(0)
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == f"the ledger {LEDGER_ID} has 0 entries"


def test_another_ledger() -> None:
    found = judged(42, ledger_id="github.com/777/" + "0" * 32)
    assert (found.outcome, found.code) == (FindingOutcome.VIOLATED, "other-ledger")
