"""Reads `pyproject.toml`: the project that a Python lock file is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from counterseal.adapters.sbom import packages
from counterseal.adapters.sbom.checkout import MAX_MANIFEST_BYTES
from counterseal.adapters.sbom.descriptions.description import fits
from counterseal.adapters.sbom.locks.python.requirement import requirement
from counterseal.adapters.sbom.records import Part, part_key
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.model import Subject

PROJECT_FILE: Final = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Project:
    """What pyproject.toml says.

    Attributes:
        name: PEP 503 form.
        version: None if it is dynamic and no artifact says it.
        direct: Names of the dependencies (None: dynamic).
        requirements: `direct` and the dependencies of all extras, without the project itself (None: dynamic).
        runnable: It has console or GUI scripts.
        licence: SPDX expression, if it says one.
    """

    name: str
    version: str | None
    direct: frozenset[str] | None
    requirements: frozenset[str] | None
    runnable: bool
    licence: str | None
    description: str | None


def read(source: Source) -> Project:
    """Return the project in a folder; a wheel or sdist of it says a version that pyproject.toml leaves dynamic.

    Raises:
        UsageError: There is no pyproject.toml, it has no name, or an artifact is of another version.
        FormatError: It is not TOML, or a dependency is malformed.
    """
    path = source.beside(PROJECT_FILE)
    if not source.checkout.has(path):
        raise UsageError(
            f"no {path}",
            why="the SBOM's root component is the project that it names",
            fix="name the project's folder with --project",
        )
    table = toml_table(source.checkout.read(path, max_bytes=MAX_MANIFEST_BYTES), path).table("project")
    if not table.optional_text("name"):
        raise UsageError(f"{PROJECT_FILE} has no project.name", fix="name the project in its [project] table")
    name = canonicalize_name(table.text("name"))
    dynamic = table.texts("dynamic")
    direct = None if "dependencies" in dynamic else _names(table.texts("dependencies"))
    extras = table.table("optional-dependencies")
    others = frozenset[str]().union(*(_names(extras.texts(extra)) for extra in extras.data))
    licence = table.data.get("license")
    return Project(
        name=name,
        version=_version(name, table.optional_text("version"), source.subjects),
        direct=direct,
        requirements=None if direct is None or "optional-dependencies" in dynamic else (direct | others) - {name},
        runnable="scripts" in table.data or "gui-scripts" in table.data,
        licence=licence if isinstance(licence, str) and fits(licence) else None,
        description=table.optional_text("description"),
    )


def _names(requirements: Iterable[str]) -> frozenset[str]:
    return frozenset(
        canonicalize_name(requirement(text, f"{PROJECT_FILE}: a dependency").name) for text in requirements
    )


def _version(name: str, written: str | None, subjects: Iterable[Subject]) -> str | None:
    for artifact in subjects:
        built = _built(artifact.name)
        if built is None or built[0] != name:
            continue
        if written is not None and built[1] != written and not _same(built[1], written):
            raise UsageError(
                f"{artifact.name} is of version {built[1]}, but {PROJECT_FILE} says {written}",
                why="it was built from another revision",
                fix="build again from this revision, and remove what is left of older builds",
            )
        written = written or built[1]
    return written


def _built(file: str) -> tuple[str, str] | None:
    try:
        name, version = (parse_wheel_filename if file.endswith(".whl") else parse_sdist_filename)(file)[:2]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return name, str(version)


def _same(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - rarely needed

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def direct_keys(project: Project, keys: Mapping[str, Sequence[str]], file: str) -> tuple[str, ...]:
    """Return the keys of a project's direct dependencies, for locks that do not name them.

    Args:
        project: The project.
        keys: Name to keys of what the lock has.
        file: The lock's name.

    Raises:
        UsageError: The lock has none of that name.
    """
    wanted = project.direct or frozenset()
    if missing := sorted(wanted - keys.keys()):
        raise UsageError(
            f"{file} does not lock {', '.join(missing)}",
            why=f"{PROJECT_FILE} names it as a dependency of {project.name}",
            fix="make the lock file again, and commit it",
        )
    return tuple(sorted(key for name in wanted for key in keys[name]))


def part(project: Project, path: str, dependencies: Iterable[str]) -> Part:
    """Return the project as the part of a checkout that lies in a folder, with the keys of what it needs."""
    return Part(
        part_key(path),
        path,
        project.name,
        project.version,
        packages.pypi(project.name, project.version),
        tuple(dependencies),
        licence=project.licence,
        description=project.description,
        runnable=project.runnable,
    )
