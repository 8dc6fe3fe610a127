"""Reads `package-lock.json` and `npm-shrinkwrap.json`, versions 2 and 3: the tree of folders that npm installs.

The lock names what each package needs, not which copy: that is the nearest one up the tree, as Node.js looks for it.
Source: docs.npmjs.com, "package-lock.json"; nodejs.org, "Loading from node_modules folders".
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.addresses import clean_git, clean_url
from counterseal.adapters.sbom.locks.npm import copies, workspace
from counterseal.adapters.sbom.locks.npm.workspace import Needs
from counterseal.adapters.sbom.reading import Table, json_table
from counterseal.adapters.sbom.records import Lock, Origin, Package, Scope, part_key
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.records import Part

VERSIONS: Final = (2, 3)
#: Folders that a place in the tree lies in; npm nests a handful deep.
MAX_LEVELS: Final = 64
_FIX: Final = "run `npm install --package-lock-only`, and commit the file"
_ARCHIVES: Final = (".tgz", ".tar.gz", ".tar")
_INSTALLED: Final = "node_modules/"


def read(source: Source) -> Lock:
    """Return what a package-lock.json says of a project.

    Raises:
        UsageError: The lock is of another version of the format, or not of this project as it is now.
        FormatError: An edge leads nowhere, or something is not of its type.
    """
    data = source.data()
    document = json_table(data, source.lock)
    if document.data.get("lockfileVersion") not in VERSIONS or "packages" not in document.data:
        raise UsageError(
            f"{source.lock} has lockfileVersion {str(document.data.get('lockfileVersion'))[:20]}",
            why="this counterseal reads 2 and 3, which say where each package lies",
            fix="run `npm install --package-lock-only --lockfile-version 3` (npm 8 or newer), and commit the file",
        )
    tree = _Tree(document, source)
    root, parts = workspace.rooted(source, tree.parts())
    own = root.path == tree.folder
    # What the lock says of scopes is said of everything in it; for a member it follows from what that one needs.
    packages = tree.packages() if own else tuple(replace(package, scope=None) for package in tree.packages())
    return Lock(source.digest(data), root, packages, parts)


class _Tree:
    """The places of a lock: folders of the repository, packages in `node_modules`, and links from there to folders.

    Args:
        document: The lock.
        source: Where it lies.
    """

    def __init__(self, document: Table, source: Source) -> None:
        self.folder = posixpath.dirname(source.lock) or "."
        self._source = source
        self._entries = {
            place: entry
            for place, entry in document.table("packages").entries()
            if not entry.flag("extraneous") or (_is_installed(place) and not entry.flag("link"))
        }
        if "" not in self._entries:
            raise FormatError(f"{source.lock}: no project", why='`packages` lacks the key ""', fix=_FIX)
        #: Name to the folders that have it in their `node_modules`.
        self._holders: dict[str, set[str]] = {}
        for place in filter(_is_installed, self._entries):
            folder, name = _split(place)
            self._holders.setdefault(name, set()).add(folder)
        self._links = dict(self._linked())
        #: Place to folder of the repository, of what is no package.
        self._folders = {
            place: source.checkout.joined(self.folder, path, source.lock)
            for place, entry in self._entries.items()
            if place not in self._links and (path := _folder(place, entry)) is not None
        }
        self._packages = {
            place: self._package(place, entry)
            for place, entry in self._entries.items()
            if place not in self._links and place not in self._folders
        }
        self._keys = copies.keys(self._packages, source.lock)
        self._keys |= {place: part_key(folder) for place, folder in self._folders.items()}
        self._keys |= {place: self._keys[target] for place, target in self._links.items()}

    def parts(self) -> dict[str, Part]:
        """Return the folders of the repository, by their paths."""
        names = {self._folders.get(target): _split(place)[1] for place, target in self._links.items()}
        names |= {folder: _split(place)[1] for place, folder in self._folders.items() if _is_installed(place)}
        needs = []
        for place, folder in self._folders.items():
            entry, is_outside = self._entries[place], place.startswith("..")
            if not is_outside and not _is_installed(place):
                self._check_current(entry, folder)
            of_part = Needs(
                dict.fromkeys((*self._needs(place, entry, strict=not is_outside), *self._peers(place, entry))),
                dict.fromkeys(self._near(place, entry.text_map("optionalDependencies"))),
                dict.fromkeys(self._near(place, entry.text_map("devDependencies"), strict=not is_outside)),
            )
            needs.append((folder, of_part))
        named = {folder: self._entries[place].optional_text("name") for place, folder in self._folders.items()}
        named = {folder: name or names.get(folder) for folder, name in named.items()}
        return workspace.parts(self._source, workspace.together(needs), named)

    def packages(self) -> tuple[Package, ...]:
        """Return the packages, each once, with the keys of what they need."""
        needs = ("dependencies", "optionalDependencies", "devDependencies", "peerDependencies")
        count = sum(len(entry.table(kind).data) for entry in self._entries.values() for kind in needs)
        copies.check_edges(count, self._source.lock)
        return copies.merged(self._with_needs(place, package) for place, package in self._packages.items())

    def _with_needs(self, place: str, package: Package) -> Package:
        entry = self._entries[place]
        return replace(
            package,
            key=self._keys[place],
            dependencies=self._needs(place, entry, strict=not entry.flag("extraneous")),
            optional=self._near(place, entry.text_map("optionalDependencies")),
            peers=self._peers(place, entry),
        )

    def _package(self, place: str, entry: Table) -> Package:
        package = _package(place, entry, self._source.lock)
        if not entry.flag("inBundle") or package.files:
            return package
        archive = place
        while archive in self._entries and self._entries[archive].flag("inBundle"):
            archive = _split(archive)[0]
        return replace(package, notes=(("bundled-by", _split(archive)[1] or "the project"),))

    def _linked(self) -> Iterator[tuple[str, str]]:
        for place, entry in self._entries.items():
            if not entry.flag("link") or not _is_installed(place):
                continue
            target = posixpath.normpath(entry.text("resolved").removeprefix("file:"))
            target = "" if target == "." else target
            if target not in self._entries or self._entries[target].flag("link"):
                raise FormatError(f"{entry.place}: links to {target[:80]!r}, which is not in the lock", fix=_FIX)
            yield place, target

    def _needs(self, place: str, entry: Table, *, strict: bool) -> tuple[str, ...]:
        optional = entry.text_map("optionalDependencies")
        return self._near(
            place, (name for name in entry.text_map("dependencies") if name not in optional), strict=strict
        )

    def _peers(self, place: str, entry: Table) -> tuple[str, ...]:
        optional = {name for name, meta in entry.table("peerDependenciesMeta").entries() if meta.flag("optional")}
        return self._near(place, (name for name in entry.text_map("peerDependencies") if name not in optional))

    def _near(self, place: str, names: Iterable[str], *, strict: bool = False) -> tuple[str, ...]:
        """Return the keys of what a place needs: of each name the nearest; if it has to be there, there is one."""
        keys, above = [], _upwards(place, self._source.lock)
        for name in names:
            holders = self._holders.get(name, ())
            holder = next((folder for folder in above if folder in holders), None)
            if holder is not None:
                keys.append(self._keys[posixpath.join(holder, _INSTALLED + name)])
            elif strict:
                raise FormatError(
                    f"{self._source.lock}: {place[-80:] or 'the project'} needs {name[:80]}",
                    why="the lock has none that it could find",
                    fix=_FIX,
                )
        return tuple(keys)

    def _check_current(self, entry: Table, folder: str) -> None:
        locked = {*entry.text_map("dependencies"), *entry.text_map("optionalDependencies")}
        locked |= entry.text_map("devDependencies").keys()
        workspace.check_current(self._source, folder, entry.optional_text("name"), locked, _FIX)


def _is_installed(place: str) -> bool:
    return place.startswith(_INSTALLED) or f"/{_INSTALLED}" in place


def _folder(place: str, entry: Table) -> str | None:
    """Return the folder of a part: its place, or, with `install-links`, what a copy was made of; None: a package."""
    if not _is_installed(place):
        return place
    address = entry.optional_text("resolved") or ""
    is_file = "integrity" in entry.data or address.endswith(_ARCHIVES)
    return address.removeprefix("file:") if address.startswith("file:") and not is_file else None


def _split(place: str) -> tuple[str, str]:
    """Return the folder whose `node_modules` a place is in, and the name that it has there."""
    folder, _, name = f"/{place}".rpartition(f"/{_INSTALLED}")
    return folder.removeprefix("/"), name


def _upwards(place: str, file: str) -> list[str]:
    """Return the folders in whose `node_modules` Node.js looks, nearest first; never above the lock's folder."""
    if place.count("/") >= MAX_LEVELS:
        raise FormatError(
            f"{file}: {place[:80]!r} lies too deep", why=f"at most {MAX_LEVELS} folders are read", fix=_FIX
        )
    folders = [place]
    while place and place != "..":
        place = posixpath.dirname(place)
        folders.append(place)
    return folders


def _package(place: str, entry: Table, file: str) -> Package:
    name, version = entry.optional_text("name") or _split(place)[1], entry.optional_text("version")
    address, digests = entry.optional_text("resolved"), entry.optional_text("integrity")
    where = f"{file}: {place[:200]}"
    if address is not None and address.startswith("git"):
        repository, _, revision = address.partition("#")
        one = copies.package(where, name, version, Origin.GIT, (), (clean_git(repository), revision or None))
    elif entry.flag("inBundle") and address is None and digests is None:
        one = copies.package(where, name, version, Origin.BUNDLED)
    else:
        origin = copies.origin(address)
        location = clean_url(address) if address and origin is Origin.URL else None
        archives = copies.files(name, version, address, digests, where)
        one = copies.package(where, name, version, origin, archives, (location, None))
    licence = entry.data.get("license")
    return replace(one, scope=_scope(entry), licence=licence if isinstance(licence, str) else None)


def _scope(entry: Table) -> Scope:
    """Return the scope by npm's flags; `devOptional` is needed by developers and by an option."""
    if entry.flag("dev") or entry.flag("extraneous"):
        return Scope.EXCLUDED
    return Scope.OPTIONAL if entry.flag("optional") or entry.flag("devOptional") else Scope.REQUIRED
