"""Rule `ledger-intact`."""

from __future__ import annotations

from tests.evidence_samples import LEDGER_ID, advised, evidence, told

from counterseal.evaluation.evidence import LedgerFacts
from counterseal.evaluation.rules import ledger_intact
from counterseal.model import Finding, FindingOutcome
from counterseal.policy.rule import NoOptions


def judged(entries: int, *, mirror: bool, ledger_id: str = LEDGER_ID, anchors: tuple[str, ...] = ()) -> Finding:
    return ledger_intact.judge(evidence(ledger=LedgerFacts(ledger_id, entries, mirror, anchors)), NoOptions())


def test_intact_says_what_it_extends() -> None:
    found = judged(42, mirror=True, anchors=("mirror", "release v1.1.4"))
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == f"the ledger {LEDGER_ID} has 42 entries and extends mirror, release v1.1.4"


def test_a_new_ledger_needs_no_mirror_yet() -> None:
    found = judged(0, mirror=False)
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == f"the ledger {LEDGER_ID} has 0 entries"


def test_without_its_mirror() -> None:
    found = judged(42, mirror=False)
    assert (found.outcome, found.code) == (FindingOutcome.VIOLATED, "mirror-missing")
    assert told(found) == "the ledger has 42 entries and no mirror branch counterseal-ledger"
    assert "counterseal-ledger" in advised(found)


def test_another_ledger() -> None:
    found = judged(42, mirror=True, ledger_id="github.com/777/" + "0" * 32)
    assert (found.outcome, found.code) == (FindingOutcome.VIOLATED, "other-ledger")
