"""Reads `yarn.lock` version 1: entries by `name@range`, with address and digests of each archive.

The project and its workspaces stand in their package.json alone. Source: Yarn 1.22 (`lockfile`, `package-request`).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_git, clean_url, distribution, integrity
from counterseal.adapters.sbom.locks.npm import member_folders, package_json, yarn_syntax
from counterseal.adapters.sbom.locks.npm.yarn_entries import Entry, fingerprint, folder_of, lock, member, split
from counterseal.adapters.sbom.records import Lock, Origin, Package, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.reading import Table
    from counterseal.adapters.sbom.records import Distribution

_ALIAS: Final = "npm:"
_SHA1: Final = re.compile(r"[0-9a-f]{40}")
#: Its fragment is a commit then, not a digest.
_GIT: Final = re.compile(
    r"git[+@:]|ssh:|[^?#]*\.git(?:#|\Z)|https?://(?:github|gitlab|bitbucket)\.(?:com|org)/[^/?#]+/[^/?#]+(?:#|\Z)"
)
#: A range that is a path; Yarn writes those of workspaces relative to the lock's folder.
_PATH: Final = re.compile(r"(?:file:|link:|(?=\.\.?/))(.+)\Z", re.DOTALL)


def read(source: Source, data: bytes) -> Lock:
    """Return what a yarn.lock of version 1 says of a project.

    Raises:
        UsageError: A workspace needs what is not locked, or the project is none of the lock's.
        FormatError: It is malformed, or an entry needs what is not locked.
    """
    top = posixpath.dirname(source.lock) or "."
    manifest = package_json.read(source.checkout, top)
    members = [member(top, manifest, top)]
    for folder in member_folders.folders(source.checkout, top, manifest.workspaces):
        inner = package_json.read(source.checkout, folder)
        if folder != top and inner.name:
            members.append(member(folder, inner, folder))
    locked = [
        (descriptors, _entry(source, top, descriptors, table))
        for descriptors, table in yarn_syntax.entries(data, source.lock)
    ]
    entries = [*members, *(entry for _, entry in locked)]
    result = lock(source, data, entries, _Targets(top, locked, members, manifest.resolutions).key)
    has_manifest = source.checkout.has(posixpath.join(top, package_json.PROJECT_FILE))
    return result if has_manifest else _without_manifest(result)


@dataclass(frozen=True, slots=True)
class _Described:
    """What the descriptors of an entry tell: the real name, the first range, and whether it is an address."""

    name: str
    wanted: str
    is_address: bool

    @classmethod
    def by(cls, descriptors: Sequence[str], place: str) -> _Described:
        pairs = [_split(descriptor, place) for descriptor in descriptors]
        aliased = [_real(wanted) for _, wanted in pairs if wanted.startswith(_ALIAS)]
        is_address = all("/" in wanted and not wanted.startswith(_ALIAS) for _, wanted in pairs)
        return cls(aliased[0] if aliased else pairs[0][0], pairs[0][1], is_address)


class _Targets:
    """Finds what the parents get, by descriptor, as a workspace, or by what the project resolves it to."""

    def __init__(
        self,
        top: str,
        locked: Iterable[tuple[Sequence[str], Entry]],
        members: Iterable[Entry],
        resolutions: Mapping[str, str],
    ) -> None:
        self._top = top
        self._keys = {}
        for descriptors, entry in locked:
            for descriptor in descriptors:
                self._keys[self._normal(top, *_split(descriptor, entry.place))] = entry.key
        self._members = {entry.name: entry.key for entry in members}
        # `**/name`, `parent/name` and `@scope/name` end with the name of what is resolved.
        self._resolutions = {_resolved_name(pattern): wanted for pattern, wanted in resolutions.items()}

    def key(self, parent: Entry, name: str, wanted: str) -> str | None:
        """Return the key of what a parent gets for `name@wanted`."""
        for folder in (self._top,) if parent.package else (parent.folder, self._top):
            if key := self._keys.get(self._normal(folder, name, wanted)):
                return key
        if name in self._members:
            return self._members[name]
        if name in self._resolutions:
            return self._keys.get(self._normal(self._top, name, self._resolutions[name]))
        return None

    def _normal(self, folder: str, name: str, wanted: str) -> str:
        """Return a descriptor, a path in it as one of the checkout."""
        if match := _PATH.match(wanted):
            return f"{name}@./{posixpath.normpath(posixpath.join(folder, match[1]))}"
        return f"{name}@{wanted.strip()}"


def _entry(source: Source, top: str, descriptors: Sequence[str], table: Table) -> Entry:
    described = _Described.by(descriptors, table.place)
    needs, optional = table.text_map("dependencies"), table.text_map("optionalDependencies")
    entry = Entry(
        f"{table.place} ({described.name})",
        descriptors[0],
        described.name,
        table.text("version"),
        {**needs, **optional},
        optional.keys(),
    )
    path, resolved = _PATH.match(described.wanted), table.optional_text("resolved")
    if path and not resolved:
        return replace(entry, folder=folder_of(source, top, path[1], entry.place))
    return replace(entry, package=_package(entry, described, resolved or "", table))


def _package(entry: Entry, described: _Described, resolved: str, table: Table) -> Package:
    address, _, fragment = resolved.partition("#")
    origin, location, revision = Origin.REGISTRY, None, None
    if described.is_address and any(map(_GIT.match, (resolved, described.wanted))):
        origin, location, revision = Origin.GIT, clean_git(address), fragment or None
    elif resolved.startswith("file:"):
        origin = Origin.PATH
    elif described.is_address:
        origin, location = Origin.URL, clean_url(address)
    purl = urls.npm(entry.name, entry.version, location, revision)
    # What nothing in its purl tells from the registry's package is told by its address.
    key = purl.to_string() if origin is Origin.REGISTRY or location else f"{purl.to_string()}#{fingerprint(address)}"
    files = _files(entry.place, resolved, table) if origin is not Origin.GIT else ()
    return Package(key, purl, entry.name, entry.version, origin, files, location=location, revision=revision)


def _files(place: str, resolved: str, table: Table) -> tuple[Distribution, ...]:
    address, _, fragment = resolved.partition("#")
    hashes = {"sha1": fragment} if _SHA1.fullmatch(fragment) else {}
    hashes |= integrity(table.optional_text("integrity") or "", place)
    return (distribution(address, hashes, place),) if address or hashes else ()


def _split(descriptor: str, place: str) -> tuple[str, str]:
    """Return name and range; of a name alone, any."""
    return split(descriptor if "@" in descriptor[1:] else f"{descriptor}@", place)


def _real(alias: str) -> str:
    """Return the name in `npm:name@range`."""
    target = alias.removeprefix(_ALIAS)
    return target[:1] + target[1:].partition("@")[0]


def _resolved_name(pattern: str) -> str:
    *_, scope, name = ["", *pattern.split("/")]
    return f"{scope}/{name}" if scope.startswith("@") else name


def _without_manifest(locked: Lock) -> Lock:
    """Return the lock of a folder without package.json: everything may be needed, first what no package needs."""
    needed = {key for package in locked.packages for key in (*package.dependencies, *package.optional)}
    top = tuple(sorted(package.key for package in locked.packages if package.key not in needed))
    packages = tuple(replace(package, scope=Scope.REQUIRED) for package in locked.packages)
    return replace(locked, root=replace(locked.root, dependencies=(*locked.root.dependencies, *top)), packages=packages)
