"""A decision fits into a line of the ledger, or is a short deny that says so."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st
from tests.unit import frozen

from counterseal.evaluation import decision
from counterseal.formats import statement
from counterseal.gate import fitting
from counterseal.model import Finding, FindingOutcome, LedgerLink, Outcome, Subject
from counterseal.render import findings

LINK = frozen.link(41, "decision", frozen.PATH)


def place(_: decision.Decision) -> LedgerLink:
    return LINK


def test_what_fits_stays_as_it_is() -> None:
    made, data = fitting.fitting(frozen.ALLOW, frozen.EVIDENCE, place)
    assert made is frozen.ALLOW
    assert data == decision.payload(frozen.ALLOW, decision.subjects(frozen.EVIDENCE), LINK)


def test_an_allow_that_does_not_fit_is_a_deny_that_says_so() -> None:
    assert frozen.EVIDENCE.manifest is not None
    many = tuple(Subject(f"{number}{'-' * 200}", frozen.digest(str(number))) for number in range(128))
    seen = dataclasses.replace(frozen.EVIDENCE, manifest=dataclasses.replace(frozen.EVIDENCE.manifest, subjects=many))
    made, data = fitting.fitting(frozen.ALLOW, seen, place)
    (finding,) = made.findings
    assert (made.outcome, finding.rule, finding.code) == (Outcome.DENY, *fitting.TOO_LONG)
    assert "promote less at once" in findings.fix(finding, findings.of_decision(made))
    parsed = statement.parse(data, "x")
    assert decision.parse(parsed, "x") == made
    assert [each.name for each in parsed.subjects] == [frozen.EVIDENCE.request.path]


def test_an_allow_whose_publication_would_not_fit_is_a_deny() -> None:
    # else every run would try to seal it, for ever
    manifest, content = frozen.EVIDENCE.manifest, frozen.EVIDENCE.request.promotion
    assert manifest is not None
    assert content is not None
    names = [f"app-1.2.0-cp311-{number}.whl" for number in range(100)]
    pins = tuple(
        dataclasses.replace(content.candidate.assets[0], id=number, name=name)
        for number, name in enumerate([*names, *(f"{name}.sigstore.json" for name in names)])
    )
    candidate = dataclasses.replace(content.candidate, assets=pins)
    seen = dataclasses.replace(
        frozen.EVIDENCE,
        manifest=dataclasses.replace(manifest, subjects=tuple(Subject(name, frozen.digest(name)) for name in names)),
        request=dataclasses.replace(frozen.EVIDENCE.request, content=dataclasses.replace(content, candidate=candidate)),
    )
    assert len(decision.payload(frozen.ALLOW, decision.subjects(seen), LINK)) < fitting.MAX_PAYLOAD
    made, _ = fitting.fitting(frozen.ALLOW, seen, place)
    assert (made.outcome, made.findings[0].code) == (Outcome.DENY, "decision-too-long")
    assert made.findings[0].data["what"] == "publication"


@given(st.text(max_size=4000), st.integers(1, 60), st.integers(0, 400))
def test_it_always_fits(text: str, count: int, abandoned: int) -> None:
    found = tuple(Finding("a-rule", FindingOutcome.VIOLATED, "code", {"detail": text * 4}) for _ in range(count))
    long = dataclasses.replace(frozen.DENY, findings=found, abandoned=("a" * 64,) * abandoned, reason=text)
    made, data = fitting.fitting(long, frozen.MALFORMED, place)
    assert len(data) <= fitting.MAX_PAYLOAD
    assert made.outcome is Outcome.DENY
