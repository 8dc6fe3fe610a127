"""Brings the files of a release to exactly what is wanted, and reads them back (R05)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ServiceError
from counterseal.formats import digests
from counterseal.gate import candidate_bytes
from counterseal.gate.publication import release_files
from counterseal.history.events import PublishedAsset
from counterseal.identifiers import PROOF_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.evaluation import Evidence
    from counterseal.gate.opening import Gate
    from counterseal.history import RecordedDecision
    from counterseal.model import Release


def upload(gate: Gate, recorded: RecordedDecision, evidence: Evidence, release: Release) -> tuple[PublishedAsset, ...]:
    """Bring the release to exactly what is wanted; return its assets as they were read back."""
    store, folder = gate.sources.assets, gate.sources.work / f"release-{recorded.sequence}"
    draft = fresh(gate, release.id)
    pinned = release_files.kept(evidence)
    files = release_files.write(
        recorded, evidence, pinned, signer=gate.signer, now=gate.sources.clock.now(), folder=folder
    )
    for asset in draft.assets:
        if asset.name in files or asset.name == PROOF_FILE:
            store.delete(release, asset.id)  # left by a run that was stopped before it sealed anything
        elif asset.name not in pinned:
            raise ServiceError(
                f"release {release.tag} has an asset {asset.name} that nobody asked for",
                why="it is neither in the request nor made by this gate, and would be published with the rest",
                fix="find out who uploaded it and delete it, then run the gate again",
            )
    for name, path in files.items():
        store.upload(release, name, path)
    expected = pinned | {name: digests.sha256(path.read_bytes()) for name, path in files.items()}
    final = fresh(gate, release.id)
    check_assets(gate, final, expected)
    return tuple(PublishedAsset(asset.name, expected[asset.name], asset.size) for asset in final.assets)


def fresh(gate: Gate, release_id: int) -> Release:
    """Return a release as the forge has it now.

    Raises:
        ServiceError: It is gone.
    """
    release = gate.sources.assets.release(release_id)
    if release is None:
        raise ServiceError(f"release {release_id} disappeared while it was published", fix="create a new candidate")
    return release


def check_assets(gate: Gate, release: Release, expected: Mapping[str, str]) -> None:
    """Refuse a release whose assets, read back, are not exactly the expected ones (R05)."""
    actual = {asset.name: asset.digest or _downloaded(gate, release, asset.id) for asset in release.assets}
    for name, digest in expected.items():
        if actual.get(name) != digest:
            raise ServiceError(
                f"release {release.tag}: {name} has sha256:{actual.get(name, 'nothing')}, not sha256:{digest}",
                why="it was replaced or removed after it was checked",
                fix="find out who did it; publish again from a new candidate",
            )
    if extra := sorted(set(actual) - set(expected)):
        raise ServiceError(
            f"release {release.tag} has an asset {extra[0]} that nobody asked for",
            fix="delete it, then run the gate again",
        )


def _downloaded(gate: Gate, release: Release, asset_id: int) -> str:
    target = gate.sources.work / f"back-{asset_id}"
    gate.sources.assets.download(release, asset_id, target, max_bytes=candidate_bytes.MAX_ASSET_BYTES)
    with target.open("rb") as stream:
        return digests.sha256_of(stream)
