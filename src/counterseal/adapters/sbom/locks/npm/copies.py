"""One package at several places of a lock → one: nested copies of npm, one copy for each set of peers of pnpm.

What tells packages of one purl apart is where they come from: a git revision, an address, a file of the repository.
A bundled copy is the same package as one from the registry, and says in whose archive it came.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import packages
from counterseal.adapters.sbom.addresses import distribution, integrity
from counterseal.adapters.sbom.records import MAX_EDGES, Origin, Package, Scope, check_packages, unique_keys
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterseal.adapters.sbom.records import Distribution

#: What npm ever took as a name; `.` and `..` are none.
_NAME: Final = re.compile(r"(?:@[A-Za-z0-9._~!'()*-]+/)?(?!\.{1,2}\Z)[A-Za-z0-9._~!'()*-]+\Z")
_SCOPES: Final = list(Scope)
_ORIGINS: Final = list(Origin)
#: Parts of the addresses under which registries have archives: `NAME/-/NAME-VERSION.tgz`, `download/NAME/VERSION`.
_REGISTRY: Final = ("/-/", "/download/")


def origin(address: str | None) -> Origin:
    """Return where an archive comes from, by its address; without one it comes from the registry."""
    if address is not None and address.startswith("file:"):
        return Origin.PATH
    return Origin.REGISTRY if address is None or any(part in address for part in _REGISTRY) else Origin.URL


def files(name: str, version: str | None, address: str | None, digests: str | None, place: str) -> list[Distribution]:
    """Return the archive of a package, if the lock has an address or a digest of it.

    Args:
        name: Of the package.
        version: Of the package.
        address: Where it is downloaded, or `file:` and its path.
        digests: Subresource Integrity.
        place: For messages.
    """
    if address is None and digests is None:
        return []
    hashes = integrity(digests, place) if digests else {}
    return [distribution(address or f"{name.rpartition('/')[2]}-{version}.tgz", hashes, place)]


def keys(places: Mapping[str, Package], file: str) -> dict[str, str]:
    """Return the key of each place's package: its purl, numbered where files of the repository share one.

    Args:
        places: Place in the lock to package, as `package` makes them.
        file: The lock's name.

    Raises:
        UsageError: There are too many packages, or edges.
    """
    kinds = {package.key: package for package in places.values()}
    check_packages([package.name for package in kinds.values()], file)
    numbered = unique_keys(key.partition(" ")[0] for key in sorted(kinds))
    by_kind = dict(zip(sorted(kinds), numbered, strict=True))
    return {place: by_kind[package.key] for place, package in places.items()}


def check_edges(count: int, file: str) -> None:
    """Refuse a lock with more edges than any tool writes.

    Raises:
        UsageError: More than 2,000,000.
    """
    if count > MAX_EDGES:
        raise UsageError(f"{file} has more than {MAX_EDGES} dependencies", why="that many are not read")


def package(
    place: str,
    name: str,
    version: str | None,
    source: Origin,
    archives: Iterable[Distribution] = (),
    repository: tuple[str | None, str | None] = (None, None),
) -> Package:
    """Return a package without edges. Its key is its purl; if that does not say the source, followed by the source.

    Args:
        place: For messages.
        name: With its scope.
        version: As the lock has it.
        source: Where it comes from.
        archives: What is downloaded.
        repository: Address and git revision, of what does not come from the registry.

    Raises:
        FormatError: Name or version are none of npm's.
    """
    if not _NAME.match(name):
        raise FormatError(f"{place}: {name[:80]!r} is not a name of a package", fix="make the lock file again")
    try:
        purl = packages.npm(name, version, *repository)
    except FormatError as error:
        raise FormatError(f"{place}: {error.what}", why=error.why, fix=error.fix) from error
    archive = tuple(archives)
    key = purl.to_string()
    if not purl.qualifiers and source not in (Origin.REGISTRY, Origin.BUNDLED):
        key += f" {source} {archive[0].name if archive else repository[1]}"
    return Package(key, purl, name, version, source, archive, location=repository[0], revision=repository[1])


def merged(copies: Iterable[Package]) -> tuple[Package, ...]:
    """Return each package once, with what all its copies need, in the widest scope of them."""
    by_key: dict[str, list[Package]] = {}
    for copy in copies:
        by_key.setdefault(copy.key, []).append(copy)
    return tuple(twins[0] if len(twins) == 1 else _one(twins) for twins in by_key.values())


def _one(twins: list[Package]) -> Package:
    scopes = [twin.scope for twin in twins if twin.scope is not None]
    archives: dict[object, Distribution] = {}
    for file in (file for twin in twins for file in twin.files):
        # An archive is one file wherever it is downloaded; an address is more than none.
        known = archives.setdefault(file.hashes or file.url, file)
        if known.url is None:
            archives[file.hashes or file.url] = file
    needed = {key for twin in twins for key in twin.dependencies}
    return replace(
        twins[0],
        origin=min((twin.origin for twin in twins), key=_ORIGINS.index),
        files=tuple(archives.values()),
        dependencies=tuple(sorted(needed)),
        optional=tuple(sorted({key for twin in twins for key in twin.optional} - needed)),
        peers=tuple(sorted({key for twin in twins for key in twin.peers})),
        scope=min(scopes, key=_SCOPES.index) if len(scopes) == len(twins) else None,
        notes=tuple(sorted({note for twin in twins for note in twin.notes})),
        licence=min((twin.licence for twin in twins if twin.licence), default=None),
    )
