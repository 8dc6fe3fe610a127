"""Findings in words: every code has its sentence, and no sentence is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.evidence_samples import CAROL, OLD_HEAD, evidence, review, with_change, with_reviews
from tests.unit import frozen
from tests.unit.evaluation.rules import (
    test_digest_matches,
    test_licences_allowed,
    test_provenance_verified,
    test_review_of_this_revision,
    test_sbom_present,
)

from counterseal import evaluation
from counterseal.evaluation import approvals, decision, identity_words
from counterseal.evaluation.rules import EVENT_RULES
from counterseal.evaluation.rules import RULES as POLICY_RULES
from counterseal.model import Dismissed, Finding, FindingOutcome, Reason
from counterseal.render import findings, text, withdrawals
from counterseal.render.findings import people

if TYPE_CHECKING:
    from counterseal.evaluation import Evidence

ABOUT = findings.About("production", "promotions/x", "github.com", 18)
LINK = frozen.link(41, "decision", frozen.PATH)

RULES = dict(POLICY_RULES) | dict(EVENT_RULES)


def signed(found: Evidence) -> bytes:
    """Return the bytes that a gate signs about this evidence."""
    made = decision.decide(found, evaluation.judge(found))
    return decision.payload(made, decision.subjects(found), LINK)


def cases() -> dict[str, Evidence]:
    """Return evidence with one thing wrong, for (almost) every code of every rule, and some with nothing wrong."""
    rooms = (
        *(test_digest_matches, test_licences_allowed, test_provenance_verified),
        *(test_review_of_this_revision, test_sbom_present),
    )
    wrong = {f"{room.__name__} {name}": case[0] for room in rooms for name, case in room.WRONG.items()}
    gone = with_change(author=None, commits=(), unknown_pushers=2)
    late = with_reviews(review(CAROL, of=OLD_HEAD), review(None))
    return {**wrong, "nothing": evidence(), "people": gone, "reviews": late}


def test_replacing_every_sentence_by_its_code_leaves_every_signed_byte_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = cases()
    before = {name: signed(found) for name, found in samples.items()}
    shown = text.decision(frozen.DENY, 1, "ab" * 32, fresh=True)
    tables: list[Any] = [findings.REASONS, findings.FIXES, people.NOT_COUNTED, people.GAPS]
    for table in (*tables, withdrawals.WITHDRAWN, identity_words.WORDS):
        for key in table:
            monkeypatch.setitem(table, key, lambda _, key=key: str(key))
    assert text.decision(frozen.DENY, 1, "ab" * 32, fresh=True) != shown, "the sentences were not replaced"
    assert {name: signed(found) for name, found in samples.items()} == before


def test_every_code_of_every_rule_has_a_reason_and_every_violation_a_fix() -> None:
    codes = {(name, code) for name, spec in RULES.items() for code in (*spec.codes, "satisfied", "not-read")}
    assert codes - set(findings.REASONS) == set()
    skipped = {"no-request", "not-read", "first-stage", "satisfied"}
    assert {each for each in codes if each[1] not in skipped} == set(findings.FIXES)


def test_no_sentence_is_left_over() -> None:
    common = {"no-request", "not-read", "rule-error", "satisfied"}
    codes = {(name, code) for name, spec in RULES.items() for code in spec.codes}
    assert {each for each in findings.REASONS if each[1] not in common} - codes == set()


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    "data", [{}, {"gaps": 1, "tag": [], "missing": None, "people": "x", "head": 3}, {"detail": {}}]
)
def test_data_of_another_version_is_shown_as_it_is(name: str, data: dict[str, object]) -> None:
    for code in (*RULES[name].codes, "a-code-of-tomorrow"):
        finding = Finding(name, FindingOutcome.VIOLATED, code, data)
        assert isinstance(findings.reason(finding, ABOUT), str)
        assert isinstance(findings.fix(finding, ABOUT), str)
        assert "\n".join(text.finding_lines(finding, ABOUT))
    strange = Finding(name, FindingOutcome.VIOLATED, "a-code-of-tomorrow", {"until": "2030"})
    assert findings.reason(strange, ABOUT) == 'a-code-of-tomorrow {"until": "2030"}'


def test_every_reason_why_somebody_does_not_count_has_words() -> None:
    counted = approvals.approvals(with_reviews(review(CAROL, of=OLD_HEAD)))
    assert [findings.not_counted(each) for each in counted.dismissed] == [
        ("carol", "approved an older revision of this request (1d0e77a)")
    ]
    assert set(approvals.PARTS) <= set(people.NOT_COUNTED)
    assert findings.not_counted(Dismissed(CAROL, "of-tomorrow", {})) == ("carol", "of-tomorrow")
    assert people.gap({"code": "of-tomorrow"}) == "of-tomorrow"
    assert findings.withdrawal(Reason("of-tomorrow")) == "of-tomorrow"
    assert identity_words.sentence(Reason("of-tomorrow")) == "of-tomorrow"


def test_a_signed_decision_holds_no_sentence() -> None:
    found = with_reviews(review(CAROL, of=OLD_HEAD))
    made = decision.decide(found, evaluation.judge(found))
    data = decision.payload(made, decision.subjects(found), LINK).decode()
    about = findings.of_decision(made)
    words = [
        word for each in made.findings for word in (findings.reason(each, about), findings.fix(each, about)) if word
    ]
    words += [findings.not_counted(each)[1] for finding in made.findings for each in finding.dismissed]
    assert len(words) > len(made.findings)
    assert [word for word in words if word in data] == []
