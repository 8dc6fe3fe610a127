"""What npm packages say of themselves: their `package.json`, installed, in Yarn's zip archives or in a tarball.

Sources: docs.npmjs.com, "package.json" (license, author, repository); pnpm.io, "Symlinked node_modules structure";
yarnpkg.com, "Cache strategies".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.sbom.descriptions import archives
from counterseal.adapters.sbom.descriptions.description import Description, licences, repository, supplier
from counterseal.adapters.sbom.descriptions.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.adapters.sbom.descriptions.description import Descriptions, Search
    from counterseal.adapters.sbom.records import Package

MANIFEST: Final = "package.json"
#: Folders that are looked into; each installed package is one or two.
MAX_FOLDERS: Final = 300_000
#: Folders within each other: npm nests a package below the one that needs it.
MAX_DEPTH: Final = 100
_YARN_CACHE: Final = (".yarn", "cache")
_HOSTS: Final = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
_SHORT: Final = re.compile(r"(?:(github|gitlab|bitbucket):)?(\w[\w.-]*/\w[\w.-]*)")

_Known = dict[tuple[str, str], Description]


def descriptions(search: Search) -> Sequence[Descriptions]:
    """Return what is known (`of_lock.Ecosystem`): of installed packages, then of archives."""
    top = Folder(search.checkout.top)
    return [
        InstalledPackages(search),
        *(YarnArchives(top, (*_parts(project), *_YARN_CACHE)) for project in search.projects),
        *(YarnArchives(Folder(cache), ()) for cache in search.places.yarn),
        Tarballs(top),
    ]


class InstalledPackages:
    """The packages in `node_modules` of the project and of the parts of its workspace (`description.Descriptions`).

    All of them are read at once: a folder may be named by an alias, so that its name does not tell.
    """

    def __init__(self, search: Search) -> None:
        self._by_package: _Known = {}
        top = Folder(search.checkout.top)
        for folder in _installed(top, [_parts(part) for part in search.parts]):
            if data := top.read(*folder, MANIFEST):
                _note(data, self._by_package)

    def of(self, package: Package) -> Description | None:
        """Return what a package says; see the protocol."""
        return self._by_package.get((package.name, package.version or ""))


class YarnArchives:
    """The zip archives in a cache of Yarn 2 and later (`description.Descriptions`)."""

    def __init__(self, folder: Folder, below: tuple[str, ...]) -> None:
        self._folder, self._below = folder, below
        # `SLUG-npm-VERSION-HASH-CHECKSUM.zip`; the checksum is a version of the cache where there is none.
        names = (name for name in folder.names(*below) if name.endswith(".zip"))
        self._names = {name.rsplit("-", 2)[0]: name for name in names}

    def of(self, package: Package) -> Description | None:
        """Return what a package says; see the protocol."""
        name = self._names.get(f"{package.name.replace('/', '-')}-npm-{package.version}")
        file = self._folder.opened(*self._below, name) if name else None
        if file is None:
            return None
        with file:
            wanted = f"node_modules/{package.name}/{MANIFEST}"
            return _of(package, archives.zip_member(file, wanted.__eq__))


class Tarballs:
    """Tarballs that lie in the repository (`description.Descriptions`)."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def of(self, package: Package) -> Description | None:
        """Return what a package says; see the protocol."""
        file = self._folder.opened(*_parts(package.path)) if package.path else None
        if file is None:
            return None
        with file:
            return _of(package, archives.tar_member(file, f"package/{MANIFEST}"))


def _installed(top: Folder, parts: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield the folders of installed packages: in `node_modules`, in those of packages, and in pnpm's store."""
    waiting = [(*part, "node_modules") for part in reversed(parts)]
    looked_into = 0
    while waiting and looked_into < MAX_FOLDERS:
        modules = waiting.pop()
        looked_into += 1
        for folder in _packages(top, modules):
            looked_into += 1
            yield folder
            if len(folder) < MAX_DEPTH:
                waiting.append((*folder, "node_modules"))
        if ".pnpm" in top.folders(*modules):
            store = (*modules, ".pnpm")
            waiting += [(*store, name, "node_modules") for name in top.folders(*store)]


def _packages(top: Folder, modules: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name in top.folders(*modules):
        if name.startswith("@"):
            yield from ((*modules, name, bare) for bare in top.folders(*modules, name))
        elif not name.startswith("."):
            yield (*modules, name)


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part != ".")


def _of(package: Package, data: bytes | None) -> Description | None:
    known: _Known = {}
    _note(data or b"", known)
    return known.get((package.name, package.version or ""))


def _note(data: bytes, known: _Known) -> None:
    """Add what a `package.json` says; nothing if it is malformed or names no package."""
    try:
        says = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return
    if isinstance(says, dict) and isinstance(says.get("name"), str) and isinstance(says.get("version"), str):
        known.setdefault((says["name"], says["version"]), _description(says))


def _description(says: dict[str, Any]) -> Description:
    kinds = [says["license"]] if says.get("license") else _list(says.get("licenses"))
    people = [says.get("author"), *_list(says.get("maintainers"))]
    return Description(
        MANIFEST,
        licences(map(_licence, kinds)),
        supplier([_entry(people[0], "name")]) or supplier(_entry(person, "name") for person in people[1:]),
        _source(_entry(says.get("repository"), "url")),
    )


def _licence(kind: object) -> object:
    return _entry(kind, "type") or _entry(kind, "name") or _entry(kind, "url")


def _source(address: object) -> str | None:
    if isinstance(address, str) and (short := _SHORT.fullmatch(address)):
        address = f"https://{_HOSTS[short[1] or 'github']}/{short[2]}"
    return repository(address)


def _entry(value: object, key: str) -> object:
    """Return a value that is a text, or an object with the text as a member."""
    return value.get(key) if isinstance(value, dict) else value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
