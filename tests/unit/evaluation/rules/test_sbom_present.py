"""Rule `sbom-present`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.evidence_samples import (
    BUILDER_CERTIFICATE,
    SBOM_DIGEST,
    SOURCE,
    WHEEL,
    advised,
    attestation,
    evidence,
    malformed,
    provenance_attestation,
    sbom_attestation,
    sha256,
    told,
    with_sbom,
)
from tests.unit.policy.test_policy import GOOD

from counterseal.errors import PolicyError
from counterseal.evaluation.rules import RULES, sbom_present
from counterseal.evaluation.sbom_facts import LicenceUse, SbomFacts
from counterseal.identifiers import SBOM
from counterseal.model import Finding, FindingOutcome
from counterseal.policy import load

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence


STRICT = sbom_present.Options(minimum="ntia", max_unknown_licences=1, origin="lock")


def judged(found: Evidence) -> Finding:
    return sbom_present.judge(found, STRICT)


def test_present() -> None:
    found = judged(evidence())
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == "SBOM with 31 components, 2 artifacts among them"


OTHER_RUN = dataclasses.replace(BUILDER_CERTIFICATE, run_uri=f"{SOURCE}/actions/runs/40/attempts/1")
PROVENANCE = provenance_attestation()
WRONG = {
    "none": (evidence(builds=(PROVENANCE,)), "sbom-missing", "no verified SBOM attestation"),
    "no file": (evidence(sbom=None), "sbom-missing", "no file sbom.cdx.json"),
    "no manifest": (evidence(manifest=None), "sbom-missing", ""),
    "two": (
        evidence(builds=(PROVENANCE, sbom_attestation(), sbom_attestation())),
        "sbom-ambiguous",
        "has 2 SBOM attestations",
    ),
    "other run": (evidence(builds=(PROVENANCE, sbom_attestation(OTHER_RUN))), "sbom-other-run", "actions/runs/40"),
    "no provenance": (evidence(builds=(sbom_attestation(),)), "sbom-other-run", "not in the run of the provenance"),
    "one artifact only": (
        evidence(builds=(PROVENANCE, attestation(SBOM, {}, (WHEEL,)))),
        "sbom-incomplete",
        "does not cover app-1.2.0.tar.gz",
    ),
    "other document": (
        evidence(sbom=SbomFacts(SBOM_DIGEST, 31, same_as_attested=False)),
        "sbom-differs",
        "sbom.cdx.json",
    ),
    "not the manifest's": (
        evidence(sbom=SbomFacts(sha256("other"), 31, same_as_attested=True)),
        "sbom-differs",
        "sbom.cdx.json",
    ),
    "empty": (evidence(sbom=SbomFacts(SBOM_DIGEST, 0, same_as_attested=True)), "sbom-empty", "lists 0 components"),
    "unreadable": (
        evidence(sbom=SbomFacts(SBOM_DIGEST, 31, same_as_attested=True, problem="no CycloneDX")),
        "sbom-unreadable",
        "what sbom.cdx.json lists cannot be read: no CycloneDX",
    ),
    "below the minimum": (
        with_sbom(missing={"supplier": 29, "author": 1}),
        "sbom-below-minimum",
        "lacks elements of the minimum ntia: author of 1, supplier of 29",
    ),
    "no licence": (with_sbom(elements=31), "licences-unknown", "2 of 31 components have no licence of SPDX's list"),
    "unknown licence": (
        with_sbom(licences=(LicenceUse(("MIT",), 27), LicenceUse(("MIT", "Own"), 2))),
        "licences-unknown",
        "2 of 29 components have no licence of SPDX's list, and 1 may be so",
    ),
    "other origin": (with_sbom(origins=("syft 1.32.0",)), "sbom-other-origin", "made from syft 1.32.0, and the policy"),
    "another origin too": (with_sbom(origins=("lock", "syft")), "sbom-other-origin", "made from lock, syft"),
    "no origin": (with_sbom(origins=()), "sbom-other-origin", "made from nothing that it names"),
    "an origin that begins so": (with_sbom(origins=("lockpick",)), "sbom-other-origin", "lockpick"),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_thing_wrong(case: str) -> None:
    found, code, reason = WRONG[case]
    finding = judged(found)
    assert (finding.outcome, finding.code) == (FindingOutcome.VIOLATED, code)
    assert reason in told(finding)
    assert advised(finding)


@pytest.mark.parametrize("found", [malformed(), evidence(change=None)])
def test_nothing_to_judge(found: Evidence) -> None:
    assert (judged(found).outcome, judged(found).code) == (FindingOutcome.SKIPPED, "no-request")


def test_every_code_is_tried() -> None:
    tried = {code for _, code, _ in WRONG.values()}
    assert tried == set(sbom_present.RULE.codes) - {"no-request"}


@pytest.mark.parametrize("case", ["unreadable", "below the minimum", "no licence", "other origin"])
def test_what_no_option_asks_for_is_not_asked(case: str) -> None:
    assert sbom_present.judge(WRONG[case][0], sbom_present.Options()).outcome is FindingOutcome.SATISFIED


def test_each_option_asks_only_for_what_it_names() -> None:
    found = with_sbom(missing={"supplier": 1}, elements=40, origins=("syft",))
    for options, code in (
        (sbom_present.Options(minimum="ntia"), "sbom-below-minimum"),
        (sbom_present.Options(max_unknown_licences=1), "licences-unknown"),
        (sbom_present.Options(origin="lock"), "sbom-other-origin"),
    ):
        assert sbom_present.judge(found, options).code == code


def test_one_component_is_enough() -> None:
    facts = SbomFacts(SBOM_DIGEST, 1, same_as_attested=True)
    assert sbom_present.judge(evidence(sbom=facts), sbom_present.Options()).outcome is FindingOutcome.SATISFIED


def test_a_finding_names_a_few_origins() -> None:
    finding = judged(with_sbom(origins=tuple(f"tool {number}" for number in range(9))))
    assert finding.data["origins"] == ["tool 0", "tool 1", "tool 2", "tool 3"]


def test_as_many_unknown_licences_as_are_allowed() -> None:
    assert judged(with_sbom(elements=30)).outcome is FindingOutcome.SATISFIED
    none = sbom_present.Options(max_unknown_licences=0)
    assert sbom_present.judge(with_sbom(elements=30), none).code == "licences-unknown"
    assert sbom_present.judge(with_sbom(), none).outcome is FindingOutcome.SATISFIED


def test_an_origin_is_named_without_its_version_or_with_it() -> None:
    for name in ("syft", "syft 1.32.0"):
        options = sbom_present.Options(origin=name)
        assert sbom_present.judge(with_sbom(origins=("syft 1.32.0",)), options).outcome is FindingOutcome.SATISFIED
    other = sbom_present.Options(origin="syft 1.31.0")
    assert sbom_present.judge(with_sbom(origins=("syft 1.32.0",)), other).code == "sbom-other-origin"


# --- as a policy has it ----------------------------------------------------------------------


def options(text: str) -> sbom_present.Options:
    policy = load(GOOD.replace("sbom-present: {}", f"sbom-present: {text}", 1).encode(), rules=RULES)
    chosen = next(use.options for use in policy.stages[0].rules if use.name == "sbom-present")
    assert isinstance(chosen, sbom_present.Options)
    return chosen


def test_the_options_of_a_policy() -> None:
    assert options("{}") == sbom_present.Options()
    assert options("{minimum: ntia, max-unknown-licences: 5, from: lock}") == sbom_present.Options("ntia", 5, "lock")
    assert options("{max-unknown-licences: 0}").max_unknown_licences == 0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{minimum: cisa}", "there is no minimum 'cisa'"),
        ("{max-unknown-licences: none}", "has to be a whole number from 0"),
        ("{max-unknown-licences: null}", "has to be a whole number from 0"),
        ("{from: null}", "from has to be a text"),
        ("{maximum: ntia}", "did you mean 'minimum'"),
    ],
)
def test_options_that_cannot_be(text: str, what: str) -> None:
    with pytest.raises(PolicyError, match=r"^policy\.yml:13:\d+: ") as caught:
        options(text)
    assert what in str(caught.value)
