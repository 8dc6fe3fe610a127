"""What `sbom` recorded of the artifacts, and whether they still are that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal import inventory, plain_file
from counterseal.errors import UsageError
from counterseal.formats import subject as subject_files
from counterseal.identifiers import SBOM_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from counterseal.model import Subject


def read_sbom(folder: Path, subjects: Sequence[str]) -> tuple[bytes, dict[str, Any]]:
    """Return the SBOM that `sbom` left, as bytes and as data.

    Args:
        folder: The output folder.
        subjects: The artifacts as they were named, for the message.

    Raises:
        UsageError: There is none.
        FormatError: It is no CycloneDX document.
    """
    path = folder / SBOM_FILE
    if path.is_symlink() or not path.is_file():
        raise UsageError(
            f"no {path}",
            why="`counterseal sbom` has not run here, and every release carries an SBOM",
            fix=f"counterseal sbom {' '.join(subjects)}",
        )
    data = plain_file.read(path, max_bytes=subject_files.largest(SBOM_FILE))
    return data, inventory.load(data, SBOM_FILE)


def check(document: Mapping[str, Any], subjects: Sequence[Subject]) -> None:
    """Return if the artifacts are those that `sbom` saw.

    Raises:
        UsageError: They are not.
    """
    artifacts = inventory.view(document, SBOM_FILE).artifacts
    recorded = {artifact.name: _recorded_sha256(artifact) for artifact in artifacts}
    for subject in subjects:
        if subject.name not in recorded:
            raise UsageError(f"{subject.name} is not in {SBOM_FILE}", why="`sbom` was run with other files", fix=_AGAIN)
        check_same(subject, recorded.pop(subject.name), "after `sbom` recorded it")
    if recorded:
        raise UsageError(
            f"{SBOM_FILE} names {', '.join(sorted(recorded))}",
            why="it was given to `sbom`, but not to `sign`",
            fix=_AGAIN,
        )


def _recorded_sha256(artifact: inventory.Element) -> str | None:
    """Return the one sha256 of an artifact, or None: whatever else stands there is no match."""
    contents = [content for algorithm, content in artifact.hashes if algorithm == "SHA-256"]
    return contents[0] if len(contents) == 1 else None


_AGAIN = "run `counterseal sbom` and `counterseal sign` with the same files"


def check_same(now: Subject, then: str | None, when: str) -> None:
    """Return if an artifact is what it was.

    Raises:
        UsageError: It is not.
    """
    if now.digest != then:
        raise UsageError(
            f"{now.name} changed {when}",
            why=f"its sha256 was {then}, and is {now.digest}",
            fix="find out what changed it; then build, `sbom` and `sign` again",
        )
