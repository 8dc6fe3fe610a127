"""Reads `poetry.lock`, lock versions 1.x and 2.x: digests and edges of all groups and extras.

Of a package's extras the lock names the dependencies that are locked. Who a package is for says the lock itself in 1.x
(`category`) and from 2.1 on (`groups`); in 2.0 it follows from pyproject.toml.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, Final

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
from counterseal.adapters.sbom.reading import Table
from counterseal.adapters.sbom.records import Lock, Origin, Package, Scope, part_key
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.records import Distribution

_VERSION: Final = re.compile(r"[12]\.[0-9]{1,3}")
_ORIGINS: Final = {"git": Origin.GIT, "url": Origin.URL, "file": Origin.PATH, "directory": Origin.PATH}
#: What poetry before 1.2 never locked.
_UNLOCKED: Final = frozenset(("distribute", "pip", "setuptools", "wheel"))


def read(source: Source) -> Lock:
    """Return what a poetry.lock says of a project.

    Raises:
        UsageError: Another version of the format, or a dependency of the project is not in it.
        FormatError: An edge leads nowhere, or something is not of its type.
    """
    data, project = source.data(), pyproject.read(source)
    document = toml_table(data, source.lock)
    version = document.table("metadata").data.get("lock-version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise UsageError(
            f"{source.lock} has lock-version {version!r}",
            why="read are 1.x and 2.x, which poetry writes since 1.0",
            fix="run `poetry lock` with such a poetry, and commit the file",
        )
    entries = [(entry, _folder(entry, source)) for entry in document.tables("package")]
    files = document.table("metadata").table("files")
    packages = merged((_package(entry, files) for entry, folder in entries if folder is None), source.lock)
    parts = {part_key(folder): folder_part(entry, folder) for entry, folder in entries if folder is not None}
    known = Candidates(source.lock, [*packages.values(), *parts.values(), pyproject.part(project, source.project, ())])
    needs: dict[str, set[str]] = {}
    for entry, folder in entries:
        key = _key(entry) if folder is None else part_key(folder)
        needs.setdefault(key, set()).update(_edges(entry, known, old=version < "2"))
    root = pyproject.part(project, source.project, *pyproject.named_keys(project, known.keys, source.lock))
    lock = Lock(source.digest(data), root, tuple(packages.values()), tuple(parts.values()))
    return without_loose(linked(lock, needs))


def _folder(entry: Table, source: Source) -> str | None:
    """Return the folder of the checkout that a part lies in; None: it is no part, or lies outside."""
    where = entry.table("source")
    if where.optional_text("type") != "directory":
        return None
    return inside(posixpath.dirname(source.lock), where.text("url"))


def _origin(entry: Table) -> tuple[Origin, str | None, str | None]:
    """Return origin, address and git revision."""
    where = entry.table("source")
    origin = _ORIGINS.get(where.optional_text("type") or "", Origin.REGISTRY)
    address = where.optional_text("url") or ""
    if origin is Origin.GIT:
        return origin, clean_git(address), where.optional_text("resolved_reference") or where.optional_text("reference")
    return origin, clean_url(address) if origin is Origin.URL else None, None


def _key(entry: Table) -> str:
    _, location, revision = _origin(entry)
    return urls.pypi(entry.text("name"), entry.optional_text("version"), location, revision).to_string()


def _package(entry: Table, files: Table) -> Package:
    name, version = canonicalize_name(entry.text("name")), entry.optional_text("version")
    origin, location, revision = _origin(entry)
    folder = entry.table("source").optional_text("subdirectory")
    return Package(
        _key(entry),
        urls.pypi(name, version, location, revision),
        name,
        version,
        origin,
        tuple(dict.fromkeys(_files(entry, files))),
        scope=_scope(entry),
        markers=_markers(entry),
        location=location,
        revision=revision,
        notes=subfolder(folder),
    )


def _files(entry: Table, files: Table) -> Iterator[Distribution]:
    """Yield the files, which in lock versions 1.x stand at the end, by name."""
    where = entry.table("source")
    place = f"{entry.place} ({entry.text('name')})"
    for file in entry.tables("files") if "files" in entry.data else files.tables(entry.text("name")):
        algorithm, _, digest = file.text("hash").partition(":")
        address = where.optional_text("url") if where.optional_text("type") == "url" else None
        yield distribution(address or file.text("file"), {algorithm: digest}, place)


def _scope(entry: Table) -> Scope | None:
    if "groups" in entry.data:
        development = "main" not in entry.texts("groups")
    elif category := entry.optional_text("category"):
        development = category != "main"
    else:
        return None
    if development:
        return Scope.EXCLUDED
    return Scope.OPTIONAL if entry.flag("optional") else Scope.REQUIRED


def _markers(entry: Table) -> tuple[str, ...]:
    """Return the markers, which from 2.1 on are one for all groups, or one for each."""
    value = entry.data.get("markers")
    if isinstance(value, dict):
        groups = entry.text_map("markers")
        everywhere = set(entry.texts("groups")) - groups.keys()
        return () if everywhere else tuple(sorted(set(groups.values())))
    return tuple(filter(None, [entry.optional_text("markers")]))


def _edges(entry: Table, known: Candidates, *, old: bool) -> Iterator[str]:
    table = entry.table("dependencies")
    for name, value in table.data.items():
        for need in value if isinstance(value, list) else [value]:
            constraint, may_miss = _need(need, f"{table.place}: {name[:80]}")
            may_miss = may_miss or (old and canonicalize_name(name) in _UNLOCKED)
            yield from known.fitting(name, constraint, entry.text("name"), may_miss=may_miss)


def _need(need: Any, place: str) -> tuple[str, bool]:
    """Return constraint and whether the lock may lack it: an extra nobody asked for, or no environment needs it."""
    if isinstance(need, str):
        return need, False
    if not isinstance(need, dict):
        raise FormatError(f"{place}: neither text nor table", fix="make it again with `poetry lock`")
    table = Table(need, place)
    may_miss = table.flag("optional") or bool({"markers", "python", "platform"} & need.keys())
    return table.optional_text("version") or "*", may_miss
