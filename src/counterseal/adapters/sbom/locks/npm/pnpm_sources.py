"""Where the packages of a pnpm-lock.yaml come from: name and version by their id, source by their `resolution`.

Source: pnpm's packages `dependency-path`, `lockfile.types` and `resolver-base`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from packageurl import PackageURL

from counterseal.adapters.sbom.addresses import clean_git, clean_url, distribution, integrity
from counterseal.adapters.sbom.locks.npm import copies
from counterseal.adapters.sbom.records import Origin
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.sbom.reading import Table
    from counterseal.adapters.sbom.records import Distribution, Package

_RUNTIME: Final = "runtime:"
_PATCH: Final = re.compile(r"\(patch_hash=([0-9a-z]{1,128})\)")
#: Archives that forges make of a revision: host and path of the repository, revision.
_FORGES: Final = (
    re.compile(r"https://codeload\.([^/]+)/([^/]+/[^/]+)/tar\.gz/([0-9a-f]{40,64})\Z"),
    re.compile(r"https://([^/]+)/api/v4/projects/([^/]+)/repository/archive\.tar\.gz\?(?:ref|sha)=([0-9a-f]{40,64})\Z"),
    re.compile(r"https://([^/]+)/(.+?)/-/archive/([0-9a-f]{40,64})/[^/]+\.tar\.gz\Z"),
    re.compile(r"https://([^/]+)/([^/]+/[^/]+)/get/([0-9a-f]{40,64})\.tar\.gz\Z"),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the id of a package says: the id without peers, name and version, or source instead of a version.

    `patch` is the digest, of pnpm's own making, of a patch that pnpm applies after unpacking.
    """

    text: str
    name: str
    version: str
    patch: str | None = None


def identity(text: str, file: str, *, is_old: bool) -> Identity:
    """Return what an id says: `name@version(peer@version)`; in version 6 with `/` before it, or just a source.

    Args:
        text: The id.
        file: The lock's name.
        is_old: Of version 6.
    """
    bare = _without_peers(text)
    patch = match[1] if (match := _PATCH.search(text, len(bare))) else None
    if is_old and not bare.startswith("/"):
        return Identity(bare, "", bare, patch)
    name, version = _split(bare.removeprefix("/"), file)
    # Of very many peers an old pnpm wrote a digest; a version has no `_` (semver.org, version 2).
    return Identity(bare, name, version.partition("_")[0] if is_old else version, patch)


def package_of(bare: Identity, entry: Table, place: str) -> Package:
    """Return a package without edges; a patched one says so, for its digest is that of the archive before.

    Args:
        bare: By its id.
        entry: As the lock has it under `packages`.
        place: For messages.

    Raises:
        FormatError: It has no name, or its source is none that pnpm writes.
    """
    one = _unpatched(bare, entry, place)
    return replace(one, notes=(("pnpm-patch-hash", bare.patch),)) if bare.patch else one


def _unpatched(bare: Identity, entry: Table, place: str) -> Package:
    resolution = entry.table("resolution")
    name = entry.text("name") if not bare.name else entry.optional_text("name") or bare.name
    version = entry.optional_text("version") or (None if ":" in bare.version or not bare.name else bare.version)
    kind, digests = resolution.optional_text("type"), resolution.optional_text("integrity")
    if bare.version.startswith(_RUNTIME):
        return _runtime(place, name, bare.version.removeprefix(_RUNTIME), resolution)
    if kind == "git":
        repository = (clean_git(resolution.text("repo")), resolution.text("commit"))
        return copies.package(place, name, version, Origin.GIT, (), repository)
    if kind is not None:
        raise FormatError(f"{place}: its source is a {kind[:40]!r}", why="that is not known", fix="lock it again")
    address = resolution.optional_text("tarball")
    archives = copies.files(name, version, address, digests, place)
    for forge in _FORGES:
        if address is not None and (match := forge.match(address)):
            location = clean_url(f"https://{match[1]}/{unquote(match[2])}")
            return copies.package(place, name, version, Origin.GIT, archives, (location, match[3]))
    origin = copies.origin(address)
    location = clean_url(address or "") if origin is Origin.URL else None
    return copies.package(place, name, version, origin, archives, (location, None))


def _runtime(place: str, name: str, version: str, resolution: Table) -> Package:
    """Return Node.js, Deno or Bun, which are no packages of npm: one archive for each platform."""
    one = copies.package(place, name, version, Origin.URL, _variants(resolution))
    purl = PackageURL("generic", None, name, version)
    return replace(one, purl=purl, key=purl.to_string())


def _variants(resolution: Table) -> Iterator[Distribution]:
    for variant in (resolution, *(variant.table("resolution") for variant in resolution.tables("variants"))):
        if digests := variant.optional_text("integrity"):
            yield distribution(variant.optional_text("url") or "", integrity(digests, variant.place), variant.place)


def _without_peers(text: str) -> str:
    """Return an id without the groups in brackets at its end: peers, and the digest of a patch."""
    depth, end = 0, len(text)
    for index in range(len(text) - 1, -1, -1):
        depth += (text[index] == ")") - (text[index] == "(")
        if depth == 0:
            if text[index] != "(":
                break
            end = index
    return text[:end]


def _split(bare: str, file: str) -> tuple[str, str]:
    """Return name and version; the name may begin with `@`, the version may be an address with one."""
    at = bare.find("@", 1)
    if at < 0:
        raise FormatError(f"{file}: {bare[:80]!r} is not an id of a package", fix="make the lock file again")
    return bare[:at], bare[at + 1 :]
