"""What every lock file says, whatever its format: packages with their files, digests and edges.

Also the careful reading of a requirement from outside. No format and no SBOM is known here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from packageurl import PackageURL
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from counterseal import plain_file
from counterseal.errors import FormatError, UsageError
from counterseal.formats import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_BYTES: Final = 16 << 20
MAX_PACKAGES: Final = 10_000
#: Packages of one name; a forked resolution has a handful.
MAX_VERSIONS: Final = 100
MAX_REQUIREMENT: Final = 8192
MAX_PARENTHESES: Final = 32
HASHES: Final = {"sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128}


class Scope(StrEnum):
    """CycloneDX `scope`: needed at run time, needed by an extra of the project, or for its developers only."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    EXCLUDED = "excluded"


class Origin(StrEnum):
    """Where a package comes from; `path` and `member` are folders or files of the repository."""

    REGISTRY = "registry"
    GIT = "git"
    URL = "url"
    PATH = "path"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Distribution:
    """A file of a package: its name, its address without credentials (None: none), digests as (algorithm, hex)."""

    name: str
    url: str | None
    hashes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A locked package; `key` is its purl, made unique.

    Attributes:
        dependencies: Keys of the packages that it needs.
        markers: The environments that it is needed in (PEP 508); empty: all.
        location: Address of a git repository or archive without credentials.
        revision: The git revision, if it comes from git.
    """

    key: str
    name: str
    version: str | None
    origin: Origin
    files: tuple[Distribution, ...]
    dependencies: tuple[str, ...] = ()
    scope: Scope = Scope.REQUIRED
    markers: tuple[str, ...] = ()
    location: str | None = None
    revision: str | None = None

    @property
    def purl(self) -> PackageURL:
        """Return the package URL (purl-spec, type `pypi`)."""
        return purl(self.name, self.version, self.location, self.revision)


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file as read.

    Attributes:
        file: Its name.
        root: Key that edges to the project itself have.
        direct: Keys of what the project needs directly.
        packages: Everything but the project.
        has_edges: Whether the format tells who needs whom.
    """

    file: str
    root: str
    direct: tuple[str, ...]
    packages: tuple[Package, ...]
    has_edges: bool


def purl(name: str, version: str | None, location: str | None = None, revision: str | None = None) -> PackageURL:
    """Return the purl of a Python package; one from git or an address says so in its qualifiers."""
    qualifiers = {}
    if revision:
        qualifiers["vcs_url"] = f"git+{location}@{revision}"
    elif location:
        qualifiers["download_url"] = location
    return PackageURL("pypi", None, canonicalize_name(name), version, qualifiers)


def clean_url(url: str) -> str | None:
    """Return an address without user, password, query and fragment, which may hold secrets; None if it is local."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", f":{split.port}" if split.port else ""
    except ValueError:
        return None
    if split.scheme not in ("http", "https", "ssh") or not names.URL_HOST.fits(host):
        return None
    host = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    path = quote(split.path, safe="/:@!$&'()*+,;=~%")
    return urlunsplit((split.scheme, host, re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path), "", ""))


def distribution(address: str, hashes: Mapping[str, str], place: str) -> Distribution:
    """Return a file by its address, path or name.

    Raises:
        FormatError: A digest is malformed.
    """
    for algorithm, digest in hashes.items():
        size = HASHES.get(algorithm, len(digest))
        if len(digest) != size or not digest or set(digest) - set("0123456789abcdef"):
            raise FormatError(f"{place}: {digest[:80]!r} is no {algorithm}", fix="make the lock file again")
    known = tuple(sorted((algorithm, digest) for algorithm, digest in hashes.items() if algorithm in HASHES))
    name = unquote(address.replace("\\", "/").split("#")[0].split("?")[0].rstrip("/").rpartition("/")[2])
    return Distribution(name, clean_url(address), known)


@dataclass(frozen=True, slots=True)
class Table:
    """A TOML table whose parts are taken out by type; `place` names it in messages."""

    data: Mapping[str, Any]
    place: str

    def text(self, key: str) -> str:
        """Return a text that has to be there."""
        value = self.optional_text(key)
        if not value:
            raise FormatError(f"{self.place}: `{key}` is missing", fix="make the file again")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            raise FormatError(f"{self.place}: `{key}` is no text")
        return value

    def table(self, key: str) -> Table:
        """Return a table; an absent one is empty."""
        value = self.data.get(key, {})
        if not isinstance(value, Mapping):
            raise FormatError(f"{self.place}: `{key}` is no table")
        return Table(value, f"{self.place}: {key}")

    def tables(self, key: str) -> Iterator[Table]:
        """Yield the tables of a list; an absent one is empty."""
        for number, value in enumerate(self._list(key), start=1):
            if not isinstance(value, Mapping):
                raise FormatError(f"{self.place}: `{key}` number {number} is no table")
            yield Table(value, f"{self.place}: {key} {number}")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of a list; an absent one is empty."""
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise FormatError(f"{self.place}: `{key}` is no list of texts")
        return tuple(values)

    def _list(self, key: str) -> list[Any]:
        values = self.data.get(key, [])
        if not isinstance(values, list):
            raise FormatError(f"{self.place}: `{key}` is no list")
        return values


def read_bytes(path: Path) -> bytes:
    """Return a file of the project.

    Raises:
        UsageError: It is no plain file, unreadable, or larger than 16 MiB.
    """
    return plain_file.read(path, max_bytes=MAX_BYTES)


def check_names(names: Iterable[str], file: str) -> None:
    """Refuse a lock that has one name so often that searching its versions would take for ever.

    Raises:
        UsageError: One is there more than 100 times.
    """
    name, count = max(Counter(names).items(), key=itemgetter(1), default=("", 0))
    if count > MAX_VERSIONS:
        raise UsageError(
            f"{file} has {name} {count} times", why=f"at most {MAX_VERSIONS} are read", fix="make it again"
        )


def requirement(text: str, place: str) -> Requirement:
    """Return a requirement (PEP 508).

    Raises:
        FormatError: It is none, or so long or deep that no tool wrote it.
    """
    check_marker(text, place)
    try:
        return Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(f"{place}: {text[:80]!r} is no requirement", why=why) from error


def check_marker(text: str, place: str) -> None:
    """Refuse a requirement or marker that the parser would recurse into too deeply.

    Raises:
        FormatError: It has too many characters, or parentheses in parentheses.
    """
    depth = deepest = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if len(text) > MAX_REQUIREMENT or deepest > MAX_PARENTHESES:
        why = f"at most {MAX_REQUIREMENT} characters and {MAX_PARENTHESES} parentheses in each other are read"
        raise FormatError(f"{place}: {text[:80]!r} is no requirement", why=why)
