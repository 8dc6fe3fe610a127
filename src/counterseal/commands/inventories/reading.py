"""SBOM documents as files: on this machine, and as a release carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import inventory, plain_file
from counterseal.errors import ServiceError, VerificationError
from counterseal.formats import digests, subject
from counterseal.identifiers import SBOM_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.inventory import Document
    from counterseal.model import Release
    from counterseal.ports import AssetStore


def local(path: Path) -> Document:
    """Return a document that lies on this machine.

    Raises:
        UsageError: There is no such file, or it cannot be read.
        FormatError: It is no CycloneDX document.
    """
    name = str(path)
    return inventory.parse(plain_file.read(path, max_bytes=inventory.MAX_BYTES, what=name), name)


def released(assets: AssetStore, release: Release, digest: str, work: Path) -> Document:
    """Return the SBOM of a release or candidate.

    Args:
        assets: Where it lies.
        release: The release as the forge shows it.
        digest: The sha256 that it has to have.
        work: A folder of our own for the download.

    Raises:
        ServiceError: It cannot be downloaded.
        VerificationError: It has other bytes.
        FormatError: It is no CycloneDX document.
    """
    what = f"{SBOM_FILE} of {release.tag}"
    asset = next((asset for asset in release.assets if asset.name == SBOM_FILE and asset.complete), None)
    if asset is None:
        raise ServiceError(f"{what} is gone", why="the release has no such file any more")
    target, limit = work / f"sbom-{asset.id}", subject.largest(SBOM_FILE)
    assets.download(release, asset.id, target, max_bytes=limit)
    data = target.read_bytes()
    target.unlink()
    if (actual := digests.sha256(data)) != digest:
        raise VerificationError(f"{what} has other bytes", why=f"its sha256 was {digest}, and is {actual}")
    return inventory.parse(data, what, max_bytes=limit)
