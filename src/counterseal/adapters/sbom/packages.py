"""Package URLs of the ecosystems, and the key that tells a package from others of the same one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from packageurl import PackageURL
from packaging.utils import canonicalize_name

from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Longer than any name or version that a registry takes; with its scope or group.
MAX_NAME: Final = 500
#: A name with capitals, as npm took until 2017.
_LEGACY_NPM: Final = re.compile(r"(?:@[A-Za-z0-9._~-]+/)?[A-Za-z0-9._~-]+\Z")


class _LegacyNpmURL(PackageURL):
    """A purl whose name keeps its capitals: `JSONStream` and `jsonstream` are two packages of npm.

    The purl-spec lowers names of the type, which tools of npm do not for such old ones.
    """

    def to_string(self, encode: bool | None = True) -> str:  # noqa: FBT001, FBT002 - as the base has it
        head = "/".join(filter(None, ("pkg:npm", (self.namespace or "").replace("@", "%40"), self.name)))
        return head + super().to_string(encode)[len(head) :]


class NoPackageError(FormatError):
    """A name or version that no registry takes; the builder adds the lock file that has it."""


def pypi(name: str, version: str | None, location: str | None = None, revision: str | None = None) -> PackageURL:
    """Return the purl of a Python package (purl-spec, type `pypi`)."""
    return _purl("pypi", "", canonicalize_name(name), version, source(location, revision))


def npm(name: str, version: str | None, location: str | None = None, revision: str | None = None) -> PackageURL:
    """Return the purl of an npm package, its scope as namespace (purl-spec, type `npm`)."""
    scope, _, rest = name.rpartition("/")
    purl = _purl("npm", scope, rest, version, source(location, revision))
    if name == name.lower() or not _LEGACY_NPM.match(name):
        return purl
    return _LegacyNpmURL._make((purl.type, scope or None, rest, *purl[3:]))


def cargo(name: str, version: str | None, location: str | None = None, revision: str | None = None) -> PackageURL:
    """Return the purl of a crate (purl-spec, type `cargo`)."""
    return _purl("cargo", "", name, version, source(location, revision))


def golang(module: str, version: str | None) -> PackageURL:
    """Return the purl of a Go module (purl-spec, type `golang`)."""
    namespace, _, name = module.rpartition("/")
    return _purl("golang", namespace, name, version, {})


def maven(group: str, artifact: str, version: str | None) -> PackageURL:
    """Return the purl of a Maven artifact (purl-spec, type `maven`)."""
    return _purl("maven", group, artifact, version, {})


def source(location: str | None, revision: str | None) -> dict[str, str]:
    """Return the qualifiers of a package that comes from git or an address (purl-spec, known qualifiers)."""
    if location and revision:
        return {"vcs_url": f"git+{location}@{revision}"}
    return {"download_url": location} if location else {}


def _purl(kind: str, namespace: str, name: str, version: str | None, qualifiers: Mapping[str, str]) -> PackageURL:
    text = f"{namespace}/{name}@{version}"
    if len(text) > MAX_NAME or not text.isprintable():
        raise NoPackageError(f"{text[:80]!r} is not a package of type {kind}", fix="make the lock file again")
    try:
        return PackageURL(kind, namespace or None, name, version or None, dict(qualifiers))
    except ValueError as error:
        raise NoPackageError(f"{text[:80]!r} is not a package of type {kind}", why=str(error)) from error
