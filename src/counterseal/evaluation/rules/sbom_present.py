"""Rule `sbom-present`: one signed SBOM of the build covers every artifact, and it is the one in the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.formats import statement
from counterseal.identifiers import PROVENANCE, SBOM, SBOM_FILE
from counterseal.policy import (
    BYTES_NOT_CHECKED,
    NO_REQUEST,
    NoOptions,
    Problem,
    RuleSpec,
    bytes_not_checked,
    no_request,
    satisfied,
    violated,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.evaluation.evidence import Evidence, SbomFacts
    from counterseal.model import Attestation, Finding, Manifest

NAME: Final = "sbom-present"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether the build attested exactly one SBOM, for all artifacts, with components in it."""
    if evidence.request.content is None or evidence.change is None:
        return no_request(NAME)
    if evidence.candidate is None and not evidence.change.merged:
        return bytes_not_checked(NAME)
    found = [each for each in evidence.builds if each.statement.predicate_type == SBOM]
    fix = f"make it with `counterseal sbom` and `counterseal sign` in one job, then request --stage {evidence.stage}"
    facts, manifest = evidence.sbom, evidence.manifest
    if not found or facts is None or manifest is None:
        what = f"file {SBOM_FILE}" if found else "verified SBOM attestation"
        return violated(NAME, Problem("sbom-missing", f"the candidate has no {what}", fix))
    if len(found) > 1:
        reason = f"the candidate has {len(found)} SBOM attestations, and one was expected"
        return violated(NAME, Problem("sbom-ambiguous", reason, fix))
    problem = next(_problems(evidence, found[0], facts, manifest), None)
    if problem:
        return violated(NAME, Problem(*problem, fix))
    count = len(manifest.subjects)
    return satisfied(NAME, f"SBOM with {facts.components} components for {count} artifact{'s' if count > 1 else ''}")


def _problems(evidence: Evidence, sbom: Attestation, facts: SbomFacts, manifest: Manifest) -> Iterator[tuple[str, str]]:
    runs = {
        (each.certificate.san, each.certificate.run_uri)
        for each in evidence.builds
        if each.statement.predicate_type == PROVENANCE
    }
    if runs != {(sbom.certificate.san, sbom.certificate.run_uri)}:
        yield "sbom-other-run", f"the SBOM was signed in {sbom.certificate.run_uri}, not in the run of the provenance"
    if missing := statement.uncovered(sbom.statement, manifest.subjects):
        yield "sbom-incomplete", f"the SBOM attestation does not cover {', '.join(each.name for each in missing)}"
    if not facts.same_as_attested or facts.digest != manifest.sbom:
        yield "sbom-differs", f"{SBOM_FILE} is not the document that the build attested"
    if facts.components < 1:
        yield "sbom-empty", "the SBOM lists 0 components"


RULE: Final = RuleSpec(
    name=NAME,
    title="one signed SBOM of the build covers every artifact",
    judge=judge,
    codes=(
        "sbom-missing",
        "sbom-ambiguous",
        "sbom-other-run",
        "sbom-incomplete",
        "sbom-differs",
        "sbom-empty",
        NO_REQUEST,
        BYTES_NOT_CHECKED,
    ),
)
