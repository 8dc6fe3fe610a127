"""Rule `licences-allowed`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.evidence_samples import SBOM_DIGEST, advised, evidence, malformed, sha256, told, with_sbom
from tests.unit.policy.test_policy import GOOD

from counterseal.errors import PolicyError
from counterseal.evaluation.rules import RULES, licences_allowed
from counterseal.evaluation.sbom_facts import LicenceUse, SbomFacts
from counterseal.model import Finding, FindingOutcome
from counterseal.policy import load

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence

OPTIONS = licences_allowed.Options(("MIT", "Apache-2.0", "Own words"))


def judged(found: Evidence, options: licences_allowed.Options = OPTIONS) -> Finding:
    return licences_allowed.judge(found, options)


def uses(*pairs: tuple[str, int]) -> dict[str, object]:
    return {
        "licences": tuple(LicenceUse((name,), count) for name, count in pairs),
        "elements": sum(dict(pairs).values()),
    }


def test_allowed() -> None:
    assert told(judged(evidence())) == "29 components with allowed licences"
    assert judged(evidence()).outcome is FindingOutcome.SATISFIED


MANY = [(f"{name}-only", 1) for name in ("GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0")]
WRONG = {
    "no SBOM": (evidence(sbom=None), "sbom-not-attested", "sbom.cdx.json is not an SBOM that the build attested"),
    "no manifest": (evidence(manifest=None), "sbom-not-attested", ""),
    "another document": (
        evidence(sbom=SbomFacts(SBOM_DIGEST, 31, same_as_attested=False)),
        "sbom-not-attested",
        "nothing it lists counts",
    ),
    "not the manifest's": (
        evidence(sbom=SbomFacts(sha256("other"), 31, same_as_attested=True)),
        "sbom-not-attested",
        "nothing it lists counts",
    ),
    "unreadable": (
        evidence(sbom=SbomFacts(SBOM_DIGEST, 31, same_as_attested=True, problem="no CycloneDX")),
        "sbom-unreadable",
        "no CycloneDX",
    ),
    "one is not allowed": (
        with_sbom(**uses(("MIT", 5), ("GPL-3.0-only", 1))),
        "licence-not-allowed",
        "1 component with licences that the stage does not allow: GPL-3.0-only",
    ),
    "one of two is not": (
        with_sbom(licences=(LicenceUse(("GPL-3.0-only", "MIT"), 2),), elements=2),
        "licence-not-allowed",
        "2 components with licences that the stage does not allow: GPL-3.0-only and MIT",
    ),
    "many are not": (
        with_sbom(**uses(*MANY, ("ISC", 1), ("0BSD", 1), ("Zlib", 3))),
        "licence-not-allowed",
        "11 components with licences that the stage does not allow: GPL-1.0-only, GPL-2.0-only",
    ),
    "a name": (
        with_sbom(**uses(("MIT", 5), ("BSD License", 2))),
        "licences-unknown",
        "2 components without a known licence, and 0 may be so: BSD License",
    ),
    "no licence": (with_sbom(elements=30), "licences-unknown", "1 component without a known licence"),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_thing_wrong(case: str) -> None:
    found, code, words = WRONG[case]
    finding = judged(found)
    assert (finding.outcome, finding.code) == (FindingOutcome.VIOLATED, code)
    assert words in told(finding)
    assert advised(finding)


def test_a_name_that_is_listed_and_as_many_unknown_as_may_be_so_are_allowed() -> None:
    found = with_sbom(**uses(("own  words", 5), ("LicenseRef-x", 2)))
    assert judged(found).code == "licences-unknown"
    finding = judged(found, licences_allowed.Options(OPTIONS.allow, max_unknown=2))
    assert finding.outcome is FindingOutcome.SATISFIED
    assert told(finding) == "7 components with allowed licences, 2 of them unknown"


def test_unknown_ones_do_not_excuse_what_is_not_allowed() -> None:
    found = with_sbom(**uses(("ISC", 1)))
    assert judged(found, licences_allowed.Options(OPTIONS.allow, max_unknown=9)).code == "licence-not-allowed"


def test_licences_that_fit_are_named_whole() -> None:
    name = f"LicenseRef-{'x' * (licences_allowed.MAX_NAME - 11)}"
    finding = judged(with_sbom(**uses((name, 3))))
    assert finding.data == {"components": 3, "most": 0, "licences": [name], "more": 0}


def test_a_finding_stays_small_whatever_a_document_lists() -> None:
    names = tuple(LicenceUse((f"{'X' * 2000}{number}",), 1) for number in range(500))
    finding = judged(with_sbom(licences=names, elements=500))
    assert len(json.dumps(dict(finding.data))) < 2000
    assert finding.data["more"] == 492


@pytest.mark.parametrize("found", [malformed(), evidence(change=None)])
def test_nothing_to_judge(found: Evidence) -> None:
    assert (judged(found).outcome, judged(found).code) == (FindingOutcome.SKIPPED, "no-request")


def test_every_code_is_tried() -> None:
    assert {code for _, code, _ in WRONG.values()} == set(licences_allowed.RULE.codes) - {"no-request"}


# --- as a policy has it ----------------------------------------------------------------------


def options(text: str) -> licences_allowed.Options:
    data = GOOD.replace("sbom-present: {}", f"licences-allowed: {text}", 1).encode()
    use = next(use for use in load(data, rules=RULES).stages[0].rules if use.name == "licences-allowed")
    assert isinstance(use.options, licences_allowed.Options)
    return use.options


def test_the_options_of_a_policy() -> None:
    assert options("{allow: [MIT]}") == licences_allowed.Options(("MIT",), 0)
    assert options("{allow: [MIT, Own words], max-unknown: 0}").max_unknown == 0
    assert options("{allow: [GPL-2.0-only WITH Classpath-exception-2.0], max-unknown: 7}").max_unknown == 7


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{}", "allow"),
        ("{allow: []}", "allow is empty"),
        ("{allow: [MIT, MIT]}", "appears twice"),
        ("{allow: [MIT OR ISC]}", "more than one licence"),
        ("{allow: [(MIT AND ISC)]}", "more than one licence"),
        ("{allow: [MIT], max-unknown: -1}", "max-unknown has to be a whole number from 0"),
        ("{allow: [MIT], max-unknown: 00}", "max-unknown has to be a whole number from 0"),
        ("{allow: [MIT], max-unknwon: 1}", "did you mean 'max-unknown'"),
    ],
)
def test_options_that_cannot_be(text: str, what: str) -> None:
    with pytest.raises(PolicyError, match=r"^policy\.yml:\d+:\d+: ") as caught:
        options(text)
    assert what in str(caught.value)
