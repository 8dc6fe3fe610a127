"""Rule `sbom-present`: one signed SBOM of the build covers every artifact, and it is the one in the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.formats import statement
from counterseal.identifiers import PROVENANCE, SBOM, SBOM_FILE
from counterseal.policy import NO_REQUEST, Need, NoOptions, RuleSpec, no_request, reason, satisfied, violated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.evaluation.evidence import Evidence, SbomFacts
    from counterseal.model import Attestation, Finding, Manifest, Reason

NAME: Final = "sbom-present"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether the build attested exactly one SBOM, for all artifacts, with components in it."""
    if evidence.request.content is None or evidence.change is None:
        return no_request(NAME)
    sboms = [build for build in evidence.builds if build.statement.predicate_type == SBOM]
    facts, manifest = evidence.sbom, evidence.manifest
    if not sboms or facts is None or manifest is None:
        return violated(NAME, reason("sbom-missing", file=SBOM_FILE, attested=bool(sboms)))
    if len(sboms) > 1:
        return violated(NAME, reason("sbom-ambiguous", attestations=len(sboms)))
    problem = next(_problems(evidence, sboms[0], facts, manifest), None)
    if problem:
        return violated(NAME, problem)
    return satisfied(NAME, components=facts.components, artifacts=len(manifest.subjects))


def _problems(evidence: Evidence, sbom: Attestation, facts: SbomFacts, manifest: Manifest) -> Iterator[Reason]:
    runs = {
        (build.certificate.san, build.certificate.run_uri)
        for build in evidence.builds
        if build.statement.predicate_type == PROVENANCE
    }
    if runs != {(sbom.certificate.san, sbom.certificate.run_uri)}:
        yield reason("sbom-other-run", run=sbom.certificate.run_uri)
    if missing := statement.uncovered(sbom.statement, manifest.subjects):
        yield reason("sbom-incomplete", missing=[subject.name for subject in missing])
    if not facts.same_as_attested or facts.digest != manifest.sbom:
        yield reason("sbom-differs", file=SBOM_FILE, digest=facts.digest, listed=manifest.sbom)
    if facts.components < 1:
        yield reason("sbom-empty")


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
    ),
    needs=frozenset({Need.BYTES}),
)
