"""Reads `pnpm-lock.yaml`, versions 6 and 9: importers are parts, a package stands once for each set of its peers.

Source: pnpm.io, "Reading pnpm-lock.yaml"; pnpm's packages `lockfile.types` and `dependency-path`.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.locks.npm import copies, package_json, workspace
from counterseal.adapters.sbom.locks.npm.pnpm_sources import identity, package_of
from counterseal.adapters.sbom.locks.npm.workspace import Needs
from counterseal.adapters.sbom.records import Lock, part_key
from counterseal.adapters.sbom.yaml import yaml_tables
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.locks.npm.pnpm_sources import Identity
    from counterseal.adapters.sbom.reading import Table
    from counterseal.adapters.sbom.records import Part

_FIX: Final = "run `pnpm install --lockfile-only`, and commit the file"
#: In the order of `Needs`.
_KINDS: Final = ("dependencies", "optionalDependencies", "devDependencies")
#: What the first of two documents has: pnpm itself, and what configures it.
_ENVIRONMENT: Final = ("configDependencies", "packageManagerDependencies")


def read(source: Source) -> Lock:
    """Return what a pnpm-lock.yaml says of a project.

    Raises:
        UsageError: The lock is of another version of the format, or not of this project as it is now.
        FormatError: An edge leads nowhere, or something is not of its type.
    """
    data = source.data()
    *environment, document = yaml_tables(data, source.lock, max_documents=2)
    graph = _Graph(document, source)
    packages = graph.packages
    root, others = workspace.rooted(source, graph.parts())
    for further in environment:
        beside = _Graph(further, source)
        packages = copies.merged((*packages, *beside.packages))
        root = replace(root, development=tuple(dict.fromkeys((*root.development, *beside.tools()))))
    return Lock(source.digest(data), root, packages, others)


class _Graph:
    """A document of a lock: importers, packages, and what they need.

    Args:
        document: The document.
        source: Where the lock lies.
    """

    def __init__(self, document: Table, source: Source) -> None:
        self._document, self._source = document, source
        self._folder = posixpath.dirname(source.lock) or "."
        self._is_old = _version(document) == "6"
        self._packages = dict(document.table("packages").entries())
        self._nodes = self._packages if self._is_old else dict(document.table("snapshots").entries())
        identities = {name: identity(name, source.lock, is_old=self._is_old) for name in self._nodes}
        entries = {name: self._entry(name, identities[name]) for name in self._nodes}
        packages = {
            name: package_of(identities[name], entry, f"{source.lock}: {name[:200]}")
            for name, entry in entries.items()
            if not _is_folder(entry)
        }
        folders = {
            name: self._path(entry.table("resolution").text("directory"))
            for name, entry in entries.items()
            if _is_folder(entry)
        }
        self._keys = copies.keys(packages, source.lock)
        self._keys |= {name: part_key(folder) for name, folder in folders.items()}
        #: Folder that a project is published from to the folder of the project; links lead to the former.
        self._published = {
            source.checkout.joined(self._path(place), below, source.lock): self._path(place)
            for place, importer in self._importers()
            if (below := importer.optional_text("publishDirectory"))
        }
        #: Folder that something needs to the name by which it does.
        self._linked = {
            folder: identities[name].name or entries[name].optional_text("name") for name, folder in folders.items()
        }
        edges = {name: self._edges(node, self._folder) for name, node in self._nodes.items()}
        copies.check_edges(sum(len(needs.dependencies) + len(needs.optional) for needs in edges.values()), source.lock)
        self._by_folder = workspace.together((folder, edges[name]) for name, folder in folders.items())
        self.packages = copies.merged(
            replace(
                package,
                key=self._keys[name],
                dependencies=tuple(edges[name].dependencies),
                optional=tuple(edges[name].optional),
            )
            for name, package in packages.items()
        )

    def parts(self) -> dict[str, Part]:
        """Return the folders of the repository that are projects of the lock, or that something links to."""
        importers = [(self._path(place), importer) for place, importer in self._importers()]
        of_importers = []
        for folder, importer in importers:
            self._check_current(folder, {name for kind in _KINDS for name in importer.table(kind).data})
            of_importers.append((folder, self._edges(importer, folder)))
            of_importers.append((folder, self._excluded_links(folder)))
        needs = workspace.together([*of_importers, *self._by_folder.items()])
        return workspace.parts(self._source, {folder: Needs() for folder in self._linked} | needs, self._linked)

    def tools(self) -> tuple[str, ...]:
        """Return the keys of pnpm itself and of what configures it, in a document of these."""
        return tuple(
            self._key(name, version, self._folder)
            for _, importer in self._importers()
            for kind in _ENVIRONMENT
            for name, version in _versions(importer, kind).items()
        )

    def _importers(self) -> Iterable[tuple[str, Table]]:
        """Return folder and entry of each project; an old lock of a single one has it at the top."""
        if "importers" in self._document.data:
            return self._document.table("importers").entries()
        return [(".", self._document)]

    def _entry(self, name: str, bare: Identity) -> Table:
        entry = self._packages.get(name if self._is_old else bare.text)
        if entry is None:
            raise FormatError(f"{self._source.lock}: {name[:80]!r} is not among the packages", fix=_FIX)
        return entry

    def _path(self, place: str) -> str:
        return self._source.checkout.joined(self._folder, place, self._source.lock)

    def _edges(self, node: Table, folder: str) -> Needs:
        """Return what a package or importer needs; its links lead from a folder."""
        return Needs(
            *(
                {self._key(name, version, folder): None for name, version in _versions(node, kind).items()}
                for kind in _KINDS
            )
        )

    def _key(self, name: str, version: str, folder: str) -> str:
        if _is_link(version):
            target = self._source.checkout.joined(folder, version.removeprefix("link:"), self._source.lock)
            target = self._published.get(target, target)
            self._linked.setdefault(target, name)
            return part_key(target)
        key = self._keys.get(f"/{name}@{version}" if self._is_old else f"{name}@{version}") or self._keys.get(version)
        if key is None:
            raise FormatError(
                f"{self._source.lock}: {name[:80]} {version[:80]} is needed", why="the lock does not have it", fix=_FIX
            )
        return key

    def _excluded_links(self, folder: str) -> Needs:
        """Return the folders that a part links to, where the lock is set to leave them out."""
        if not self._document.table("settings").flag("excludeLinksFromLockfile"):
            return Needs()
        manifest = package_json.read(self._source.checkout, folder)
        return Needs(
            *(
                {self._key(name, version, folder): None for name, version in wanted.items() if _is_link(version)}
                for wanted in (manifest.dependencies, manifest.optional, manifest.development)
            )
        )

    def _check_current(self, folder: str, locked: set[str]) -> None:
        """Refuse a lock of other dependencies, unless pnpm is told to change those that a manifest names."""
        manifest = package_json.read(self._source.checkout, folder)
        if "pnpmfileChecksum" in self._document.data or manifest == package_json.Manifest():
            return
        removed = {name for name, version in self._document.text_map("overrides").items() if version == "-"}
        removed |= manifest.optional.keys()  # those that are not to be had on any platform are left out
        named = {**manifest.dependencies, **manifest.development, **manifest.optional}
        if self._document.table("settings").flag("excludeLinksFromLockfile"):
            removed |= {name for name, version in named.items() if _is_link(version)}
        workspace.check_current(self._source, folder, None, locked | (removed & named.keys()), _FIX)


def _version(document: Table) -> str:
    version = document.data.get("lockfileVersion")
    major = str(version).partition(".")[0]
    if major not in ("6", "9"):
        raise UsageError(
            f"{document.place} has lockfileVersion {str(version)[:20]}",
            why="this counterseal reads versions 6 and 9",
            fix="run `pnpm install --lockfile-only` with pnpm 9 or newer, and commit the file",
        )
    return major


def _versions(node: Table, kind: str) -> dict[str, str]:
    """Return name and version of what is needed: a package says the version, an importer also what was asked for."""
    wanted = node.table(kind)
    return {
        name: value if isinstance(value, str) else wanted.table(name).text("version")
        for name, value in wanted.data.items()
    }


def _is_link(version: str) -> bool:
    return version.startswith("link:")


def _is_folder(entry: Table) -> bool:
    return entry.table("resolution").data.get("type") == "directory"
