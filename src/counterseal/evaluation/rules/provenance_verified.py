"""Rule `provenance-verified`: the policy's builder made every artifact from the tagged, merged revision (R06, R30).

What the build was is taken from the certificate; the provenance statement has to agree with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.evaluation import identity
from counterseal.formats import statement
from counterseal.identifiers import BLOB_SUFFIX, MANIFEST_FILE, PROVENANCE
from counterseal.model import Mover, Subject
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

    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Attestation, BuildStart, Certificate, Finding, Manifest

NAME: Final = "provenance-verified"
TAGS: Final = "refs/tags/"
PUSH: Final = "push"
#: Codes of a tag on a commit that nobody merged as a change of its own.
_WRONG_COMMIT: Final = ("revision-not-merged", "revision-inside-change", "revision-pushed")
_ANOTHER_TAG: Final = (
    "bring the version by a change request, tag the commit that its merge leaves on the branch, "
    "build that tag, and make a new request"
)


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
        code, reason = problem
        return violated(NAME, Problem(code, reason, _ANOTHER_TAG if code in _WRONG_COMMIT else fix))
    workflow = evidence.policy.builder.workflow.rpartition("/")[2]
    count = len(manifest.subjects)
    made = f"{count} artifact{'s' if count > 1 else ''} made by {workflow} at {manifest.tag} ({manifest.revision[:7]})"
    return satisfied(NAME, f"{made}{_hands(evidence)}{_where(evidence)}")


def _hands(evidence: Evidence) -> str:
    """Return who started the build, where somebody did."""
    named = []
    for start in evidence.starts:
        triggers = (each.certificate.trigger for each in evidence.builds if each.certificate.run_uri == start.run)
        trigger = next(triggers, "")
        who = _people(start)
        if trigger != PUSH:
            named.append(f", started by {who} ({trigger})")
        if start.again:
            named.append(f", started again by {who}")
    return "".join(named)


def _people(start: BuildStart) -> str:
    return " and ".join(each.login for each in start.people) or "a deleted account"


def _steered(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield why a person may have chosen what the build did (R46)."""
    starts = {each.run: each for each in evidence.starts}
    # of what a push started on GitHub nobody is asked; a job of GitLab may be a manual one, and be deleted since
    asked = forges.kind_of(evidence.run.repository.host) is forges.ForgeKind.GITLAB
    for certificate in {each.certificate.run_uri: each.certificate for each in evidence.builds}.values():
        start = starts.get(certificate.run_uri or "")
        if start is None and (certificate.trigger != PUSH or asked):
            yield (
                "builder-steered",
                f"who started {certificate.run_uri} ({certificate.trigger}) cannot be told: it is gone from the forge",
            )
        elif start is not None and start.manual:
            why = "who plays or retries one chooses its variables"
            yield "builder-steered", f"{certificate.run_uri} is a manual job of {_people(start)}: {why}"


def _where(evidence: Evidence) -> str:
    """Return where on the branch the revision is, and what that does not say."""
    merge = evidence.source.merge if evidence.source else None
    if merge is None:
        return ""
    request = forges.change_name(evidence.run.repository.host, merge.number)
    return f", the end of {request}; what came onto the branch before that merge was not looked at"


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
    yield from _steered(evidence)
    provenance = found[0]
    listed = (*manifest.subjects, Subject(MANIFEST_FILE, evidence.manifest_digest or ""))
    if missing := statement.uncovered(provenance.statement, listed):
        names = ", ".join(each.name for each in missing)
        yield "subjects-differ", f"the provenance does not cover {names} as the manifest lists it"
    yield from _source_problems(evidence, manifest, provenance)
    if (differs := _disagreement(provenance)) is not None:
        yield "statement-disagrees", f"the provenance says another {differs} than its certificate"
    yield from _signature_problems(evidence, manifest, provenance)


def _builder_problems(evidence: Evidence) -> Iterator[tuple[str, str]]:
    for each in evidence.builds:
        if problem := _not_the_builders(evidence, each.certificate):
            yield (
                "builder-not-accepted",
                f"a statement ({each.statement.predicate_type}) is not the builder's: {problem}",
            )
    runs = sorted({each.certificate.run_uri or "unknown" for each in evidence.builds})
    if len(runs) > 1:
        yield "runs-differ", f"the build's statements come from {len(runs)} runs: {', '.join(runs)}"


def _not_the_builders(evidence: Evidence, certificate: Certificate) -> str | None:
    """Return why a certificate is not that of the policy's builder; nothing if it is."""
    repository = evidence.run.repository
    issuer = evidence.trust.issuers.get(repository.host, "")
    return identity.builder_problem(certificate, issuer=issuer, repository=repository, builder=evidence.policy.builder)


def _signature_problems(evidence: Evidence, manifest: Manifest, provenance: Attestation) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the signatures beside the artifacts: each is the builder's, of the provenance's run.

    One that does not lie there is denied by `digest-matches`.
    """
    made = provenance.certificate
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
        if problem := _not_the_builders(evidence, found.certificate):
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
    yield from _merge_problems(evidence, revision)


def _merge_problems(evidence: Evidence, revision: str) -> Iterator[tuple[str, str]]:
    """Yield why the revision is not the end of a change request that the forge merged into the branch (R43)."""
    source, branch, short = evidence.source, evidence.policy_reference.ref, _short(revision)
    if source is None or not source.on_protected_branch:
        yield "revision-not-merged", f"{short} is not on {branch}"
        return
    merge = source.merge
    if merge is None:
        if source.on_first_parent_line:
            yield "revision-pushed", f"{short} came onto {branch} by a push, without a change request"
        else:
            yield "revision-inside-change", f"{short} was never what {branch} was at: it lies inside what was merged"
        return
    request = forges.change_name(evidence.run.repository.host, merge.number)
    if merge.end != revision or not source.on_first_parent_line:
        yield "revision-inside-change", f"{short} lies inside {request}, whose merge left {branch} at {merge.end[:7]}"
    elif merge.mover is not Mover.FORGE:
        yield "revision-pushed", f"{short} is the end of {request}, and it came onto {branch} by a push, not by a merge"


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
        "builder-steered",
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
        BYTES_NOT_CHECKED,
    ),
    always=True,
)
