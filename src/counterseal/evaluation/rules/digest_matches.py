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
    from counterseal.model import Asset, Finding, Manifest, PromotionRequest, Release

NAME: Final = "digest-matches"

#: What `sign` lays beside the artifacts.
BUILT: Final = (MANIFEST_FILE, SBOM_FILE, BUILD_BUNDLES_FILE)
#: What a gate itself adds to a candidate after it has allowed it; a publication compares these with what it wants.
OURS: Final = (BUNDLES_FILE, EVIDENCE_FILE, CHECKSUMS_FILE, PROOF_FILE)


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether request, candidate, manifest and bytes agree about every digest."""
    content, release = evidence.request.content, evidence.candidate
    if content is None or evidence.change is None:
        return no_request(NAME)
    if release is None and not evidence.change.merged:
        return bytes_not_checked(NAME)
    again = f"build a new candidate, then counterseal request --stage {evidence.stage}"
    if release is None:
        reason = f"the candidate (release {content.candidate.release}) was not read"
        return violated(NAME, Problem("candidate-missing", reason, again))
    problem = next(_problems(evidence, content, release), None)
    if problem:
        return violated(NAME, Problem(*problem, again))
    size = sum(each.size for each in evidence.observed)
    return satisfied(
        NAME, f"{len(evidence.observed)} files of release {release.id} read ({size} bytes), every digest equal"
    )


def _problems(evidence: Evidence, content: PromotionRequest, release: Release) -> Iterator[tuple[str, str]]:
    pinned = content.candidate
    if (release.id, release.tag) != (pinned.release, pinned.tag):
        found = f"release {release.id} ({release.tag})"
        yield "candidate-differs", f"the request is about release {pinned.release} ({pinned.tag}), not {found}"
    stage = evidence.policy.stage(evidence.stage)
    if stage is not None and stage.publish and not release.draft:
        yield (
            "released-already",
            f"release {release.id} ({release.tag}) is public; what is out cannot be published again",
        )
    yield from _asset_problems(evidence, content)
    yield from _unpinned(evidence, content, release)
    if evidence.manifest is None or evidence.manifest_digest is None:
        yield "manifest-missing", f"the candidate has no readable {MANIFEST_FILE}"
    else:
        yield from _manifest_problems(evidence, content, evidence.manifest)


def _asset_problems(evidence: Evidence, content: PromotionRequest) -> Iterator[tuple[str, str]]:
    observed = {each.id: each for each in evidence.observed}
    refused = _too_large(evidence, content)
    for pin in content.candidate.assets:
        found = observed.get(pin.id)
        if pin.id in refused:
            large = refused[pin.id]
            limit = (
                f"at most {subject.largest(large.name)} are read of it, {subject.MAX_CANDIDATE_BYTES} of all together"
            )
            yield "asset-too-large", f"{large.name} has {large.size} bytes, and {limit}"
        elif found is None or found.name != pin.name:
            yield "asset-missing", f"{pin.name} (asset {pin.id}) is not in the candidate any more"
        elif found.digest != pin.digest:
            yield "asset-differs", f"{pin.name} has sha256:{found.digest}, and sha256:{pin.digest} was requested"
        elif found.forge_digest not in (None, found.digest):
            yield "asset-differs", f"{pin.name} has sha256:{found.digest}, and the forge says {found.forge_digest}"


def _too_large(evidence: Evidence, content: PromotionRequest) -> dict[int, Asset]:
    """Return what was not read because of its size, by id."""
    present = {each.id: each for each in (evidence.candidate.assets if evidence.candidate else ()) if each.complete}
    wanted = [present[each.id] for each in content.candidate.assets if each.id in present]
    return {each: present[each] for each in subject.too_large(wanted)}


def _unpinned(evidence: Evidence, content: PromotionRequest, release: Release) -> Iterator[tuple[str, str]]:
    """Yield what somebody laid beside the reviewed files: it would be released with them."""
    pinned = {each.id for each in content.candidate.assets}
    subjects = evidence.manifest.subjects if evidence.manifest else ()
    ours = {*OURS, *(f"{each.name}{VSA_SUFFIX}" for each in subjects)}
    for asset in release.assets:
        if asset.complete and asset.id not in pinned and asset.name not in ours:
            yield (
                "asset-not-pinned",
                f"{asset.name!r} (asset {asset.id}) lies in the candidate, and nobody asked for it",
            )


def _manifest_problems(evidence: Evidence, content: PromotionRequest, manifest: Manifest) -> Iterator[tuple[str, str]]:
    here, there = evidence.run.repository, manifest.repository
    if evidence.manifest_digest != content.manifest:
        yield (
            "manifest-differs",
            f"{MANIFEST_FILE} has sha256:{evidence.manifest_digest}, and sha256:{content.manifest} was requested",
        )
    if (here.host, here.id) != (there.host, there.id):
        yield (
            "manifest-differs",
            f"the manifest is of {there.host} repository {there.id}, not of {here.id} ({here.name})",
        )
    if manifest.tag != content.candidate.tag:
        yield "manifest-differs", f"the manifest is of the tag {manifest.tag}, not of {content.candidate.tag}"
    if not manifest.subjects:
        yield "manifest-differs", "the manifest names no artifact"
    yield from _listed_problems(evidence, content, manifest)


def _listed_problems(evidence: Evidence, content: PromotionRequest, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield where the files that were read are not those of the manifest, each artifact with its signature."""
    digests: dict[str, list[str]] = {}
    for observed in evidence.observed:
        digests.setdefault(observed.name, []).append(observed.digest)
    for each in (*manifest.subjects, Subject(SBOM_FILE, manifest.sbom), Subject(MANIFEST_FILE, content.manifest)):
        if (here := digests.get(each.name, [])) != [each.digest]:
            told = f"sha256:{here[0]}" if here else "not in the candidate"
            yield "subject-differs", f"the manifest lists {each.name} as sha256:{each.digest}, and it is {told}"
    names = [each.name for each in manifest.subjects]
    for name in names:
        if len(digests.get(name + BLOB_SUFFIX, [])) != 1:
            yield "signature-missing", f"{name} has no signature {name + BLOB_SUFFIX} in what was requested"
    known = {*BUILT, *OURS, *names, *(name + suffix for name in names for suffix in (BLOB_SUFFIX, VSA_SUFFIX))}
    for pin in content.candidate.assets:
        if pin.name not in known:
            yield (
                "asset-not-in-manifest",
                f"{pin.name!r} (asset {pin.id}) was requested, and the manifest does not list it",
            )


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
        "asset-too-large",
        "asset-not-pinned",
        "asset-not-in-manifest",
        "manifest-missing",
        "manifest-differs",
        "subject-differs",
        "signature-missing",
        NO_REQUEST,
        BYTES_NOT_CHECKED,
    ),
    always=True,
)
