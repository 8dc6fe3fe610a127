"""Reads the bytes of a candidate: every pinned asset is downloaded and digested, the builder's signatures verified.

Whether the digests are the right ones and the builder the right one is left to the rules. Whoever can write to a
candidate can put anything there, so nothing is read before its size is known, as the forge states it and as it arrives,
and what cannot be read is a problem for the rules, never the end of the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import inventory
from counterseal.errors import CountersealError
from counterseal.evaluation import ObservedAsset, SbomContent, SbomFacts, SignatureFacts, content_of
from counterseal.formats import digests, manifest, subject, visible, wire
from counterseal.identifiers import BLOB_SUFFIX, BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM, SBOM_FILE
from counterseal.model import Attestation, Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.model import PinnedCandidate, Release
    from counterseal.ports import AssetStore, BundleVerifier

MAX_ASSET_BYTES: Final = subject.MAX_FILE_BYTES
MAX_BUNDLES: Final = 16


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """What the bytes of a candidate say: read once, since bytes pinned by id and digest do not change."""

    observed: tuple[ObservedAsset, ...] = ()
    manifest: Manifest | None = None
    manifest_digest: str | None = None
    builds: tuple[Attestation, ...] = ()
    problems: tuple[str, ...] = ()
    sbom: SbomFacts | None = None
    signatures: tuple[SignatureFacts, ...] = ()


def read(
    assets: AssetStore, verifier: BundleVerifier, work: Path, release: Release, pinned: PinnedCandidate
) -> CandidateFacts:
    """Return what the bytes of the pinned assets say.

    Args:
        assets: Where to download from.
        verifier: Checks the builder's bundles.
        work: Folder for the downloads.
        release: The candidate as the forge shows it.
        pinned: What the request names; an asset that is gone or incomplete is left out, for `digest-matches` to say.
    """
    observed, contents = _download(assets, work, release, pinned)
    problems: list[str] = []
    parsed, parsed_digest = _manifest(contents.get(MANIFEST_FILE), problems)
    builds = _builds(verifier, contents.get(BUILD_BUNDLES_FILE), problems)
    return CandidateFacts(
        observed,
        parsed,
        parsed_digest,
        builds,
        tuple(problems),
        _sbom(contents.get(SBOM_FILE), builds, problems),
        _signatures(verifier, parsed, contents),
    )


def _download(
    assets: AssetStore, work: Path, release: Release, pinned: PinnedCandidate
) -> tuple[tuple[ObservedAsset, ...], dict[str, Path]]:
    """Return what was read of the pinned assets, and where each lies by its name."""
    present = {asset.id: asset for asset in release.assets if asset.complete}
    pinned_assets = [present[pin.id] for pin in pinned.assets if pin.id in present]
    refused = subject.too_large(pinned_assets)
    observed, contents = [], {}
    for asset in pinned_assets:
        if asset.id in refused:
            continue
        target = work / f"{asset.id}"
        assets.download(release, asset.id, target, max_bytes=subject.largest(asset.name))
        size = target.stat().st_size
        with target.open("rb") as stream:
            digest = digests.sha256_of(stream)
        observed.append(ObservedAsset(asset.id, asset.name, digest, asset.digest, size))
        if size <= subject.largest(asset.name):
            contents[asset.name] = target
    return tuple(observed), contents


def _manifest(path: Path | None, problems: list[str]) -> tuple[Manifest | None, str | None]:
    if path is None:
        problems.append(f"the candidate has no readable {MANIFEST_FILE}")
        return None, None
    data = path.read_bytes()
    try:
        return manifest.parse(data), digests.sha256(data)
    except CountersealError as error:
        problems.append(_error_line(error))
        return None, None


def _builds(verifier: BundleVerifier, path: Path | None, problems: list[str]) -> tuple[Attestation, ...]:
    if path is None:
        problems.append(f"the candidate has no readable {BUILD_BUNDLES_FILE}")
        return ()
    lines = [line for line in path.read_bytes().split(b"\n", MAX_BUNDLES + 1) if line.strip()]
    if len(lines) > MAX_BUNDLES:
        problems.append(f"{BUILD_BUNDLES_FILE} has more than {MAX_BUNDLES} bundles, and that many are not read")
        return ()
    verified = []
    for number, line in enumerate(lines, 1):
        try:
            verified.append(verifier.verify_statement(line, f"{BUILD_BUNDLES_FILE} line {number}"))
        except CountersealError as error:
            problems.append(_error_line(error))
    return tuple(verified)


def _signatures(
    verifier: BundleVerifier, listed: Manifest | None, contents: dict[str, Path]
) -> tuple[SignatureFacts, ...]:
    """Return who signed each artifact, as the manifest lists it, in the signature that lies beside it."""
    signatures = []
    for artifact in listed.subjects if listed else ():
        name = artifact.name + BLOB_SUFFIX
        if name not in contents:
            continue
        try:
            certificate = verifier.verify_digest(contents[name].read_bytes(), artifact.digest, name)
        except CountersealError as error:
            signatures.append(SignatureFacts(artifact.name, None, _error_line(error)))
        else:
            signatures.append(SignatureFacts(artifact.name, certificate, ""))
    return tuple(signatures)


def _error_line(error: CountersealError) -> str:
    """Return an error as one line that fits into a decision: its text may come from anybody."""
    return visible.plain(f"{error.what}: {error.why}" if error.why else error.what)


def _sbom(path: Path | None, builds: tuple[Attestation, ...], problems: list[str]) -> SbomFacts | None:
    if path is None:
        return None
    data = path.read_bytes()
    try:
        document = wire.load_json(data, SBOM_FILE, max_bytes=subject.largest(SBOM_FILE))
    except CountersealError as error:
        problems.append(_error_line(error))
        return None
    components = document.get("components") if isinstance(document, dict) else None
    attested = [build.statement.predicate for build in builds if build.statement.predicate_type == SBOM]
    content, problem = _content(data)
    return SbomFacts(
        digests.sha256(data),
        len(components) if isinstance(components, list) else 0,
        len(attested) == 1 and dict(attested[0]) == document,
        content,
        problem,
    )


def _content(data: bytes) -> tuple[SbomContent | None, str]:
    """Return what an SBOM lists, or why nobody can tell."""
    try:
        return content_of(inventory.parse(data, SBOM_FILE)), ""
    except CountersealError as error:
        return None, _error_line(error)
