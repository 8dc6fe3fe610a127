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
)

from counterseal.evaluation.evidence import SbomFacts
from counterseal.evaluation.rules import sbom_present
from counterseal.identifiers import SBOM
from counterseal.model import Finding, FindingOutcome
from counterseal.policy.rule import NoOptions

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence


def judged(found: Evidence) -> Finding:
    return sbom_present.judge(found, NoOptions())


def test_present() -> None:
    found = judged(evidence())
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == "SBOM with 31 components for 2 artifacts"


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
