"""Reads `pdm.lock`, lock versions 3.x and 4.x: digests and edges of all groups and extras.

An entry `name[extra]` holds what the extra needs beside the entry `name`; they are one package. Groups stand at the
packages (strategy `inherit_metadata`, pdm's own since 2.11), else who a package is for follows from pyproject.toml.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_git, clean_url, distribution
from counterseal.adapters.sbom.checkout import inside
from counterseal.adapters.sbom.locks.python import pyproject
from counterseal.adapters.sbom.locks.python.candidates import (
    Candidates,
    folder_part,
    linked,
    merged,
    subfolder,
    without_loose,
)
from counterseal.adapters.sbom.locks.python.requirement import requirement
from counterseal.adapters.sbom.records import Lock, Origin, Package, Scope, part_key
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.locks.python.pyproject import Project
    from counterseal.adapters.sbom.reading import Table
    from counterseal.adapters.sbom.records import Distribution

_VERSION: Final = re.compile(r"3(\.1)?|4\.[0-9]{1,3}(\.[0-9]{1,3})?")
_ARCHIVES: Final = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")
#: The group of a project's own dependencies.
_DEFAULT: Final = "default"


def read(source: Source) -> Lock:
    """Return what a pdm.lock says of a project.

    Raises:
        UsageError: Another version of the format, or a dependency of the project is not in it.
        FormatError: An edge leads nowhere, or something is not of its type.
    """
    data, project = source.data(), pyproject.read(source)
    document = toml_table(data, source.lock)
    metadata = document.table("metadata")
    version = metadata.data.get("lock_version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise UsageError(
            f"{source.lock} has lock_version {version!r}",
            why="read are 3.x and 4.x, which pdm writes since 1.8",
            fix="run `pdm lock` with such a pdm, and commit the file",
        )
    entries = [(entry, _folder(entry, source)) for entry in document.tables("package")]
    packages = merged(
        (_package(entry, metadata.table("files"), project) for entry, folder in entries if folder is None), source.lock
    )
    parts = {part_key(folder): folder_part(entry, folder) for entry, folder in entries if folder is not None}
    known = Candidates(source.lock, [*packages.values(), *parts.values(), pyproject.part(project, source.project, ())])
    needs: dict[str, set[str]] = {}
    for entry, folder in entries:
        key = _key(entry) if folder is None else part_key(folder)
        needs.setdefault(key, set()).update(_edges(entry, known, project))
    whole = _DEFAULT in metadata.texts("groups") or "groups" not in metadata.data
    root = pyproject.part(project, source.project, *pyproject.named_keys(project, known.keys, source.lock, whole=whole))
    lock = Lock(source.digest(data), root, tuple(packages.values()), tuple(parts.values()))
    return without_loose(linked(lock, needs))


def _folder(entry: Table, source: Source) -> str | None:
    """Return the folder of the checkout that a part lies in; None: it is no part, or lies outside."""
    path = entry.optional_text("path")
    if not path or path.endswith(_ARCHIVES):
        return None
    return inside(posixpath.dirname(source.lock), path)


def _origin(entry: Table) -> tuple[Origin, str | None, str | None]:
    """Return origin, address and git revision."""
    if git := entry.optional_text("git"):
        return Origin.GIT, clean_git(git), entry.optional_text("revision") or entry.optional_text("ref")
    if url := entry.optional_text("url"):
        return Origin.URL, clean_url(url), None
    return Origin.PATH if entry.optional_text("path") else Origin.REGISTRY, None, None


def _key(entry: Table) -> str:
    _, location, revision = _origin(entry)
    return urls.pypi(entry.text("name"), entry.optional_text("version"), location, revision).to_string()


def _package(entry: Table, files: Table, project: Project) -> Package:
    name, version = canonicalize_name(entry.text("name")), entry.optional_text("version")
    origin, location, revision = _origin(entry)
    folder, marker = entry.optional_text("subdirectory"), entry.optional_text("marker")
    return Package(
        _key(entry),
        urls.pypi(name, version, location, revision),
        name,
        version,
        origin,
        tuple(dict.fromkeys(_files(entry, files))),
        scope=_scope(entry, project),
        markers=(marker,) if marker else (),
        location=location,
        revision=revision,
        notes=subfolder(folder),
    )


def _files(entry: Table, files: Table) -> Iterator[Distribution]:
    """Yield the files, which before 4.3 stand at the end, by `name version`."""
    name = entry.text("name")
    listed = files.tables(f"{name} {entry.optional_text('version')}") if "files" not in entry.data else ()
    for file in (*entry.tables("files"), *listed):
        algorithm, _, digest = file.text("hash").partition(":")
        address = file.optional_text("url") or entry.optional_text("url") or file.text("file")
        yield distribution(address, {algorithm: digest}, f"{entry.place} ({name})")


def _scope(entry: Table, project: Project) -> Scope | None:
    groups = {canonicalize_name(group) for group in entry.texts("groups")}
    if not groups:
        return None
    if _DEFAULT in groups:
        return Scope.REQUIRED
    extras = project.needs.extras
    # Without a manifest nobody knows which groups are extras: rather one too many than one too few.
    return Scope.OPTIONAL if extras is None or not groups.isdisjoint(extras) else Scope.EXCLUDED


def _edges(entry: Table, known: Candidates, project: Project) -> Iterator[str]:
    for text in entry.texts("dependencies"):
        asked = requirement(text, f"{entry.place} ({entry.text('name')})")
        may_miss = asked.marker is not None or canonicalize_name(asked.name) == project.name
        yield from known.fitting(asked.name, str(asked.specifier), entry.text("name"), may_miss=may_miss)
