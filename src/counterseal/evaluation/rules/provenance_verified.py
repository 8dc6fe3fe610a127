"""Rule `provenance-verified`: the policy's builder made every artifact from the tagged, merged revision (R06, R30).

What the build was is taken from the certificate; the provenance statement has to agree with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.evaluation import identity
from counterseal.formats import statement
from counterseal.identifiers import BLOB_SUFFIX, MANIFEST_FILE, PROVENANCE
from counterseal.model import Mover, Reason, Subject
from counterseal.policy import NO_REQUEST, Need, NoOptions, RuleSpec, no_request, reason, satisfied, violated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Attestation, Certificate, Finding, Manifest

NAME: Final = "provenance-verified"
TAGS: Final = "refs/tags/"
PUSH: Final = "push"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether exactly one provenance, by the accepted builder, ties all artifacts to the reviewed source."""
    if evidence.request.promotion is None or evidence.change is None:
        return no_request(NAME)
    manifest = evidence.manifest
    if manifest is None:
        return violated(NAME, reason("provenance-missing", file=MANIFEST_FILE))
    problem = next(_problems(evidence, manifest), None)
    if problem:
        return violated(NAME, Reason(problem.code, {**problem.data, "tag": manifest.tag}))
    merge = evidence.source.merge if evidence.source else None
    return satisfied(
        NAME,
        artifacts=len(manifest.subjects),
        workflow=evidence.policy.builder.workflow,
        tag=manifest.tag,
        revision=manifest.revision,
        starts=_hands(evidence),
        merge=merge.number if merge else None,
    )


def _hands(evidence: Evidence) -> list[dict[str, object]]:
    """Return who started the build or ran it again, and by which trigger; nobody where a push started it once."""
    hands: list[dict[str, object]] = []
    for start in evidence.starts:
        triggers = (build.certificate.trigger for build in evidence.builds if build.certificate.run_uri == start.run)
        trigger = next(triggers, None)
        if trigger != PUSH or start.again:
            hands.append({"people": start.people, "trigger": trigger, "again": start.again})
    return hands


def _steered(evidence: Evidence) -> Iterator[Reason]:
    """Yield why a person may have chosen what the build did (R46)."""
    starts = {start.run: start for start in evidence.starts}
    # GitHub is not asked about what a push started; a GitLab job may have been a manual one, and deleted since
    on_gitlab = forges.kind_of(evidence.home.host) is forges.ForgeKind.GITLAB
    for certificate in {build.certificate.run_uri: build.certificate for build in evidence.builds}.values():
        start = starts.get(certificate.run_uri or "")
        if start is None and (certificate.trigger != PUSH or on_gitlab):
            yield reason("builder-gone", run=certificate.run_uri, trigger=certificate.trigger)
        elif start is not None and start.manual:
            yield reason("builder-steered", run=certificate.run_uri, people=start.people)


def _problems(evidence: Evidence, manifest: Manifest) -> Iterator[Reason]:
    if evidence.build_problems:
        yield reason("provenance-unverified", detail=evidence.build_problems[0])
    provenances = [build for build in evidence.builds if build.statement.predicate_type == PROVENANCE]
    if not provenances:
        yield reason("provenance-missing")
        return
    if len(provenances) > 1:
        yield reason("provenance-ambiguous", statements=len(provenances))
    yield from _builder_problems(evidence)
    yield from _steered(evidence)
    provenance = provenances[0]
    listed = (*manifest.subjects, Subject(MANIFEST_FILE, evidence.manifest_digest or ""))
    if missing := statement.uncovered(provenance.statement, listed):
        yield reason("subjects-differ", missing=[subject.name for subject in missing])
    yield from _source_problems(evidence, manifest, provenance)
    if (differs := _disagreement(provenance)) is not None:
        yield reason("statement-disagrees", field=differs)
    yield from _signature_problems(evidence, manifest, provenance)


def _builder_problems(evidence: Evidence) -> Iterator[Reason]:
    for build in evidence.builds:
        if problem := _not_the_builders(evidence, build.certificate):
            yield reason("builder-not-accepted", predicate_type=build.statement.predicate_type, problem=problem)
    runs = sorted({build.certificate.run_uri or "unknown" for build in evidence.builds})
    if len(runs) > 1:
        yield reason("runs-differ", runs=runs)


