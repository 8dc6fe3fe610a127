"""Findings to decision, failing closed, and back; later versions are read leniently, but not blindly."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit import frozen

from counterseal import ledger
from counterseal.errors import COULD_NOT_DECIDE, CountersealError, FormatError
from counterseal.evaluation import decision, evidence
from counterseal.formats import statement
from counterseal.identifiers import DECISION
from counterseal.model import Finding, FindingOutcome, Outcome, ReviewState, Subject

if TYPE_CHECKING:
    from counterseal.evaluation.decision import Decision

LINK = frozen.link(41, "decision", frozen.PATH)


def finding(outcome: FindingOutcome) -> Finding:
    return Finding("some-rule", outcome, "code", {"detail": "because"})


def predicate(case: str = "allow") -> dict[str, Any]:
    found: dict[str, Any] = frozen.document("decision", case)["predicate"]
    return found


def parse(document: dict[str, Any]) -> Decision:
    about = [frozen.WHEEL]
    return decision.parse(statement.parse(statement.build(about, DECISION, document), "entry 41"), "entry 41")


# --- deciding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outcomes", [each for size in range(4) for each in itertools.combinations_with_replacement(FindingOutcome, size)]
)
def test_only_satisfied_and_nothing_against_it_allows(outcomes: tuple[FindingOutcome, ...]) -> None:
    findings = [finding(each) for each in outcomes]
    if FindingOutcome.ERROR in outcomes:
        with pytest.raises(CountersealError, match=r"could not decide on .*\n  why: some-rule: because") as refused:
            decision.decide(frozen.EVIDENCE, findings)
        assert refused.value.exit_code == COULD_NOT_DECIDE
        return
    made = decision.decide(frozen.EVIDENCE, findings)
    good = FindingOutcome.SATISFIED in outcomes and FindingOutcome.VIOLATED not in outcomes
    assert made.outcome is (Outcome.ALLOW if good else Outcome.DENY)
    assert made.findings == tuple(findings)


def test_a_decision_carries_the_digest_of_its_evidence() -> None:
    made = decision.decide(frozen.EVIDENCE, frozen.ALLOW_FINDINGS)
    assert made.evidence_digest.sha256 == evidence.digest(frozen.EVIDENCE)
    other = dataclasses.replace(frozen.EVIDENCE, permissions=())
    assert decision.decide(other, frozen.ALLOW_FINDINGS).evidence_digest != made.evidence_digest


def test_what_changes_by_itself_does_not_change_the_evidence() -> None:
    later = dataclasses.replace(
        frozen.EVIDENCE,
        now=frozen.moment(23),
        run=dataclasses.replace(frozen.RUN, run_id=9),
        run_actors=(frozen.BOB,),
        ledger=dataclasses.replace(frozen.EVIDENCE.ledger, entries=99, anchors=("release v1",)),
        trust=dataclasses.replace(frozen.EVIDENCE.trust, released=("a" * 40,)),
    )
    assert evidence.canonical(later) == evidence.canonical(frozen.EVIDENCE)


def test_what_it_is_about() -> None:
    assert decision.subjects(frozen.EVIDENCE) == (
        *frozen.MANIFEST.subjects,
        Subject("manifest.json", frozen.MANIFEST_DIGEST),
    )
    assert decision.subjects(frozen.MALFORMED) == (Subject("promotions/staging/oops.json", frozen.digest("oops")),)


def test_who_is_responsible() -> None:
    found = frozen.ALLOW.responsible
    assert found.requester is not None
    assert (found.requester.login, [each.login for each in found.approvers], found.run_actor.login) == (
        "bob",
        ["alice", "dora"],
        "alice",
    )
    assert [each.login for each in found.excluded_by_run] == ["erin"]


def test_at_most_64_reviews_stand_in_it_and_they_are_the_last_ones() -> None:
    assert frozen.EVIDENCE.change is not None
    review = frozen.EVIDENCE.change.reviews[0]
    many = tuple(dataclasses.replace(review, id=number, url=f"https://x.example/{number}") for number in range(70))
    seen = dataclasses.replace(frozen.EVIDENCE, change=dataclasses.replace(frozen.EVIDENCE.change, reviews=many))
    made = decision.decide(seen, frozen.ALLOW_FINDINGS)
    assert [each.url for each in made.reviews] == [f"https://x.example/{number}" for number in range(6, 70)]


def test_what_counts_and_what_objects_stays_whatever_others_write() -> None:
    change = frozen.EVIDENCE.change
    assert change is not None
    noise = dataclasses.replace(change.reviews[0], actor=None, state=ReviewState.COMMENTED)
    reviews = (*change.reviews, *[dataclasses.replace(noise, id=number) for number in range(900, 1000)])
    made = decision.decide(
        dataclasses.replace(frozen.EVIDENCE, change=dataclasses.replace(change, reviews=reviews)),
        frozen.ALLOW_FINDINGS,
    )
    assert len(made.reviews) == decision.MAX_REVIEWS
    assert [each.url for each in made.reviews if each.groups] == [
        each.url for each in frozen.ALLOW.reviews if each.groups
    ]


def test_one_run_of_the_builder_is_one_build() -> None:
    assert len(frozen.EVIDENCE.builds) == 2
    assert len(frozen.ALLOW.builds) == 1


# --- there and back --------------------------------------------------------------------------


@pytest.mark.parametrize("made", [frozen.ALLOW, frozen.DENY], ids=["allow", "deny"])
def test_a_decision_comes_back_as_it_went(made: Decision) -> None:
    found = statement.parse(decision.payload(made, [frozen.WHEEL], LINK), "x")
    assert decision.parse(found, "x") == made
    assert (found.predicate_type, ledger.link_of(found)) == (DECISION, LINK)


@given(st.text(max_size=50), st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=3))
def test_any_words_come_back(reason: str, abandoned: list[str]) -> None:
    made = dataclasses.replace(frozen.DENY, reason=reason, abandoned=tuple(abandoned))
    assert decision.parse(statement.parse(decision.payload(made, [frozen.WHEEL], LINK), "x"), "x") == made


def test_later_members_are_ignored_at_every_depth() -> None:
    document = predicate()
    document["later"] = {"x": [1]}
    document["policy"]["digest"]["sha512"] = "f"
    document["findings"][0]["waiver"] = {"by": 1}
    document["reviews"][1]["later"] = None
    document["responsible"]["approvers"][0]["team"] = "x"
    assert parse(document) == frozen.ALLOW


def test_the_place_in_the_ledger_is_read_strictly() -> None:
    document = predicate()
    document["ledger"]["later"] = 1
    found = statement.parse(statement.build([frozen.WHEEL], DECISION, document), "x")
    assert decision.parse(found, "x") == frozen.ALLOW
    with pytest.raises(FormatError, match="the ledger member of the statement: later"):
        ledger.link_of(found)


def test_a_critical_member_that_is_not_known_is_an_error() -> None:
    known = ["stage", "outcome", "ledger", "evidenceDigest", "abandoned"]
    assert parse({**predicate(), "critical": known}) == frozen.ALLOW
    with pytest.raises(FormatError, match="entry 41: this version does not know the critical field 'embargo'"):
        parse({**predicate(), "critical": ["embargo"], "embargo": True})
    with pytest.raises(FormatError, match="does not know the critical field 'evidence_digest'"):
        parse({**predicate(), "critical": ["evidence_digest"]})


@pytest.mark.parametrize(
    "member", [each for each in frozen.document("decision", "allow")["predicate"] if each != "ledger"]
)
def test_a_member_that_is_missing_is_an_error(member: str) -> None:
    document = predicate()
    del document[member]
    with pytest.raises(FormatError, match=f"entry 41: {member}: Field required"):
        parse(document)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("outcome", "ALLOW"),
        ("outcome", "allow "),
        ("outcome", True),
        ("outcome", None),
        ("decidedAt", "2026-11-24T09:12:44"),
        ("decidedAt", 1795511444),
        ("stage", None),
        ("findings", {}),
        ("findings", None),
        ("findings", [{"rule": "x", "outcome": "passed", "code": "", "reason": ""}]),
        ("manifest", "a" * 64),
        ("policy", {"uri": "x"}),
        ("abandoned", [1]),
    ],
)
def test_what_is_no_decision(member: str, value: object) -> None:
    with pytest.raises(FormatError, match=f"^entry 41: {member}"):
        parse({**predicate(), member: value})
