"""What crates say of themselves: their `Cargo.toml` in Cargo's home, in its archives, or vendored.

Sources: The Cargo Book, "The Manifest Format" (license, authors, repository), "Cargo Home", "cargo vendor".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.descriptions import archives
from counterseal.adapters.sbom.descriptions.description import Description, licences, repository, supplier
from counterseal.adapters.sbom.descriptions.folder import Folder
from counterseal.adapters.sbom.records import Origin
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import FormatError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from counterseal.adapters.sbom.descriptions.description import Descriptions, Search
    from counterseal.adapters.sbom.reading import Table
    from counterseal.adapters.sbom.records import Package

MANIFEST: Final = "Cargo.toml"
_PACKAGE: Final = re.compile(r"^\[package\][ \t]*\n.*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
#: Where the crates of a repository lie by habit, below its top.
_CRATE_FOLDERS: Final = ("", "crates/")


def descriptions(search: Search) -> Sequence[Descriptions]:
    """Return what is known (`of_lock.Ecosystem`): vendored, then of Cargo's homes."""
    return [Vendored(search), *(CargoHome(Folder(home)) for home in search.places.cargo)]


class Vendored:
    """The crates that `cargo vendor` put into the repository (`description.Descriptions`)."""

    def __init__(self, search: Search) -> None:
        self._checkout = Folder(search.checkout.top)
        self._folders = [
            (*(part for part in project.split("/") if part != "."), "vendor") for project in search.projects
        ]

    def of(self, package: Package) -> Description | None:
        """Return what a crate says; see the protocol."""
        for folder in self._folders:
            for name in (f"{package.name}-{package.version}", package.name):
                if description := _description(self._checkout.read(*folder, name, MANIFEST), package):
                    return description
        return None


class CargoHome:
    """The crates in a home of Cargo: unpacked ones, archives and git checkouts (`description.Descriptions`)."""

    def __init__(self, home: Folder) -> None:
        self._home = home
        self._sources = home.folders("registry", "src")
        self._archives = home.folders("registry", "cache")
        self._repositories = home.folders("git", "checkouts")
        self._workspaces: dict[tuple[str, ...], Table | None] = {}

    def of(self, package: Package) -> Description | None:
        """Return what a crate says; see the protocol."""
        if package.origin is Origin.GIT:
            return self._from_git(package)
        name = f"{package.name}-{package.version}"
        unpacked = {
            registry: description
            for registry in self._sources
            if (description := _description(self._home.read("registry", "src", registry, name, MANIFEST), package))
        }
        if len(unpacked) == 1:
            return next(iter(unpacked.values()))
        for registry in self._archives:
            if file := self._home.opened("registry", "cache", registry, f"{name}.crate"):
                with file:
                    if _is_locked(file, package):
                        return unpacked.get(registry) or _description(
                            archives.tar_member(file, f"{name}/{MANIFEST}"), package
                        )
        return None

    def _from_git(self, package: Package) -> Description | None:
        """Return what a crate says in the checkout of its revision, at the places where crates lie by habit."""
        if not package.location or not package.revision:
            return None
        repository = package.location.rstrip("/").rpartition("/")[2].removesuffix(".git")
        for folder in self._repositories:
            if folder.rpartition("-")[0] != repository:
                continue
            for revision in self._home.folders("git", "checkouts", folder):
                if len(revision) >= 7 and package.revision.startswith(revision):
                    return self._in_checkout(("git", "checkouts", folder, revision), package)
        return None

    def _in_checkout(self, checkout: tuple[str, ...], package: Package) -> Description | None:
        if checkout not in self._workspaces:
            self._workspaces[checkout] = _table(self._home.read(*checkout, MANIFEST), whole=True)
        workspace = self._workspaces[checkout]
        inherited = workspace.data.get("workspace") if workspace else None
        inherited = inherited.get("package") if isinstance(inherited, dict) else None
        for path in _members(workspace, package.name):
            data = self._home.read(*checkout, *path, MANIFEST)
            if description := _description(data, package, inherited if isinstance(inherited, dict) else {}):
                return description
        return None


def _is_locked(file: BinaryIO, package: Package) -> bool:
    """Return whether an archive has the digest of the lock: several registries may have a crate of one name."""
    digest = digests.sha256_of(file)
    file.seek(0)
    return any(("sha256", digest) in locked.hashes for locked in package.files)


def _members(workspace: Table | None, name: str) -> Iterator[tuple[str, ...]]:
    yield ()
    for folder in _CRATE_FOLDERS:
        yield tuple(f"{folder}{name}".split("/"))
    content = workspace.data.get("workspace") if workspace else None
    members = content.get("members") if isinstance(content, dict) else None
    for path in members if isinstance(members, list) else ():
        if isinstance(path, str) and path.rpartition("/")[2] == name:
            yield tuple(path.split("/"))


def _table(data: bytes | None, *, whole: bool) -> Table | None:
    """Return a manifest, or of it only the table `package`, which is much less to parse."""
    if data is None:
        return None
    try:
        if not whole and (part := _PACKAGE.search(data.decode("utf-8"))):
            try:
                return toml_table(part[0].encode(), MANIFEST)
            except FormatError:  # a bracket in a text of several lines
                pass
        return toml_table(data, MANIFEST)
    except (FormatError, ValueError):
        return None


def _description(
    data: bytes | None, package: Package, inherited: dict[str, object] | None = None
) -> Description | None:
    manifest = _table(data, whole=False)
    says = manifest.data.get("package") if manifest else None
    if not isinstance(says, dict):
        return None

    def value(key: str) -> object:
        own = says.get(key)
        return (inherited or {}).get(key) if own == {"workspace": True} else own

    if says.get("name") != package.name or value("version") != package.version:
        return None
    licence, authors = value("license"), value("authors")
    # Before SPDX expressions, crates.io took `/` for "or".
    return Description(
        MANIFEST,
        licences(
            [re.sub(r"\s*/\s*", " OR ", licence) if isinstance(licence, str) and "://" not in licence else licence]
        ),
        supplier(authors if isinstance(authors, list) else ()),
        repository(value("repository")),
    )
