"""What every lock file says, whatever its format: parts of the repository, and packages with files, digests and edges.

No format and no SBOM is known here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from packageurl import PackageURL

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


MAX_PACKAGES: Final = 100_000
#: Edges of one lock; real ones have two or three for a package.
MAX_EDGES: Final = 2_000_000
#: Path of a part whose folder is not in the checkout.
NOT_HERE: Final = "(not in the repository)"
#: Packages of one name; a forked resolution has a handful.
MAX_VERSIONS: Final = 100


class Scope(StrEnum):
    """CycloneDX `scope`: needed at run time, needed by an option of the project, or for its developers only."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    EXCLUDED = "excluded"


class Origin(StrEnum):
    """Where a package comes from; `path` is a file of the repository, `bundled` the archive of another package."""

    REGISTRY = "registry"
    GIT = "git"
    URL = "url"
    PATH = "path"
    BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class Distribution:
    """A file of a package: its name, its address without credentials (None: none), digests as (algorithm, hex)."""

    name: str
    url: str | None
    hashes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A locked package.

    Attributes:
        key: Its purl with what tells it from others of the lock; the reference that edges lead to.
        purl: Its package URL (purl-spec). A package from git or an address says so in the qualifiers.
        name: As the ecosystem writes it; of npm with its scope, of Maven `group:artifact`.
        version: None if the lock has none.
        files: What is downloaded; empty where the lock names no file and no digest.
        dependencies: Keys of the packages and parts that it needs.
        optional: Keys of those that it can do without.
        peers: Keys of those that who needs it has to bring: no edges of an SBOM, but they come along.
        scope: As the lock says it; None: it follows from who needs it (`graph.py`).
        markers: The environments that it is needed in; empty: all.
        location: Address of a git repository or archive without credentials.
        revision: The git revision, if it comes from git.
        notes: What has no place of its own in CycloneDX, as (name, value) of properties.
        path: Of a file of the repository, its path in the checkout.
        licence: As the lock says it, if it does: an SPDX expression, id or name, or what stands there instead.
    """

    key: str
    purl: PackageURL
    name: str
    version: str | None
    origin: Origin = Origin.REGISTRY
    files: tuple[Distribution, ...] = ()
    dependencies: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    scope: Scope | None = None
    markers: tuple[str, ...] = ()
    location: str | None = None
    revision: str | None = None
    notes: tuple[tuple[str, str], ...] = ()
    path: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A project of the repository: the root, a member of a workspace, a folder that is depended on.

    Attributes:
        key: The reference that edges lead to.
        path: Its folder in the checkout, `.` for the checkout's own; `NOT_HERE`.
        dependencies: Keys of what it needs.
        optional: Keys of what its extras, features or optional dependencies need.
        development: Keys of what its developers need.
        licence: SPDX expression, if it says one.
        supplier: Names of the people or the organisation that its manifest names as authors.
        runnable: Whether it is an application rather than a library.
        importer: Whether what it needs is needed for its own sake; not so of a folder that others depend on.
    """

    key: str
    path: str
    name: str
    version: str | None
    purl: PackageURL | None
    dependencies: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    development: tuple[str, ...] = ()
    licence: str | None = None
    description: str | None = None
    supplier: str | None = None
    runnable: bool = False
    importer: bool = True


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file as read, or several that were joined.

    Attributes:
        files: Path in the checkout and sha256 of what was read as lock.
        root: The project that the SBOM is of.
        parts: The other parts that the lock knows.
        packages: Everything that is no part, development included.
        has_edges: Whether the format tells who needs whom.
    """

    files: tuple[tuple[str, str], ...]
    root: Part
    packages: tuple[Package, ...]
    parts: tuple[Part, ...] = ()
    has_edges: bool = True


def part_key(path: str) -> str:
    """Return the key of a part: by its folder, for names may repeat and may be missing."""
    return f"part:{path}"


def check_packages(names: Sequence[str], file: str) -> None:
    """Refuse a lock with so many packages, or so many of one name, that no tool wrote it.

    Raises:
        UsageError: More than 100,000 packages, or one name more than 100 times.
    """
    if len(names) > MAX_PACKAGES:
        raise UsageError(f"{file} has more than {MAX_PACKAGES} packages", why="that many are not read")
    name, count = max(Counter(names).items(), key=itemgetter(1), default=("", 0))
    if count > MAX_VERSIONS:
        raise UsageError(
            f"{file} has {name} {count} times", why=f"at most {MAX_VERSIONS} are read", fix="make it again"
        )


def unique_keys(keys: Iterable[str]) -> list[str]:
    """Return the keys with `#2`, `#3` … where one repeats, in their order."""
    seen: Counter[str] = Counter()
    numbered = []
    for key in keys:
        seen[key] += 1
        numbered.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return numbered
