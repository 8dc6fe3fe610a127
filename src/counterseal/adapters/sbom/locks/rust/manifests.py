"""Reads the `Cargo.toml` files of a checkout: which crates are parts of it, and how each needs what it needs.

Source: The Cargo Book, "The Manifest Format", "Workspaces", "Specifying Dependencies", "Overriding Dependencies".
A path that leads out of the checkout is not followed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.checkout import MAX_MANIFEST_BYTES
from counterseal.adapters.sbom.descriptions.description import supplier
from counterseal.adapters.sbom.licences import fits
from counterseal.adapters.sbom.locks.rust.patterns import Folders
from counterseal.adapters.sbom.reading import Table
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.sbom.checkout import Checkout

MANIFEST: Final = "Cargo.toml"
MAX_MANIFESTS: Final = 10_000


class Need(IntEnum):
    """How a crate needs another; of several ways the lowest counts."""

    ALWAYS = 0
    OPTIONAL = 1
    DEVELOPMENT = 2


#: Of crates and their versions; Cargo takes letters of any script.
_NAME: Final = re.compile(r"[\w.+-]{1,200}\Z")
#: The older spellings with `_` are still read by Cargo.
_SECTIONS: Final = {
    "dependencies": Need.ALWAYS,
    "build-dependencies": Need.ALWAYS,
    "build_dependencies": Need.ALWAYS,
    "dev-dependencies": Need.DEVELOPMENT,
    "dev_dependencies": Need.DEVELOPMENT,
}


@dataclass(frozen=True, slots=True)
class Crate:
    """A crate that lies in the checkout.

    Attributes:
        needs: How it needs what, by the name of the package, not by the one that it is renamed to.
        locked_whole: Whether the lock has all that it needs, as of a member of the workspace; of other crates there
            are no development dependencies, and no optional ones that nobody asked for.
        runnable: Whether it has a program.
    """

    folder: str
    name: str
    version: str
    needs: Mapping[str, Need]
    locked_whole: bool
    licence: str | None
    description: str | None
    supplier: str | None
    runnable: bool

    @property
    def manifest(self) -> str:
        """Return the path of its Cargo.toml."""
        return _beside(self.folder)


@dataclass(frozen=True, slots=True)
class _Dependency:
    """A dependency as a manifest writes it; `folder` is the one of its path, if it has one in the checkout."""

    name: str
    need: Need
    folder: str | None


def crates(checkout: Checkout, top: str, project: str) -> list[Crate]:
    """Return the crates of a workspace or package, and those that they name by path.

    Args:
        checkout: The repository.
        top: The folder that the lock file lies in.
        project: The folder of a crate that has to be looked at too.

    Raises:
        UsageError: There are too many.
        FormatError: A manifest is malformed.
    """
    return list(_Manifests(checkout).crates(top, project))


def checked(text: str, place: str) -> str:
    """Return the name or version of a crate as it is.

    Raises:
        FormatError: Cargo takes no such name or version.
    """
    if not _NAME.match(text):
        raise FormatError(f"{place}: {text[:80]!r} is not a name or version of a crate", fix="correct the file")
    return text


class _Manifests:
    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._tables: dict[str, Table | None] = {}

    def crates(self, top: str, project: str) -> Iterator[Crate]:
        members = {top, *self._members(top)}
        waiting, seen = [*sorted(members, reverse=True), project], set[str]()
        while waiting:
            folder = waiting.pop()
            if folder in seen:
                continue
            seen.add(folder)
            manifest = self._manifest(folder)
            if manifest is None:
                continue
            dependencies = list(self._dependencies(folder, manifest))
            waiting += sorted(dependency.folder for dependency in dependencies if dependency.folder is not None)
            waiting += sorted(self._overrides(folder, manifest))
            if package := _package(manifest):
                yield self._crate(folder, package, dependencies, locked_whole=folder in members)

    def _manifest(self, folder: str) -> Table | None:
        """Return the manifest in a folder; None: there is none."""
        if folder not in self._tables:
            path = _beside(folder)
            if len(self._tables) > MAX_MANIFESTS:
                raise UsageError(f"more than {MAX_MANIFESTS} folders with a {MANIFEST}", why="that many are not read")
            there = self._checkout.has(path)
            data = self._checkout.read(path, max_bytes=MAX_MANIFEST_BYTES) if there else b""
            self._tables[folder] = toml_table(data, path) if there else None
        return self._tables[folder]

    def _members(self, top: str) -> Iterator[str]:
        manifest = self._manifest(top)
        if manifest is None:
            return
        workspace = manifest.table("workspace")
        excluded = {posixpath.normpath(posixpath.join(top, path)) for path in workspace.texts("exclude")}
        folders = Folders(self._checkout, MANIFEST, manifest.place)
        matching = folders.matching(top, workspace.texts("members"))
        yield from (folder for folder in matching if folder not in excluded)

    def _dependencies(self, folder: str, manifest: Table) -> Iterator[_Dependency]:
        targets = [table for _, table in manifest.table("target").entries()]
        home, shared = self._workspace(folder, manifest)
        shared = shared.table("dependencies")
        for place in (manifest, *targets):
            for section, need in _SECTIONS.items():
                for name in place.table(section).data:
                    table = _detail(place.table(section), name)
                    inherited = _detail(shared, name) if table.flag("workspace") else table
                    path = inherited.optional_text("path")
                    base = home if inherited is not table else folder
                    optional = need is Need.ALWAYS and table.flag("optional")
                    yield _Dependency(
                        checked(inherited.optional_text("package") or name, table.place),
                        Need.OPTIONAL if optional else need,
                        None if path is None else self._inside(base, path),
                    )

    def _overrides(self, folder: str, manifest: Table) -> Iterator[str]:
        """Yield the folders that replace packages of registries."""
        patches = [table for _, table in manifest.table("patch").entries()]
        for table in (manifest.table("replace"), *patches):
            for name in table.data:
                path = _detail(table, name).optional_text("path")
                if path is not None and (inside := self._inside(folder, path)) is not None:
                    yield inside

    def _workspace(self, folder: str, manifest: Table) -> tuple[str, Table]:
        """Return the folder of the workspace that a manifest belongs to, and its `[workspace]`; empty: of none."""
        if "workspace" in manifest.data:
            return folder, manifest.table("workspace")
        package = _package(manifest)
        named = package.optional_text("workspace") if package else None
        above = [self._inside(folder, named)] if named else _above(folder)
        for place in above:
            table = self._manifest(place) if place is not None else None
            if place is not None and table is not None and "workspace" in table.data:
                return place, table.table("workspace")
        return folder, Table({}, manifest.place)

    def _crate(self, folder: str, package: Table, dependencies: list[_Dependency], *, locked_whole: bool) -> Crate:
        manifest = self._manifest(folder) or package
        shared = self._workspace(folder, manifest)[1].table("package")
        needs: dict[str, Need] = {}
        for dependency in dependencies:
            needs[dependency.name] = min(dependency.need, needs.get(dependency.name, Need.DEVELOPMENT))
        # Cargo has read `/` as OR since before it read SPDX expressions.
        licence = (_own(package, shared, "license") or "").replace("/", " OR ")
        return Crate(
            folder,
            checked(package.text("name"), package.place),
            checked(_own(package, shared, "version") or "0.0.0", package.place),
            needs,
            locked_whole,
            licence if fits(licence) else None,
            " ".join((_own(package, shared, "description") or "").split()) or None,
            _authors(package, shared),
            "bin" in manifest.data or any(self._checkout.has(f"{folder}/src/{name}") for name in ("main.rs", "bin")),
        )

    def _inside(self, folder: str, path: str) -> str | None:
        try:
            return self._checkout.joined(folder, path, MANIFEST) if path.isprintable() else None
        except UsageError:
            return None


def _beside(folder: str) -> str:
    return posixpath.normpath(posixpath.join(folder, MANIFEST))


def _package(manifest: Table) -> Table | None:
    """Return `[package]`, once called `[project]`; None: the manifest is of a workspace alone."""
    key = next((key for key in ("package", "project") if key in manifest.data), None)
    return manifest.table(key) if key else None


def _detail(section: Table, name: str) -> Table:
    """Return what is said of a dependency; a text alone is its version."""
    value = section.data.get(name, {})
    if isinstance(value, Mapping):
        return Table(value, f"{section.place}: {name}")
    if isinstance(value, str):
        return Table({"version": value}, section.place)
    raise FormatError(f"{section.place}: `{name}` is neither text nor table", fix="correct the dependency")


def _own(package: Table, shared: Table, key: str) -> str | None:
    """Return a text of a package, or the workspace's where it says `key.workspace = true`."""
    return _holder(package, shared, key).optional_text(key)


def _authors(package: Table, shared: Table) -> str | None:
    authors = _holder(package, shared, "authors").data.get("authors")
    return supplier(authors) if isinstance(authors, list) else None


def _holder(package: Table, shared: Table, key: str) -> Table:
    inherits = isinstance(package.data.get(key), Mapping) and package.table(key).flag("workspace")
    return shared if inherits else package


def _above(folder: str) -> Iterator[str]:
    while folder != ".":
        folder = posixpath.dirname(folder) or "."
        yield folder
