"""Reads `pylock.toml` (PEP 751, lock version 1.0): digests and addresses; edges where the writer left them.

All its packages are taken, whatever environment, extra or group they are for; markers are kept, never evaluated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.pylock import Pylock, PylockUnsupportedVersionError, PylockValidationError

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_url, distribution
from counterseal.adapters.sbom.locks.python import pyproject
from counterseal.adapters.sbom.locks.python.pyproject import direct_keys
from counterseal.adapters.sbom.locks.python.requirement import check_marker
from counterseal.adapters.sbom.records import Distribution, Lock, Origin, Package, Scope, check_packages
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.pylock import Package as Entry

    from counterseal.adapters.sbom.checkout import Source


def read(source: Source) -> Lock:
    """Return what a pylock.toml says of a project.

    Raises:
        UsageError: A later lock version, or a dependency of the project is not in it.
        FormatError: It is not as PEP 751 says, or a digest is malformed.
    """
    data, project = source.data(), pyproject.read(source)
    document = toml_table(data, source.lock)
    for table in document.tables("packages"):
        check_marker(table.optional_text("marker") or "", table.place)
    try:
        lock = Pylock.from_dict(document.data)
    except PylockUnsupportedVersionError as error:
        raise UsageError(
            f"{document.place}: {error}", fix="use a newer counterseal, or an older lock version"
        ) from error
    except (PylockValidationError, ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"{document.place}: not a pylock file", why=str(error), fix="make it again") from error
    check_packages([str(entry.name) for entry in lock.packages], document.place)
    entries = [entry for entry in lock.packages if entry.name != project.name]
    packages = [_package(entry, document.place) for entry in entries]
    keys: dict[str, list[str]] = {}
    for package in packages:
        keys.setdefault(package.name, []).append(package.key)
    if len(set().union(*keys.values())) != len(packages):
        raise FormatError(f"{document.place}: a package stands there twice", fix="make it again")
    linked = tuple(
        replace(package, dependencies=_edges(entry, keys)) for entry, package in zip(entries, packages, strict=True)
    )
    root = pyproject.part(project, source.project, direct_keys(project, keys, document.place))
    has_edges = any(package.dependencies for package in linked)
    return Lock(source.digest(data), root, linked, has_edges=has_edges)


def _edges(entry: Entry, keys: dict[str, list[str]]) -> tuple[str, ...]:
    names = {str(dependency.get("name", "")) for dependency in entry.dependencies or ()}
    return tuple(sorted(key for name in names for key in keys.get(name, ())))


def _package(entry: Entry, file: str) -> Package:
    name = str(entry.name)
    version = str(entry.version) if entry.version is not None else None
    origin, location, revision = Origin.REGISTRY, None, None
    if entry.vcs is not None:
        origin, revision = Origin.GIT, entry.vcs.commit_id
        location = clean_url(entry.vcs.url or "")
    elif entry.directory is not None:
        origin = Origin.PATH
    elif entry.archive is not None:
        origin, location = Origin.URL, clean_url(entry.archive.url or "")
    marker = str(entry.marker) if entry.marker is not None else ""
    optional = " in extras" in marker or (" in dependency_groups" in marker and '"default"' not in marker)
    purl = urls.pypi(name, version, location, revision)
    return Package(
        purl.to_string(),
        purl,
        name,
        version,
        origin,
        tuple(_files(entry, f"{file}: {name}")),
        scope=Scope.OPTIONAL if optional else Scope.REQUIRED,
        markers=(marker,) if marker else (),
        location=location,
        revision=revision,
    )


def _files(entry: Entry, place: str) -> Iterator[Distribution]:
    for file in (entry.archive, entry.sdist, *(entry.wheels or ())):
        if file is not None:
            address = file.url or file.path or getattr(file, "name", None) or ""
            yield distribution(address, file.hashes, place)
