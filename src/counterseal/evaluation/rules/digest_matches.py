"""Rule `digest-matches`: the bytes of the candidate are those that request, reviews and manifest name (R05).

Every digest was computed from the bytes; what the forge says of them has to agree where it says something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.formats import subject
from counterseal.identifiers import (
    BLOB_SUFFIX,
    BUILD_BUNDLES_FILE,
    BUNDLES_FILE,
    CHECKSUMS_FILE,
    EVIDENCE_FILE,
    MANIFEST_FILE,
    PROOF_FILE,
    SBOM_FILE,
    VSA_SUFFIX,
)
from counterseal.model import Subject
from counterseal.policy import NO_REQUEST, Need, NoOptions, RuleSpec, no_request, reason, satisfied, violated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Asset, Finding, Manifest, PromotionRequest, Reason, Release

NAME: Final = "digest-matches"

#: What `sign` puts beside the artifacts.
BUILT: Final = (MANIFEST_FILE, SBOM_FILE, BUILD_BUNDLES_FILE)
#: What a gate itself adds to a candidate after it has allowed it; a publication compares these with what it wants.
OURS: Final = (BUNDLES_FILE, EVIDENCE_FILE, CHECKSUMS_FILE, PROOF_FILE)


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether request, candidate, manifest and bytes agree about every digest."""
    content, release = evidence.request.promotion, evidence.candidate
    if content is None or evidence.change is None:
        return no_request(NAME)
    if release is None:
        return violated(NAME, reason("candidate-missing", release=content.candidate.release))
    problem = next(_problems(evidence, content, release), None)
    if problem:
        return violated(NAME, problem)
    size = sum(asset.size for asset in evidence.observed)
    return satisfied(NAME, release=release.id, files=len(evidence.observed), bytes=size)


def _problems(evidence: Evidence, content: PromotionRequest, release: Release) -> Iterator[Reason]:
    pinned = content.candidate
    if (release.id, release.tag) != (pinned.release, pinned.tag):
        requested = {"release": pinned.release, "tag": pinned.tag}
        yield reason("candidate-differs", release=release.id, tag=release.tag, requested=requested)
    stage = evidence.policy.stage(evidence.stage)
    if stage is not None and stage.publish and not release.draft:
        yield reason("released-already", release=release.id, tag=release.tag)
    yield from _asset_problems(evidence, content)
    yield from _unpinned(evidence, content, release)
    if evidence.manifest is None or evidence.manifest_digest is None:
        yield reason("manifest-missing", file=MANIFEST_FILE)
    else:
        yield from _manifest_problems(evidence, content, evidence.manifest)


def _asset_problems(evidence: Evidence, content: PromotionRequest) -> Iterator[Reason]:
    observed = {asset.id: asset for asset in evidence.observed}
    refused = _too_large(evidence, content)
    for pin in content.candidate.assets:
        asset = observed.get(pin.id)
        if pin.id in refused:
            large = refused[pin.id]
            limits = {"largest": subject.largest(large.name), "together": subject.MAX_CANDIDATE_BYTES}
            yield reason("asset-too-large", name=large.name, size=large.size, **limits)
        elif asset is None or asset.name != pin.name:
            yield reason("asset-missing", name=pin.name, asset=pin.id)
        elif asset.digest != pin.digest:
            yield reason("asset-differs", name=pin.name, digest=asset.digest, requested=pin.digest)
        elif asset.forge_digest not in (None, asset.digest):
            yield reason("asset-not-the-forges", name=pin.name, digest=asset.digest, forge=asset.forge_digest)


def _too_large(evidence: Evidence, content: PromotionRequest) -> dict[int, Asset]:
    """Return what was not read because of its size, by id."""
    present = {asset.id: asset for asset in (evidence.candidate.assets if evidence.candidate else ()) if asset.complete}
    pinned = [present[pin.id] for pin in content.candidate.assets if pin.id in present]
    return {asset_id: present[asset_id] for asset_id in subject.too_large(pinned)}


def _unpinned(evidence: Evidence, content: PromotionRequest, release: Release) -> Iterator[Reason]:
    """Yield what somebody put beside the reviewed files: it would be released with them."""
    pinned = {pin.id for pin in content.candidate.assets}
    subjects = evidence.manifest.subjects if evidence.manifest else ()
    ours = {*OURS, *(f"{artifact.name}{VSA_SUFFIX}" for artifact in subjects)}
    for asset in release.assets:
        if asset.complete and asset.id not in pinned and asset.name not in ours:
            yield reason("asset-not-pinned", name=asset.name, asset=asset.id)


def _manifest_problems(evidence: Evidence, content: PromotionRequest, manifest: Manifest) -> Iterator[Reason]:
    home, repository = evidence.home, manifest.repository
    if evidence.manifest_digest != content.manifest:
        yield reason("manifest-differs", digest=evidence.manifest_digest, requested=content.manifest)
    if (home.host, home.id) != (repository.host, repository.id):
        yield reason("manifest-of-another-repository", repository=repository, expected=home)
    if manifest.tag != content.candidate.tag:
        yield reason("manifest-of-another-tag", tag=manifest.tag, requested=content.candidate.tag)
    if not manifest.subjects:
        yield reason("manifest-empty")
    yield from _listed_problems(evidence, content, manifest)


def _listed_problems(evidence: Evidence, content: PromotionRequest, manifest: Manifest) -> Iterator[Reason]:
    """Yield where the files that were read are not those of the manifest, each artifact with its signature."""
    digests: dict[str, list[str]] = {}
    for observed in evidence.observed:
        digests.setdefault(observed.name, []).append(observed.digest)
    for file in (*manifest.subjects, Subject(SBOM_FILE, manifest.sbom), Subject(MANIFEST_FILE, content.manifest)):
        if (read_digests := digests.get(file.name, [])) != [file.digest]:
            yield reason("subject-differs", name=file.name, listed=file.digest, digests=read_digests)
    names = [artifact.name for artifact in manifest.subjects]
    for name in names:
        if len(digests.get(name + BLOB_SUFFIX, [])) != 1:
            yield reason("signature-missing", name=name, signature=name + BLOB_SUFFIX)
    expected_names = {*BUILT, *OURS, *names, *(name + suffix for name in names for suffix in (BLOB_SUFFIX, VSA_SUFFIX))}
    for pin in content.candidate.assets:
        if pin.name not in expected_names:
            yield reason("asset-not-in-manifest", name=pin.name, asset=pin.id)


RULE: Final = RuleSpec(
    name=NAME,
    title="the candidate's bytes are those that request, reviews and manifest name",
    judge=judge,
    codes=(
        "candidate-missing",
        "candidate-differs",
        "released-already",
        "asset-missing",
        "asset-differs",
        "asset-not-the-forges",
        "asset-too-large",
        "asset-not-pinned",
        "asset-not-in-manifest",
        "manifest-missing",
        "manifest-differs",
        "manifest-of-another-repository",
        "manifest-of-another-tag",
        "manifest-empty",
        "subject-differs",
        "signature-missing",
        NO_REQUEST,
    ),
    needs=frozenset({Need.BYTES}),
    always=True,
)
