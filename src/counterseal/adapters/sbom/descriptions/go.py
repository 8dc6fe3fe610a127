"""What Go modules say of themselves: a licence where their LICENSE names it by SPDX, and where their source lies.

The text of a licence is not compared with others: what has no `SPDX-License-Identifier` stays unknown.
Sources: Go Modules Reference, "Module cache", "Vendoring"; golang.org/x/mod/module, `EscapePath`; cmd/go,
"Remote import paths"; gopkg.in; SPDX 3.0.1, annex "Using SPDX short identifiers in source files".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.descriptions import archives
from counterseal.adapters.sbom.descriptions.description import Description, licences, repository
from counterseal.adapters.sbom.descriptions.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterseal.adapters.sbom.descriptions.description import Descriptions, Search
    from counterseal.adapters.sbom.records import Package

_LICENCE_FILE: Final = re.compile(r"(?i)(?:licen[cs]e|copying)(?:[.-][\w.-]{1,40})?")
_IDENTIFIER: Final = re.compile(rb"SPDX-License-Identifier:[ \t]*([^\r\n]{1,200})")
#: Bytes of a licence's file, at its beginning, where the identifier stands.
_HEAD_BYTES: Final = 8192
#: Module paths that tell their repository; `vN` is a version, and further parts are folders of the repository.
_PATHS: Final = (
    (re.compile(r"((?:github\.com|bitbucket\.org|codeberg\.org|gitea\.com)/[^/]+/[^/]+)(?:/.*)?"), r"https://\1"),
    (re.compile(r"(gitlab\.com/[^/]+/[^/]+)(?:/v\d+)?"), r"https://\1"),
    (re.compile(r"golang\.org/x/([^/]+)(?:/.*)?"), r"https://go.googlesource.com/\1"),
    (re.compile(r"(git\.sr\.ht/~[^/]+/[^/]+)(?:/.*)?"), r"https://\1"),
    (re.compile(r"gopkg\.in/([^/.]+)\.v\d+(?:-unstable)?"), r"https://github.com/go-\1/\1"),
    (re.compile(r"gopkg\.in/([^/]+)/([^/.]+)\.v\d+(?:-unstable)?"), r"https://github.com/\1/\2"),
)
_FROM_PATH: Final = "module path"


def descriptions(search: Search) -> Sequence[Descriptions]:
    """Return what is known (`of_lock.Ecosystem`): vendored, then of module caches, then by the path."""
    return [Vendored(search), *(ModuleCache(Folder(cache)) for cache in search.places.go), Paths()]


class Vendored:
    """The modules that `go mod vendor` put into the repository (`description.Descriptions`)."""

    def __init__(self, search: Search) -> None:
        self._checkout = Folder(search.checkout.top)
        self._folders: dict[tuple[str, str], tuple[str, ...]] = {}
        for project in search.projects:
            vendor = (*(part for part in project.split("/") if part != "."), "vendor")
            for line in (self._checkout.read(*vendor, "modules.txt") or b"").decode(errors="replace").splitlines():
                # `# MODULE VERSION`; of one that is replaced, `=> OTHER VERSION` follows, and its files lie there.
                if line.startswith("# ") and len(words := line.split()) >= 3:
                    self._folders[words[-2] if "=>" in words else words[1], words[-1]] = (*vendor, *words[1].split("/"))

    def of(self, package: Package) -> Description | None:
        """Return what a module says; see the protocol."""
        folder = self._folders.get((package.name, package.version or ""))
        return _description(package, _licence_in(self._checkout, folder)) if folder else None


class ModuleCache:
    """A module cache of Go: unpacked modules, their archives, and where they came from (`description.Descriptions`)."""

    def __init__(self, cache: Folder) -> None:
        self._cache = cache

    def of(self, package: Package) -> Description | None:
        """Return what a module says; see the protocol."""
        *folders, name = _escaped(package.name).split("/")
        version = _escaped(package.version or "")
        download = ("cache", "download", *folders, name, "@v")
        licence = _licence_in(self._cache, (*folders, f"{name}@{version}")) or self._archived(
            package, (*download, f"{version}.zip")
        )
        return _description(package, licence, self._cache.read(*download, f"{version}.info"))

    def _archived(self, package: Package, path: tuple[str, ...]) -> tuple[str, ...]:
        file = self._cache.opened(*path)
        if file is None:
            return ()
        inside = f"{package.name}@{package.version}/"

        def fits(name: str) -> bool:
            return name.startswith(inside) and bool(_LICENCE_FILE.fullmatch(name.removeprefix(inside)))

        with file:
            return _identifiers(archives.zip_member(file, fits))


class Paths:
    """What a module's path says of where its source lies (`description.Descriptions`)."""

    def of(self, package: Package) -> Description | None:
        """Return what a module says; see the protocol."""
        source = _by_path(package.name)
        return Description(_FROM_PATH, source=source) if source else None


def _escaped(text: str) -> str:
    """Return a module's path or version as a cache has it: for file systems that do not tell letters' cases apart."""
    return re.sub("[A-Z]", lambda letter: f"!{letter[0].lower()}", text)


def _licence_in(top: Folder, folder: tuple[str, ...]) -> tuple[str, ...]:
    return licences(
        identifier
        for name in top.names(*folder)
        if _LICENCE_FILE.fullmatch(name)
        for identifier in _identifiers(top.read(*folder, name))
    )


def _identifiers(data: bytes | None) -> tuple[str, ...]:
    texts = (match[1].decode(errors="replace") for match in _IDENTIFIER.finditer((data or b"")[:_HEAD_BYTES]))
    return licences(re.sub(r"\s*(\*/|-->)\s*$", "", text) for text in texts)


def _description(package: Package, licence: Iterable[str], info: bytes | None = None) -> Description | None:
    """Return what a licence's file or Go's note says, with the source that the path tells; None if both are silent."""
    says, noted = tuple(licence), _origin(info)
    if not says and noted is None:
        return None
    source = noted or _by_path(package.name)
    places = [("LICENSE", says), ("VERSION.info", noted), (_FROM_PATH, source and not noted)]
    return Description(", ".join(place for place, told in places if told), says, source=source)


def _origin(info: bytes | None) -> str | None:
    """Return the repository that Go fetched a version from, as it notes it beside the archive."""
    try:
        says = json.loads(info or b"null")
    except (ValueError, RecursionError):
        return None
    origin = says.get("Origin") if isinstance(says, dict) else None
    return repository(origin.get("URL")) if isinstance(origin, dict) else None


def _by_path(module: str) -> str | None:
    for pattern, address in _PATHS:
        if match := pattern.fullmatch(module):
            return repository(match.expand(address))
    return None