def _not_the_builders(evidence: Evidence, certificate: Certificate) -> Reason | None:
    """Return why a certificate is not that of the policy's builder; nothing if it is."""
    repository = evidence.home
    issuer = evidence.trust.issuers.get(repository.host, "")
    return identity.builder_problem(certificate, issuer=issuer, repository=repository, builder=evidence.policy.builder)


def _signature_problems(evidence: Evidence, manifest: Manifest, provenance: Attestation) -> Iterator[Reason]:
    """Yield what is wrong with the signatures beside the artifacts: each is the builder's, of the provenance's run.

    A missing one is denied by `digest-matches`.
    """
    signer = provenance.certificate
    signatures = {signature.subject: signature for signature in evidence.signatures}
    observed_names = {asset.name for asset in evidence.observed}
    for artifact in manifest.subjects:
        file, signature = artifact.name + BLOB_SUFFIX, signatures.get(artifact.name)
        if signature is None and file not in observed_names:
            continue
        if signature is None or signature.certificate is None:
            detail = signature.problem if signature else None
            yield reason("signature-unverified", file=file, name=artifact.name, detail=detail)
            continue
        if problem := _not_the_builders(evidence, signature.certificate):
            yield reason("signature-not-the-builders", file=file, problem=problem)
        run = signature.certificate.run_uri
        if run is None or run != signer.run_uri or signature.certificate.source_revision != signer.source_revision:
            yield reason("signature-of-another-run", file=file, run=run, provenance_run=signer.run_uri)


def _source_problems(evidence: Evidence, manifest: Manifest, provenance: Attestation) -> Iterator[Reason]:
    certificate, source, revision = provenance.certificate, evidence.source, manifest.revision
    if certificate.source_revision != revision:
        yield reason("revision-differs", built=certificate.source_revision, manifest=revision)
    if certificate.source_ref != TAGS + manifest.tag:
        yield reason("ref-differs", built=certificate.source_ref, manifest=TAGS + manifest.tag)
    if source is None or source.tag_revision != revision:
        yield reason("tag-moved", now=source.tag_revision if source else None, manifest=revision)
    yield from _merge_problems(evidence, revision)


def _merge_problems(evidence: Evidence, revision: str) -> Iterator[Reason]:
    """Yield why the revision is not the end of a change request that the forge merged into the branch (R43)."""
    source, about = evidence.source, {"revision": revision, "branch": evidence.policy_reference.ref}
    if source is None or not source.on_protected_branch:
        yield reason("revision-not-merged", **about)
        return
    merge = source.merge
    if merge is None:
        yield reason("revision-pushed" if source.on_first_parent_line else "revision-inside-change", **about)
        return
    if merge.end != revision or not source.on_first_parent_line:
        yield reason("revision-inside-change", merge=merge.number, end=merge.end, **about)
    elif merge.mover is not Mover.FORGE:
        yield reason("revision-pushed", merge=merge.number, **about)


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
    stated_workflow = _at(predicate, "buildDefinition", "externalParameters", "workflow")
    if stated_workflow != workflow:
        return "workflow"
    dependencies = _at(predicate, "buildDefinition", "resolvedDependencies")
    commits = [_at(item, "digest", "gitCommit") for item in dependencies] if isinstance(dependencies, list) else []
    if [commit for commit in commits if commit is not None] != [certificate.source_revision]:
        return "sourceRevision"
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


RULE: Final = RuleSpec(
    name=NAME,
    title="the policy's builder made every artifact from the tagged, merged revision",
    judge=judge,
    codes=(
        "provenance-missing",
        "provenance-unverified",
        "provenance-ambiguous",
        "builder-not-accepted",
        "builder-steered",
        "builder-gone",
        "runs-differ",
        "subjects-differ",
        "revision-differs",
        "ref-differs",
        "tag-moved",
        "revision-not-merged",
        "revision-inside-change",
        "revision-pushed",
        "statement-disagrees",
        "signature-unverified",
        "signature-not-the-builders",
        "signature-of-another-run",
        NO_REQUEST,
    ),
    needs=frozenset({Need.BYTES}),
    always=True,
)
