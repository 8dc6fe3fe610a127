"""Reads the bytes of a candidate: every pinned asset is downloaded and digested, the builder's bundles verified.

Whether the digests are the right ones and the builder the right one is left to the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import digests, manifest, wire
from counterseal.errors import CountersealError
from counterseal.evidence import ObservedAsset, SbomFacts
from counterseal.identifiers import BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM, SBOM_FILE
from counterseal.model import Attestation, Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.model import PinnedCandidate, Release
    from counterseal.ports import AssetStore, BundleVerifier

MAX_ASSET_BYTES: Final = 2 << 30
MAX_BUNDLES: Final = 16
MAX_BUNDLES_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """What the bytes of a candidate say: read once, since bytes pinned by id and digest do not change."""

    observed: tuple[ObservedAsset, ...] = ()
    manifest: Manifest | None = None
    manifest_digest: str | None = None
    builds: tuple[Attestation, ...] = ()
    problems: tuple[str, ...] = ()
    sbom: SbomFacts | None = None


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
    present = {asset.id: asset for asset in release.assets}
    observed, contents = [], {}
    for asset in pinned.assets:
        found = present.get(asset.id)
        if found is None or not found.complete:
            continue
        target = work / f"{asset.id}"
        assets.download(release, asset.id, target, max_bytes=MAX_ASSET_BYTES)
        with target.open("rb") as stream:
            digest = digests.sha256_of(stream)
        observed.append(ObservedAsset(found.id, found.name, digest, found.digest, target.stat().st_size))
        contents[found.name] = target
    problems: list[str] = []
    parsed, parsed_digest = _manifest(contents.get(MANIFEST_FILE), problems)
    builds = _builds(verifier, contents.get(BUILD_BUNDLES_FILE), problems)
    return CandidateFacts(
        tuple(observed),
        parsed,
        parsed_digest,
        builds,
        tuple(problems),
        _sbom(contents.get(SBOM_FILE), builds, problems),
    )


def _manifest(path: Path | None, problems: list[str]) -> tuple[Manifest | None, str | None]:
    if path is None:
        problems.append(f"the candidate has no {MANIFEST_FILE}")
        return None, None
    data = path.read_bytes()
    try:
        return manifest.parse(data), digests.sha256(data)
    except CountersealError as error:
        problems.append(error.what)
        return None, None


def _builds(verifier: BundleVerifier, path: Path | None, problems: list[str]) -> tuple[Attestation, ...]:
    if path is None or path.stat().st_size > MAX_BUNDLES_BYTES:
        problems.append(f"the candidate has no {BUILD_BUNDLES_FILE} of a sane size")
        return ()
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    if len(lines) > MAX_BUNDLES:
        problems.append(f"{BUILD_BUNDLES_FILE} has {len(lines)} bundles, at most {MAX_BUNDLES} are read")
        return ()
    verified = []
    for number, line in enumerate(lines, 1):
        try:
            verified.append(verifier.verify_statement(line, f"{BUILD_BUNDLES_FILE} line {number}"))
        except CountersealError as error:
            problems.append(f"{error.what}: {error.why}" if error.why else error.what)
    return tuple(verified)


def _sbom(path: Path | None, builds: tuple[Attestation, ...], problems: list[str]) -> SbomFacts | None:
    if path is None:
        return None
    data = path.read_bytes()
    try:
        document = wire.load_json(data, SBOM_FILE, max_bytes=MAX_BUNDLES_BYTES)
    except CountersealError as error:
        problems.append(error.what)
        return None
    components = document.get("components") if isinstance(document, dict) else None
    attested = [each.statement.predicate for each in builds if each.statement.predicate_type == SBOM]
    return SbomFacts(
        digests.sha256(data),
        len(components) if isinstance(components, list) else 0,
        len(attested) == 1 and dict(attested[0]) == document,
    )
