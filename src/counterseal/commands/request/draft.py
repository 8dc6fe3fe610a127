"""The candidate that is asked about, as the forge has it: its manifest, its files by id and digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ServiceError, UsageError
from counterseal.formats import digests, manifest, subject
from counterseal.identifiers import BLOB_SUFFIX, BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE
from counterseal.model import Manifest, PinnedAsset, Release

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.ports import AssetStore


def find(assets: AssetStore, tag: str | None) -> Release:
    """Return the candidate of a tag; without a tag the only one that waits.

    Raises:
        UsageError: There is none, or more than one waits.
        ServiceError: The tag has several.
    """
    tag = tag or _only_draft(assets)
    releases = assets.releases(tag)
    if not releases:
        raise UsageError(
            f"no candidate for {tag}",
            why="there is none that this token can see (on GitHub drafts need `contents: write`)",
            fix="run `counterseal candidate` in the tag's pipeline first",
        )
    if len(releases) > 1:
        raise ServiceError(
            f"{tag} has {len(releases)} releases",
            why="it is unclear which one is the candidate",
            fix="delete all but one, then run again",
        )
    return releases[0]


def _only_draft(assets: AssetStore) -> str:
    tags = sorted({draft.tag for draft in assets.drafts()})
    if len(tags) != 1:
        raise UsageError(
            "which candidate?",
            why=f"these are waiting: {', '.join(tags[:20])}" if tags else "none is waiting",
            fix="name its tag: --tag v1.2.0",
        )
    return tags[0]


def read(assets: AssetStore, release: Release, work: Path) -> tuple[Manifest, str]:
    """Return the manifest of a candidate, and its sha256."""
    pinned = pin(assets, release, MANIFEST_FILE, work)
    target = work / MANIFEST_FILE
    assets.download(release, pinned.id, target, max_bytes=subject.largest(MANIFEST_FILE))
    data = target.read_bytes()
    return manifest.parse(data), digests.sha256(data)


def names_of(listed: Manifest) -> list[str]:
    """Return the files that people are asked about: the artifacts, and what `sign` laid beside them."""
    artifacts = [artifact.name for artifact in listed.subjects]
    return [*artifacts, *(name + BLOB_SUFFIX for name in artifacts), BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE]


def pin(assets: AssetStore, release: Release, name: str, work: Path) -> PinnedAsset:
    """Return a file of a candidate by id and digest.

    Raises:
        UsageError: The candidate has no such file.
    """
    asset = next((asset for asset in release.assets if asset.name == name and asset.complete), None)
    if asset is None:
        raise UsageError(f"the candidate of {release.tag} has no {name}", fix="run sign and candidate again")
    if asset.digest is not None:
        return PinnedAsset(asset.id, asset.name, asset.digest)
    target = work / f"{asset.id}"  # the forge tells no digest (old releases): read the bytes
    assets.download(release, asset.id, target, max_bytes=subject.largest(name))
    with target.open("rb") as stream:
        return PinnedAsset(asset.id, asset.name, digests.sha256_of(stream))
