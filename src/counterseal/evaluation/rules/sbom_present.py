"""Rule `sbom-present`: one signed SBOM of the build covers every artifact, and it is the one in the candidate.

Its options say what the document has to be like: it lacks nothing of a minimum, its licences are known, it was made
from a lock file. All of that is the builder's word, as the document is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from counterseal.evaluation import sbom_facts
from counterseal.formats import statement
from counterseal.identifiers import PROVENANCE, SBOM, SBOM_FILE
from counterseal.policy import NO_REQUEST, Need, OptionProblem, RuleSpec, no_request, reason, satisfied, violated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterseal.evaluation.evidence import Evidence
    from counterseal.evaluation.sbom_facts import SbomContent, SbomFacts
    from counterseal.model import Attestation, Finding, Manifest, Person, Reason

NAME: Final = "sbom-present"
NTIA: Final = "ntia"


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of the document beside being there: each only if it is named."""

    minimum: Annotated[str, (NTIA,)] = ""
    max_unknown_licences: int | None = field(default=None, metadata={"least": 0})
    origin: str = field(default="", metadata={"key": "from"})


def judge(evidence: Evidence, options: Options) -> Finding:
    """Return whether the build attested exactly one SBOM, for all artifacts, with components in it, as is asked."""
    if evidence.request.promotion is None or evidence.change is None:
        return no_request(NAME)
    sboms = [build for build in evidence.builds if build.statement.predicate_type == SBOM]
    facts, manifest = evidence.sbom, evidence.manifest
    if not sboms or facts is None or manifest is None:
        return violated(NAME, reason("sbom-missing", file=SBOM_FILE, attested=bool(sboms)))
    if len(sboms) > 1:
        return violated(NAME, reason("sbom-ambiguous", attestations=len(sboms)))
    problems = (*_problems(evidence, sboms[0], facts, manifest), *_content_problems(facts, options))
    if problems:
        return violated(NAME, problems[0])
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


def _content_problems(facts: SbomFacts, options: Options) -> Iterator[Reason]:
    if options == Options():
        return
    content = facts.content
    if content is None:
        yield reason("sbom-unreadable", file=SBOM_FILE, detail=facts.problem)
        return
    if options.minimum and content.missing:
        yield reason("sbom-below-minimum", minimum=options.minimum, missing=content.missing)
    most = options.max_unknown_licences
    if most is not None and (unknown := sbom_facts.unknown(content)) > most:
        yield reason("licences-unknown", unknown=unknown, most=most, elements=content.elements)
    if options.origin and not _made_from(content, options.origin):
        yield reason("sbom-other-origin", origins=content.origins[:4], expected=options.origin)


def _made_from(content: SbomContent, wanted: str) -> bool:
    """Return whether every origin is the wanted one, in any version (`syft` for `syft 1.32.0`)."""
    fitting = [origin == wanted or origin.startswith(f"{wanted} ") for origin in content.origins]
    return bool(fitting) and all(fitting)


def check(options: Options, groups: Mapping[str, tuple[Person, ...]]) -> OptionProblem | None:  # noqa: ARG001 - as all
    """Return what is wrong with the options themselves."""
    if options.minimum not in ("", NTIA):
        return OptionProblem("minimum", f"there is no minimum {options.minimum[:40]!r}", fix=f"minimum: {NTIA}")
    return None


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
        "sbom-unreadable",
        "sbom-below-minimum",
        "licences-unknown",
        "sbom-other-origin",
        NO_REQUEST,
    ),
    needs=frozenset({Need.BYTES}),
    options=Options,
    check=check,
)
