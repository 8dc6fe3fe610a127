"""Names of wheels and sdists: the project and version that an artifact is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from counterseal.adapters.sbom.addresses import file_name
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.model import Subject


def built(file: str) -> tuple[str, str] | None:
    """Return project (PEP 503) and version of a wheel or sdist by its file name; None: it is none."""
    try:
        name, version = (parse_wheel_filename if file.endswith(".whl") else parse_sdist_filename)(file)[:2]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return name, str(version)


def version_of(address: str) -> str | None:
    """Return the version that the address of a wheel or sdist tells; None: it tells none."""
    of = built(file_name(address))
    return of[1] if of else None


def names(subjects: Iterable[Subject]) -> list[str]:
    """Return the sorted names of the projects that artifacts are of."""
    return sorted({of[0] for subject in subjects if (of := built(subject.name))})


def version(name: str, written: str | None, subjects: Iterable[Subject], manifest: str) -> str | None:
    """Return the version of a project, which its artifacts say where its manifest leaves it open.

    Raises:
        UsageError: An artifact is of another version.
    """
    for artifact in subjects:
        of = built(artifact.name)
        if of is None or of[0] != name:
            continue
        if written is not None and of[1] != written and not same_version(of[1], written):
            raise UsageError(
                f"{artifact.name} is of version {of[1]}, but {manifest} says {written}",
                why="it was built from another revision",
                fix="build again from this revision, and remove what is left of older builds",
            )
        written = written or of[1]
    return written


def same_version(one: str, other: str) -> bool:
    """Return whether two spellings are of one version (PEP 440)."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - rarely needed

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False
