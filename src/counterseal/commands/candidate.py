"""`candidate`: puts artifacts and bundles where they wait for a gate: a draft release, at GitLab a generic package.

Only what `sign` made of the artifacts leaves this machine: a build may have laid anything under its names.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import plain_file
from counterseal.errors import FormatError, ServiceError, UsageError
from counterseal.formats import bundle, digests, manifest, statement, subject, wire
from counterseal.gate import candidate_bytes
from counterseal.identifiers import (
    BLOB_SUFFIX,
    BUILD_BUNDLES_FILE,
    MANIFEST_FILE,
    PROVENANCE,
    SBOM,
    SBOM_FILE,
)
from counterseal.model import Manifest, Release, Subject
from counterseal.ports import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.ports import AssetStore


_PIECE: Final = 1 << 20
_AGAIN: Final = "run `counterseal sbom` and `counterseal sign` again; nothing was uploaded"


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """The draft release and what this run uploaded to it (the rest was there already)."""

    release: Release
    manifest: str
    uploaded: tuple[str, ...]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class CandidatePreview:
    """What would be uploaded where `sign` has not run: files that are here, and those that it would make in CI."""

    present: tuple[str, ...]
    signed: tuple[str, ...]


def preview(outputs: Path, artifacts: Sequence[Path]) -> CandidatePreview:
    """Return what a run in CI would upload, as far as it can be told before anything is signed.

    Args:
        outputs: The folder that `sbom` wrote.
        artifacts: The files that would be signed.

    Raises:
        UsageError: `sbom` has not run.
    """
    if not os.path.lexists(outputs / SBOM_FILE):
        raise UsageError(
            f"no {outputs / SBOM_FILE}", why="`counterseal sbom` has not run here", fix="counterseal sbom 'dist/*'"
        )
    names = [path.name for path in artifacts]
    signed = (*(f"{name}{BLOB_SUFFIX}" for name in names), BUILD_BUNDLES_FILE, MANIFEST_FILE)
    return CandidatePreview((*names, SBOM_FILE), signed)


def run(
    assets: AssetStore,
    outputs: Path,
    artifacts: Sequence[Path],
    work: Path,
    *,
    dry_run: bool = False,
    tell: Tell = silent,
) -> CandidateResult:
    """Bring the draft release of the manifest's tag to hold exactly the artifacts and what `sign` made.

    Args:
        assets: The forge's releases.
        outputs: The folder that `sbom` and `sign` wrote (`counterseal-out`).
        artifacts: The files that were signed.
        work: A folder of our own: what is uploaded is copied there, and looked at there.
        dry_run: Say what would be uploaded, upload nothing.
        tell: Told of every file.

    Raises:
        UsageError: `sign` has not run, or the files are not what it signed.
        ServiceError: The forge refused, or the tag has a release already.
    """
    listed, digest = _manifest(outputs, work)
    files = _artifacts(listed, artifacts, work) | _outputs(listed, digest, outputs, work)
    release = _draft(assets, listed.tag, create=not dry_run)
    present = {asset.name: asset for asset in release.assets if asset.complete}
    missing = [name for name in files if name not in present]
    if not dry_run:
        # all of them: the store passes over equal ones and refuses other bytes under the same name
        for number, name in enumerate(files):
            tell(f"uploading {name}", number, len(files))
            assets.upload(release, name, files[name])
        release = _draft(assets, listed.tag, create=False)  # by tag: at GitLab the first upload gives a draft its id
    return CandidateResult(release, digest, tuple(missing), dry_run)


def _manifest(outputs: Path, work: Path) -> tuple[Manifest, str]:
    """Return the manifest and its sha256."""
    if not os.path.lexists(outputs / MANIFEST_FILE):
        raise UsageError(
            f"no {outputs / MANIFEST_FILE}", why="`counterseal sign` has not run here", fix="counterseal sign dist/*"
        )
    data = _taken(outputs / MANIFEST_FILE, MANIFEST_FILE, work).read_bytes()
    return manifest.parse(data), digests.sha256(data)


def _artifacts(listed: Manifest, artifacts: Sequence[Path], work: Path) -> dict[str, Path]:
    """Return the artifacts by name, each with the bytes that were signed."""
    by_name = {path.name: path for path in artifacts}
    files: dict[str, Path] = {}
    for artifact in listed.subjects:
        if artifact.name not in by_name:
            raise UsageError(
                f"{artifact.name} was signed but not given", fix="give the same files to sign and candidate"
            )
        files[artifact.name] = _taken(by_name[artifact.name], artifact.name, work)
        _check_digest(files[artifact.name], artifact)
    if extra := sorted(set(by_name) - set(files)):
        raise UsageError(f"{extra[0]} was given but not signed", fix="give the same files to sign and candidate")
    return files


def _outputs(listed: Manifest, digest: str, outputs: Path, work: Path) -> dict[str, Path]:
    """Return what `sign` and `sbom` laid beside the artifacts, each as the manifest has it.

    Whatever else lies under these names would wait in the draft for everybody to read.
    """
    signatures = {artifact.name + BLOB_SUFFIX: artifact for artifact in listed.subjects}
    names = (*signatures, BUILD_BUNDLES_FILE, MANIFEST_FILE, SBOM_FILE)
    if gone := [name for name in names if not os.path.lexists(outputs / name)]:
        raise UsageError(f"no {outputs / gone[0]}", why="`counterseal sign` did not finish", fix="sign again")
    files = {name: _taken(outputs / name, name, work) for name in names if name != MANIFEST_FILE}
    files[MANIFEST_FILE] = work / MANIFEST_FILE
    _check_digest(files[SBOM_FILE], Subject(SBOM_FILE, listed.sbom))
    try:
        sbom = wire.load_json(files[SBOM_FILE].read_bytes(), SBOM_FILE)
        _check_statements(files[BUILD_BUNDLES_FILE].read_bytes(), listed, digest, sbom)
        for name, artifact in signatures.items():
            _check_signature(files[name].read_bytes(), name, artifact)
    except FormatError as error:
        raise UsageError(error.what, why=error.why, fix=_AGAIN) from error
    return files


def _taken(path: Path, name: str, work: Path) -> Path:
    """Return our own copy of a plain file: what is looked at cannot be another file when it is uploaded."""
    copy = work / name
    with plain_file.opened(path, max_bytes=subject.largest(name), what=str(path)) as stream, copy.open("xb") as target:
        shutil.copyfileobj(stream, target, _PIECE)
    return copy


def _check_digest(path: Path, wanted: Subject) -> None:
    with path.open("rb") as stream:
        now = digests.sha256_of(stream)
    if now != wanted.digest:
        raise UsageError(
            f"{wanted.name} changed after it was signed",
            why=f"signed sha256:{wanted.digest}, now sha256:{now}",
            fix="build, sbom and sign again",
        )


def _check_statements(data: bytes, listed: Manifest, digest: str, sbom: object) -> None:
    """Refuse bundles that are not about the manifest's artifacts. Who signed them is verified by the gate."""
    statements = {}
    for number, line in enumerate(data.split(b"\n", candidate_bytes.MAX_BUNDLES), 1):
        if line:
            what = f"{BUILD_BUNDLES_FILE} line {number}"
            said = bundle.statement_of(line, what)
            if statement.uncovered(said, listed.subjects):
                raise FormatError(f"{what} is not about what {MANIFEST_FILE} lists", why=said.predicate_type)
            statements[said.predicate_type] = said
    own = [Subject(MANIFEST_FILE, digest)]
    if PROVENANCE not in statements or statement.uncovered(statements[PROVENANCE], own):
        raise FormatError(
            f"{BUILD_BUNDLES_FILE} has no provenance of {MANIFEST_FILE}", why="it comes from another run of sign"
        )
    if SBOM not in statements or statements[SBOM].predicate != sbom:
        raise FormatError(f"{BUILD_BUNDLES_FILE} does not attest {SBOM_FILE}", why="it comes from another run of sign")


def _check_signature(data: bytes, name: str, artifact: Subject) -> None:
    """Refuse a bundle that says of itself that it is over something else."""
    over = bundle.digest_of(data, name)
    if over != artifact.digest:
        raise FormatError(f"{name} is not the signature of {artifact.name}", why=f"it is over sha256:{over[:64]}")


def _draft(assets: AssetStore, tag: str, *, create: bool) -> Release:
    releases = assets.releases(tag)
    if any(not release.draft for release in releases):
        raise ServiceError(
            f"{tag} is released already", why="a published release is no longer a candidate", fix="create a new tag"
        )
    if len(releases) > 1:
        raise ServiceError(
            f"{tag} has {len(releases)} candidates",
            why="it is unclear which one is meant",
            fix="delete all but one, then run again",
        )
    if releases:
        return releases[0]
    return assets.create_draft(tag, tag) if create else Release(0, tag, draft=True, assets=(), url="")
