"""What both formats of yarn.lock share: entries that name each other by descriptors become parts and packages."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.locks.npm import package_json, workspace
from counterseal.adapters.sbom.records import MAX_EDGES, Lock, Package, Part, check_packages, part_key
from counterseal.errors import FormatError, UsageError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.locks.npm.package_json import Manifest

#: The version that Yarn writes for folders.
LOCAL: Final = ("0.0.0", "0.0.0-use.local")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the lock, or a workspace that only its package.json tells of.

    Attributes:
        place: Names it in messages.
        locator: What it is called where it is the parent of another entry.
        name: The real one, not that of an alias; empty: it has none.
        needs: Name to range, as written.
        optional: The names of those that it can do without.
        development: The names of those that its developers need.
        package: As far as the entry tells it, without edges; None: it is a part.
        folder: That of the part.
        is_member: Whether the part is the root or a workspace.
    """

    place: str
    locator: str
    name: str
    version: str | None
    needs: Mapping[str, str]
    optional: Collection[str] = frozenset()
    development: Collection[str] = frozenset()
    package: Package | None = None
    folder: str = "."
    is_member: bool = False

    @property
    def key(self) -> str:
        """Return what edges lead to."""
        return self.package.key if self.package else part_key(self.folder)


#: (parent, name, range) to the key of what the parent gets for it; None: the lock has nothing for it.
Target: TypeAlias = "Callable[[Entry, str, str], str | None]"


@dataclass(slots=True)
class _Edges:
    """Keys by what they are needed for; a twin adds its own."""

    dependencies: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    development: set[str] = field(default_factory=set)


def fingerprint(text: str) -> str:
    """Return what stands in a key for a path or an address, which may hold a secret, or be long."""
    return digests.sha256(text.encode(errors="surrogatepass"))[:12]


def split(descriptor: str, place: str) -> tuple[str, str]:
    """Return name and range of `name@range`, or `@scope/name@range`.

    Raises:
        FormatError: There is no name or no `@`.
    """
    name, mark, wanted = descriptor[1:].partition("@")
    if not mark:
        raise FormatError(f"{place}: {descriptor[:80]!r} has no version", fix="make the lock file again")
    return descriptor[0] + name, wanted


def folder_of(source: Source, top: str, path: str, place: str) -> str:
    """Return the folder in the checkout that a lock names, relative to a folder of the checkout.

    Raises:
        FormatError: It is an address.
        UsageError: It lies outside.
    """
    if "://" in path:
        raise FormatError(f"{place}: an address stands for a folder", fix="make the lock file again")
    return source.checkout.joined(top, path, place)


def member(locator: str, manifest: Manifest, folder: str) -> Entry:
    """Return a workspace by its package.json; what stands in several tables is optional, else needed."""
    return Entry(
        posixpath.normpath(posixpath.join(folder, package_json.PROJECT_FILE)),
        locator,
        manifest.name or "",
        manifest.version,
        {**manifest.development, **manifest.dependencies, **manifest.optional},
        manifest.optional.keys(),
        manifest.development.keys() - manifest.dependencies.keys() - manifest.optional.keys(),
        folder=folder,
        is_member=True,
    )


def lock(source: Source, data: bytes, entries: Sequence[Entry], target: Target) -> Lock:
    """Return the lock; entries of one key are twins (aliases, patches), and become one package or part.

    Raises:
        FormatError: An entry needs what the lock does not have, or there are too many edges.
        UsageError: A workspace needs what the lock does not have, or the lock is not of the project.
    """
    check_packages([entry.name or entry.key for entry in entries], source.lock)
    if sum(len(entry.needs) for entry in entries) > MAX_EDGES:
        raise FormatError(f"{source.lock} has more than {MAX_EDGES} edges", why="that many are not read")
    edges: dict[str, _Edges] = {}
    locked: dict[str, Package] = {}
    folders: dict[str, Entry] = {}
    for entry in entries:
        _connect(entry, edges.setdefault(entry.key, _Edges()), target)
        if entry.package:
            twin = locked.get(entry.key)
            locked[entry.key] = _merged(twin, entry.package) if twin else entry.package
        elif entry.folder not in folders or entry.is_member:
            folders[entry.folder] = entry
    root, parts = workspace.rooted(
        source, {folder: _part(source, entry, edges[entry.key]) for folder, entry in folders.items()}
    )
    return Lock(
        source.digest(data),
        replace(root, importer=True),
        tuple(_with(package, edges[key]) for key, package in locked.items()),
        parts,
    )


def _connect(entry: Entry, edges: _Edges, target: Target) -> None:
    for name, wanted in entry.needs.items():
        key = target(entry, name, wanted)
        if key is None:
            if name not in entry.optional:
                raise _missing(entry, name, wanted)
        elif key == entry.key:
            continue
        elif name in entry.development:
            edges.development.add(key)
        elif name in entry.optional:
            edges.optional.add(key)
        else:
            edges.dependencies.add(key)


def _missing(entry: Entry, name: str, wanted: str) -> FormatError | UsageError:
    # An address may hold a password.
    shown = name if set(wanted) & {":", "/"} else f"{name}@{wanted}"
    what, why = f"{entry.place}: {shown[:200]}", "the lock has nothing for it"
    if entry.is_member:
        return UsageError(f"{what} is not locked", why=why, fix="run `yarn install`, and commit the lock file")
    return FormatError(f"{what} is needed", why=why, fix="make the lock file again")


def _merged(one: Package, other: Package) -> Package:
    return replace(
        one,
        files=tuple(dict.fromkeys((*one.files, *other.files))),
        # Needed everywhere by one entry is needed everywhere.
        markers=tuple(sorted({*one.markers, *other.markers})) if one.markers and other.markers else (),
        notes=tuple(dict.fromkeys((*one.notes, *other.notes))),
    )


def _with(package: Package, edges: _Edges) -> Package:
    return replace(
        package,
        dependencies=tuple(sorted(edges.dependencies)),
        optional=tuple(sorted(edges.optional - edges.dependencies)),
    )


def _part(source: Source, entry: Entry, edges: _Edges) -> Part:
    keys: Iterable[Iterable[str]] = (edges.dependencies, edges.optional, edges.development)
    dependencies, optional, development = (sorted(group) for group in keys)
    part = package_json.part(source, entry.folder, dependencies, optional, development, name=entry.name or None)
    version = entry.version if entry.version not in LOCAL else None
    if part.version is None and part.purl and version:
        part = replace(part, version=version, purl=urls.npm(part.name, version))
    return replace(part, importer=entry.is_member)
