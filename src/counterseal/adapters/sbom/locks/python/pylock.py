"""Reads `pylock.toml` and `pylock.NAME.toml` (PEP 751, lock version 1.0): digests, and edges where there are any.

All its packages are taken, whatever environment, extra or group they are for; markers are kept. A package that only an
extra, or a group that is not installed by default, brings in is optional: PEP 751 does not know what developers are.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from packaging.markers import Marker
from packaging.pylock import Pylock, PylockUnsupportedVersionError, PylockValidationError

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_git, clean_url, distribution
from counterseal.adapters.sbom.checkout import inside
from counterseal.adapters.sbom.locks.python import artifacts, pyproject
from counterseal.adapters.sbom.locks.python.candidates import Candidates, linked, merged, subfolder
from counterseal.adapters.sbom.locks.python.requirement import check_marker
from counterseal.adapters.sbom.records import Distribution, Lock, Origin, Package, Part, Scope, part_key
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from packageurl import PackageURL
    from packaging.pylock import Package as Entry

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.reading import Table

#: A comparison in a marker, as `packaging` writes it.
_COMPARISON: Final = re.compile(
    r"""("[^"]*"|'[^']*'|\w+)\s*(not\s+in|in|[<>=!~]+)\s*("[^"]*"|'[^']*'|\w+)"""  # left, operator, right
)


def read(source: Source) -> Lock:
    """Return what a pylock.toml says of a project.

    Raises:
        UsageError: A later lock version, or a dependency of the project is not in `pylock.toml`; other names may be
            of a part of the project.
        FormatError: It is not as PEP 751 says, or a digest is malformed.
    """
    data, project = source.data(), pyproject.read(source)
    document = _parsed(toml_table(data, source.lock))
    packages: list[Package] = []
    parts: dict[str, Part] = {}
    for entry in document.packages:
        folder = _folder(entry, source)
        if folder is not None:
            parts[part_key(folder)] = _part(entry, folder)
        elif entry.name != project.name:
            packages.append(_package(entry, source.lock, document.default_groups or ()))
    by_key = merged(packages, source.lock)
    known = Candidates(source.lock, [*by_key.values(), *parts.values(), pyproject.part(project, source.project, ())])
    needs: dict[str, set[str]] = {}
    for entry in document.packages:
        folder = _folder(entry, source)
        key = part_key(folder) if folder is not None else _purl(entry).to_string()
        needs.setdefault(key, set()).update(_edges(entry, known))
    whole = posixpath.basename(source.lock) == "pylock.toml"
    own = parts.get(part_key(source.project))
    if own is not None and not project.manifest:
        project = replace(project, name=own.name, version=own.version or project.version, manifest=True)
    names = pyproject.named_keys(project, known.keys, source.lock, whole=whole)
    root = pyproject.part(project, source.project, *names)
    has_edges = any(needs.values())
    lock = Lock(source.digest(data), root, tuple(by_key.values()), tuple(parts.values()), has_edges)
    return linked(lock, needs)


def _parsed(document: Table) -> Pylock:
    for table in document.tables("packages"):
        check_marker(table.optional_text("marker") or "", table.place)
    try:
        return Pylock.from_dict(document.data)
    except PylockUnsupportedVersionError as error:
        raise UsageError(
            f"{document.place}: {error}", fix="use a newer counterseal, or an older lock version"
        ) from error
    except (PylockValidationError, ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"{document.place}: not a pylock file", why=str(error), fix="make it again") from error


def _edges(entry: Entry, known: Candidates) -> Iterator[str]:
    for dependency in entry.dependencies or ():
        needed: Mapping[str, Any] = dependency
        version = f"=={needed['version']}" if "version" in needed else ""
        # PEP 751 leaves it open what is written here.
        yield from known.fitting(str(needed.get("name", "")), version, str(entry.name), may_miss=True)


def _folder(entry: Entry, source: Source) -> str | None:
    """Return the folder of the checkout that a part lies in; None: it is no part, or lies outside."""
    if entry.directory is None:
        return None
    return inside(posixpath.dirname(source.lock), entry.directory.path)


def _origin(entry: Entry) -> tuple[Origin, str | None, str | None]:
    """Return origin, address and git revision."""
    if entry.vcs is not None:
        return Origin.GIT, clean_git(entry.vcs.url or ""), entry.vcs.commit_id
    if entry.directory is not None:
        return Origin.PATH, None, None
    if entry.archive is not None:
        return (Origin.URL, clean_url(entry.archive.url), None) if entry.archive.url else (Origin.PATH, None, None)
    return Origin.REGISTRY, None, None


def _version(entry: Entry) -> str | None:
    if entry.version is None and entry.archive is not None:
        return artifacts.version_of(entry.archive.url or entry.archive.path or "")
    return str(entry.version) if entry.version is not None else None


def _purl(entry: Entry) -> PackageURL:
    _, location, revision = _origin(entry)
    return urls.pypi(str(entry.name), _version(entry), location, revision)


def _part(entry: Entry, folder: str) -> Part:
    return Part(part_key(folder), folder, str(entry.name), _version(entry), _purl(entry))


def _package(entry: Entry, file: str, groups: Collection[str]) -> Package:
    name, purl = str(entry.name), _purl(entry)
    origin, location, revision = _origin(entry)
    marker = str(entry.marker) if entry.marker is not None else ""
    folder = getattr(entry.vcs or entry.archive, "subdirectory", None)
    return Package(
        purl.to_string(),
        purl,
        name,
        _version(entry),
        origin,
        tuple(dict.fromkeys(_files(entry, f"{file}: {name}"))),
        scope=Scope.REQUIRED if _by_default(marker, groups) else Scope.OPTIONAL,
        markers=(marker,) if marker else (),
        location=location,
        revision=revision,
        notes=subfolder(folder),
    )


def _files(entry: Entry, place: str) -> Iterator[Distribution]:
    for file in (entry.archive, entry.sdist, *(entry.wheels or ())):
        if file is not None:
            address = file.url or file.path or getattr(file, "name", None) or ""
            yield distribution(address, file.hashes, place)


def _by_default(marker: str, groups: Collection[str]) -> bool:
    """Return whether a marker holds in some environment without extras, with the groups that are so by default."""
    if " in extras" not in marker and " in dependency_groups" not in marker:
        return True

    def decided(match: re.Match[str]) -> str:
        name, operator, where = match[1].strip("\"'"), match[2], match[3]
        inside = {"extras": False, "dependency_groups": name in groups}.get(where, True)
        holds = inside if operator == "in" or where not in ("extras", "dependency_groups") else not inside
        return f'extra == "{"yes" if holds else "no"}"'

    return Marker(_COMPARISON.sub(decided, marker)).evaluate({"extra": "yes"})
