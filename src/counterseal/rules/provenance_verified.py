"""Rule `provenance-verified`: the policy's builder made every artifact from the tagged, merged revision (R06, R30).

What the build was is taken from the certificate; the provenance statement has to agree with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal import identity
from counterseal.identifiers import BLOB_SUFFIX, MANIFEST_FILE, PROVENANCE
from counterseal.model import Subject
from counterseal.rule import (
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
from counterseal.statement import uncovered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.evidence import Evidence
    from counterseal.model import Attestation, Finding, Manifest

NAME: Final = "provenance-verified"
TAGS: Final = "refs/tags/"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether exactly one provenance, by the accepted builder, ties all artifacts to the reviewed source."""
    if evidence.request.content is None or evidence.change is None:
        return no_request(NAME)
    if evidence.candidate is None and not evidence.change.merged:
        return bytes_not_checked(NAME)
    manifest = evidence.manifest
    fix = f"build {manifest.tag if manifest else 'the tag'} again with the policy's builder, then make a new request"
    if manifest is None:
        reason = f"the candidate has no readable {MANIFEST_FILE}"
        return violated(NAME, Problem("provenance-missing", reason, fix))
    problem = next(_problems(evidence, manifest), None)
    if problem:
        return violated(NAME, Problem(*problem, fix))
    workflow, revision = evidence.policy.builder.workflow, manifest.revision[:7]
    count = len(manifest.subjects)
    made = f"{count} artifact{'s' if count > 1 else ''}"
    return satisfied(NAME, f"{made} made by {workflow.rpartition('/')[2]} at {manifest.tag} ({revision})")


def _problems(evidence: Evidence, manifest: Manifest) -> Iterator[tuple[str, str]]:
    if evidence.build_problems:
        yield "provenance-unverified", evidence.build_problems[0]
    found = [each for each in evidence.builds if each.statement.predicate_type == PROVENANCE]
    if not found:
        yield "provenance-missing", "the candidate has no verified provenance"
        return
    if len(found) > 1:
        yield "provenance-ambiguous", f"the candidate has {len(found)} provenance statements, and one was expected"
    yield from _builder_problems(evidence)
    provenance = found[0]
    listed = (*manifest.subjects, Subject(MANIFEST_FILE, evidence.manifest_digest or ""))
    if missing := uncovered(provenance.statement, listed):
        names = ", ".join(each.name for each in missing)
        yield "subjects-differ", f"the provenance does not cover {names} as the manifest lists it"
    yield from _source_problems(evidence, manifest, provenance)
    if (differs := _disagreement(provenance)) is not None:
        yield "statement-disagrees", f"the provenance says another {differs} than its certificate"
    yield from _signature_problems(evidence, manifest, provenance)


def _builder_problems(evidence: Evidence) -> Iterator[tuple[str, str]]:
    repository = evidence.run.repository
    issuer = evidence.trust.issuers.get(repository.host, "")
    for each in evidence.builds:
        problem = identity.builder_problem(
            each.certificate, issuer=issuer, repository=repository, builder=evidence.policy.builder
        )
        if problem:
            yield (
                "builder-not-accepted",
                f"a statement ({each.statement.predicate_type}) is not the builder's: {problem}",
            )
    runs = sorted({each.certificate.run_uri or "unknown" for each in evidence.builds})
    if len(runs) > 1:
        yield "runs-differ", f"the build's statements come from {len(runs)} runs: {', '.join(runs)}"


def _signature_problems(evidence: Evidence, manifest: Manifest, provenance: Attestation) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the signatures beside the artifacts: each is the builder's, of the provenance's run.

    One that does not lie there is denied by `digest-matches`.
    """
    repository, made = evidence.run.repository, provenance.certificate
    beside = {each.subject: each for each in evidence.signatures}
    here = {each.name for each in evidence.observed}
    for artifact in manifest.subjects:
        file, found = artifact.name + BLOB_SUFFIX, beside.get(artifact.name)
        if found is None and file not in here:
            continue
        if found is None or found.certificate is None:
            why = found.problem if found else "there is none that was read"
            yield "signature-unverified", f"{file} is no signature over {artifact.name}: {why}"
            continue
        problem = identity.builder_problem(
            found.certificate,
            issuer=evidence.trust.issuers.get(repository.host, ""),
            repository=repository,
            builder=evidence.policy.builder,
        )
        if problem:
            yield "signature-not-the-builders", f"{file} is not the builder's: {problem}"
        run = found.certificate.run_uri
        if run is None or run != made.run_uri or found.certificate.source_revision != made.source_revision:
            told = f"{run or 'an unknown run'}, the provenance from {made.run_uri or 'an unknown run'}"
            yield "signature-of-another-run", f"{file} comes from {told}"


def _source_problems(evidence: Evidence, manifest: Manifest, provenance: Attestation) -> Iterator[tuple[str, str]]:
    certificate, source, revision = provenance.certificate, evidence.source, manifest.revision
    if certificate.source_revision != revision:
        yield (
            "revision-differs",
            f"built from {_short(certificate.source_revision)}, and the manifest names {_short(revision)}",
        )
    if certificate.source_ref != TAGS + manifest.tag:
        yield "ref-differs", f"built from {certificate.source_ref}, and the manifest names {TAGS}{manifest.tag}"
    if source is None or source.tag_revision != revision:
        now = _short(source.tag_revision) if source and source.tag_revision else "nothing"
        yield "tag-moved", f"the tag {manifest.tag} points to {now}, and the manifest names {_short(revision)}"
    if source is None or not source.on_protected_branch:
        yield "revision-not-merged", f"{_short(revision)} is not on {evidence.policy_reference.ref}"


def _disagreement(provenance: Attestation) -> str | None:
    """Return the first field of the statement that is not what the certificate says (R30), or None.

    Fields: SLSA v1 build provenance, with the `externalParameters` of GitHub's workflow build type.
    """
    certificate, predicate = provenance.certificate, provenance.statement.predicate
    path, _, ref = certificate.san.partition("@")
    workflow = {
        "repository": certificate.source_uri,
        "path": path.removeprefix(certificate.source_uri or "").lstrip("/"),
        "ref": ref,
    }
    said = _at(predicate, "buildDefinition", "externalParameters", "workflow")
    if said != workflow:
        return "workflow"
    dependencies = _at(predicate, "buildDefinition", "resolvedDependencies")
    commits = [_at(each, "digest", "gitCommit") for each in dependencies] if isinstance(dependencies, list) else []
    if [each for each in commits if each is not None] != [certificate.source_revision]:
        return "source revision"
    if _at(predicate, "runDetails", "builder", "id") != certificate.san:
        return "builder"
    if _at(predicate, "runDetails", "metadata", "invocationId") != certificate.run_uri:
        return "run"
    return None


def _at(data: Any, *path: str) -> Any:
    """Return what stands at a path of plain JSON data, or None."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _short(revision: str | None) -> str:
    return (revision or "an unknown revision")[:7] if revision else "an unknown revision"


RULE: Final = RuleSpec(
    name=NAME,
    title="the policy's builder made every artifact from the tagged, merged revision",
    judge=judge,
    codes=(
        "provenance-missing",
        "provenance-unverified",
        "provenance-ambiguous",
        "builder-not-accepted",
        "runs-differ",
        "subjects-differ",
        "revision-differs",
        "ref-differs",
        "tag-moved",
        "revision-not-merged",
        "statement-disagrees",
        "signature-unverified",
        "signature-not-the-builders",
        "signature-of-another-run",
        NO_REQUEST,
        BYTES_NOT_CHECKED,
    ),
    always=True,
)
