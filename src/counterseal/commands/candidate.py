"""`candidate`: puts artifacts and bundles where they wait for a gate: a draft release, at GitLab a generic package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import digests, manifest, wire
from counterseal.errors import ServiceError, UsageError
from counterseal.identifiers import BLOB_SUFFIX, BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE
from counterseal.model import Release

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.ports import AssetStore


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """The draft release and what this run uploaded to it (the rest was there already)."""

    release: Release
    manifest: str
    uploaded: tuple[str, ...]
    dry_run: bool


def run(assets: AssetStore, outputs: Path, artifacts: Sequence[Path], *, dry_run: bool = False) -> CandidateResult:
    """Bring the draft release of the manifest's tag to hold exactly the artifacts and what `sign` made.

    Args:
        assets: The forge's releases.
        outputs: The folder that `sbom` and `sign` wrote (`counterseal-out`).
        artifacts: The files that were signed.
        dry_run: Say what would be uploaded, upload nothing.

    Raises:
        UsageError: `sign` has not run, or the files are not what it signed.
        ServiceError: The forge refused, or the tag has a release already.
    """
    files, tag, digest = _files(outputs, artifacts)
    release = _draft(assets, tag, create=not dry_run)
    present = {each.name: each for each in release.assets if each.complete}
    missing = [name for name in files if name not in present]
    if not dry_run:
        for name in files:  # all of them: the store passes over equal ones and refuses other bytes under the same name
            assets.upload(release, name, files[name])
        release = _draft(assets, tag, create=False)  # by tag: at GitLab the first upload gives a draft its id
    return CandidateResult(release, digest, tuple(missing), dry_run)


def _files(outputs: Path, artifacts: Sequence[Path]) -> tuple[dict[str, Path], str, str]:
    """Return the files by name, the tag, and the manifest's sha256."""
    path = outputs / MANIFEST_FILE
    if not path.is_file():
        raise UsageError(f"no {path}", why="`counterseal sign` has not run here", fix="counterseal sign dist/*")
    found = manifest.parse(path.read_bytes())
    by_name = {each.name: each for each in artifacts}
    files: dict[str, Path] = {}
    for subject in found.subjects:
        if subject.name not in by_name:
            raise UsageError(
                f"{subject.name} was signed but not given", fix="give the same files to sign and candidate"
            )
        with by_name[subject.name].open("rb") as stream:
            now = digests.sha256_of(stream)
        if now != subject.digest:
            raise UsageError(
                f"{subject.name} changed after it was signed",
                why=f"signed sha256:{subject.digest}, now sha256:{now}",
                fix="build, sbom and sign again",
            )
        files[subject.name] = by_name[subject.name]
        files[subject.name + BLOB_SUFFIX] = outputs / (subject.name + BLOB_SUFFIX)
    if extra := sorted(set(by_name) - set(files)):
        raise UsageError(f"{extra[0]} was given but not signed", fix="give the same files to sign and candidate")
    for name in (BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE):
        files[name] = outputs / name
    if gone := [name for name, each in files.items() if not each.is_file()]:
        raise UsageError(f"no {outputs / gone[0]}", why="`counterseal sign` did not finish", fix="sign again")
    return files, found.tag, digests.sha256(path.read_bytes())


def _draft(assets: AssetStore, tag: str, *, create: bool) -> Release:
    releases = assets.releases(tag)
    if any(not each.draft for each in releases):
        raise ServiceError(
            f"{tag} is released already", why="a published release is not a candidate any more", fix="make a new tag"
        )
    if len(releases) > 1:
        raise ServiceError(
            f"{tag} has {len(releases)} candidates",
            why="which one is meant cannot be told",
            fix="delete all but one, then run again",
        )
    if releases:
        return releases[0]
    return assets.create_draft(tag, tag) if create else Release(0, tag, draft=True, assets=(), url="")


def as_json(result: CandidateResult) -> dict[str, object]:
    """Return the result for `--format json`."""
    return {"schema": "counterseal.candidate/v1", **wire.encode(result)}
