"""`rebuild compare`: a release beside a second build, in a process of its own, which alone sees the release (R53)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal import plain_file
from counterseal.errors import UsageError, VerificationError
from counterseal.formats import digests, manifest, statement, subject
from counterseal.formats.rebuilding import result as results
from counterseal.identifiers import BLOB_SUFFIX, MANIFEST_FILE, REBUILD, REBUILD_BUNDLE, REBUILD_RESULT
from counterseal.model import ComparedArtifact, DigestSet, RebuildResult, Subject
from counterseal.reproduction import comparing, fixes

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.ports import Signer


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found.

    Attributes:
        result: Of the second build.
        tag: Of the release, None if it has no manifest.
        artifacts: All of the release.
        unreleased: Names of what the second build made and the release has not.
        fixes: The usual ones, by artifact.
        predicate: What would be signed.
        signed: The file with the signature, None if nothing was signed.
    """

    result: RebuildResult
    tag: str | None
    artifacts: tuple[ComparedArtifact, ...]
    unreleased: tuple[str, ...]
    fixes: Mapping[str, tuple[str, ...]]
    predicate: Mapping[str, Any]
    signed: str | None = None

    @property
    def equal(self) -> bool:
        """Return whether every artifact of the release is equal."""
        return bool(self.artifacts) and all(artifact.equal for artifact in self.artifacts)


def run(folder: Path, release: Path, signer: Signer | None = None) -> Comparison:
    """Compare, and sign what was found if there is a signer.

    Args:
        folder: Where `rebuild` left result and files.
        release: A folder with the release's files.
        signer: Signs with this run's identity.

    Raises:
        UsageError: A folder lacks something, or a file of the second build is not what its result says.
        VerificationError: The release is of another revision, or is not what its manifest lists.
        FormatError: Result or manifest is malformed.
        ServiceError: Signing did not work.
    """
    data = _read(folder, REBUILD_RESULT, results.MAX_BYTES, "counterseal rebuild makes it")
    result = results.parse(data)
    if not result.built:
        raise UsageError(
            "the second build did not come to its end, so there is nothing to compare",
            why="; ".join(f"{step.name}: {step.stopped or f'exit code {step.exit}'}" for step in result.steps),
            fix="rebuild.log beside the result says what went wrong",
        )
    rebuilt = {file.name: _check(folder / file.name, file.digest.sha256) for file in result.subjects}
    tag, released = _released(release, result)
    if signer is not None and tag is None:
        raise UsageError(
            f"no {MANIFEST_FILE} in {release}",
            why="without it nothing says that these files are of this revision, and that would be signed",
            fix="download all files of the release",
        )
    compared, usual = [], {}
    for each in released:
        artifact, hints = _compare(each, release / each.name, rebuilt.get(each.name), result)
        compared.append(artifact)
        if hints:
            usual[each.name] = tuple(hints)
    artifacts = tuple(compared)
    names = {each.name for each in released}
    unreleased = tuple(file.name for file in result.subjects if file.name not in names)
    predicate = results.predicate(result, data, artifacts)
    signed = None
    if signer is not None:
        payload = statement.build(released, REBUILD, predicate)
        (folder / REBUILD_BUNDLE).write_bytes(signer.sign_statement(payload) + b"\n")
        signed = REBUILD_BUNDLE
    return Comparison(result, tag, artifacts, unreleased, usual, predicate, signed)


def _read(folder: Path, name: str, limit: int, origin: str) -> bytes:
    if not (folder / name).is_file():
        raise UsageError(f"no {name} in {folder}", why=origin, fix="name the folder that has it")
    return plain_file.read(folder / name, max_bytes=limit)


def _check(path: Path, digest: str) -> Path:
    """Return a file of the second build if it is what its result says."""
    with plain_file.opened(path) as stream:
        now = digests.sha256_of(stream)
    if now != digest:
        raise UsageError(
            f"{path.name} is not what the second build made",
            why=f"its sha256 is {now}, and was {digest}",
            fix="build again, and hand the folder over as it is",
        )
    return path


def _released(folder: Path, result: RebuildResult) -> tuple[str | None, tuple[Subject, ...]]:
    """Return tag and artifacts of the release: those of its manifest, or all files that are not ours."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", fix="name the folder with the release's files")
    if not (folder / MANIFEST_FILE).is_file():
        files = [path for path in sorted(folder.iterdir()) if path.is_file() and _is_artifact(path.name)]
        if not files:
            raise UsageError(f"{folder} has no artifact", fix="download the release's files into it")
        return None, tuple(Subject(path.name, _digest(path)) for path in files)
    listed = manifest.parse(plain_file.read(folder / MANIFEST_FILE, max_bytes=subject.largest(MANIFEST_FILE)))
    if listed.revision != result.source.revision:
        raise VerificationError(
            f"{listed.tag} is of {listed.revision[:12]}, and {result.source.revision[:12]} was built",
            why="two builds of different sources say nothing of each other",
            fix=f"counterseal rebuild --revision {listed.revision}",
        )
    for each in listed.subjects:
        if _digest(folder / each.name) != each.digest:
            raise VerificationError(
                f"{each.name} is not what {MANIFEST_FILE} lists",
                why=f"its sha256 is {_digest(folder / each.name)}, and {each.digest} is listed",
                fix="download the release again, and verify it",
            )
    return listed.tag, listed.subjects


def _is_artifact(name: str) -> bool:
    return name not in subject.RESERVED and not name.endswith((BLOB_SUFFIX, ".intoto.jsonl"))


def _digest(path: Path) -> str:
    with plain_file.opened(path) as stream:
        return digests.sha256_of(stream)


def _compare(
    released: Subject, path: Path, rebuilt: Path | None, result: RebuildResult
) -> tuple[ComparedArtifact, list[str]]:
    digest = DigestSet(released.digest)
    if rebuilt is None:
        return ComparedArtifact(released.name, digest, None, equal=False), []
    other = next(file.digest for file in result.subjects if file.name == released.name)
    if other == digest:
        return ComparedArtifact(released.name, digest, other, equal=True), []
    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(plain_file.opened(each)) for each in (path, rebuilt))
        found, more = comparing.differences(first, second)
        hints = fixes.usual(found, fixes.made_by(first))
    return ComparedArtifact(released.name, digest, other, equal=False, differences=found, more=more), hints
