"""The packages of a lock by name, for formats whose edges are a name and a constraint on its version."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import graph
from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.merging import united
from counterseal.adapters.sbom.records import MAX_EDGES, Lock, Part, Scope, check_packages, part_key
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterseal.adapters.sbom.reading import Table
    from counterseal.adapters.sbom.records import Package

#: Versions that are compared with constraints: only those of names that a lock has in several versions.
MAX_COMPARED: Final = 200_000
_CLAUSE: Final = re.compile(r"([<>=!~^]*)\s*([^\s,|<>=!~^]+)")


class Candidates:
    """What the edges of a lock may lead to.

    Args:
        file: The lock, for messages.
        entries: The packages and parts of the lock.
    """

    def __init__(self, file: str, entries: Iterable[Package | Part]) -> None:
        self._file = file
        self._by_name: dict[str, dict[str, str | None]] = {}
        for entry in entries:
            self._by_name.setdefault(entry.name, {})[entry.key] = entry.version
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._compared = self._edges = 0

    @property
    def keys(self) -> Mapping[str, Sequence[str]]:
        """Return the keys of each name."""
        return {name: list(versions) for name, versions in self._by_name.items()}

    def fitting(self, name: str, constraint: str, parent: str, *, may_miss: bool) -> tuple[str, ...]:
        """Return the keys of what an edge may lead to: of several versions those that fit, of one that one.

        Args:
            name: What is needed.
            constraint: On its version, as PEP 440 or poetry writes it.
            parent: Who needs it, for messages.
            may_miss: Whether the lock may lack it, because some marker or extra leaves it out.

        Raises:
            FormatError: The lock does not have it.
            UsageError: There are so many edges, or versions to compare, that no tool wrote it.
        """
        versions = self._by_name.get(canonicalize_name(name), {})
        if not versions and not may_miss:
            raise FormatError(
                f"{self._file}: {parent} needs {name[:80]}, which is not in it",
                why="the lock file is damaged, or was not made again after a change",
                fix="make the lock file again, and commit it",
            )
        if len(versions) > 1:
            keys = self._of_versions(canonicalize_name(name), constraint, versions)
        else:
            keys = tuple(versions)
        self._edges += len(keys)
        if self._edges > MAX_EDGES:
            raise UsageError(f"{self._file} has more than {MAX_EDGES} edges", why="that many are not read")
        return keys

    def _of_versions(self, name: str, constraint: str, versions: Mapping[str, str | None]) -> tuple[str, ...]:
        if (name, constraint) not in self._known:
            self._compared += len(versions)
            if self._compared > MAX_COMPARED:
                raise UsageError(
                    f"{self._file} has too many versions of {name}",
                    why=f"more than {MAX_COMPARED} comparisons are not made",
                    fix="make the lock file again",
                )
            allowed = _specifiers(constraint)
            fitting = (
                key
                for key, version in versions.items()
                if version is None or any(_allows(one, version) for one in allowed)
            )
            # A constraint that nothing fits is written in a way that we do not know.
            self._known[name, constraint] = tuple(fitting) or tuple(versions)
        return self._known[name, constraint]


def _specifiers(constraint: str) -> list[SpecifierSet]:
    """Return the alternatives of a constraint; what cannot be read allows everything."""
    try:
        return [
            SpecifierSet(",".join(_clause(operator, version) for operator, version in _CLAUSE.findall(part)))
            for part in constraint.split("||")
        ]
    except InvalidSpecifier:
        return [SpecifierSet("")]


def _clause(operator: str, version: str) -> str:
    """Return a clause of poetry's as PEP 440 writes it: `^1.2`, `~1.2`, `1.2` and `*` are not of PEP 440."""
    release = version.split(".")
    if version == "*":
        return ""
    if operator == "^":
        first = next((number for number, part in enumerate(release) if part.strip("0")), len(release) - 1)
        return f">={version},=={'.'.join(release[: first + 1])}.*"
    if operator == "~":
        return f">={version},=={'.'.join(release[:2])}.*"
    return f"{operator or '=='}{version}"


def _allows(allowed: SpecifierSet, version: str) -> bool:
    try:
        return allowed.contains(version, prereleases=True)
    except ValueError:  # a version that is not of PEP 440
        return True


def subfolder(path: str | None) -> tuple[tuple[str, str], ...]:
    """Return the note that a package lies in a folder of a git repository or archive; None: at its top."""
    return (("subdirectory", path),) if path and path.isprintable() else ()


def folder_part(entry: Table, folder: str) -> Part:
    """Return the part that an entry of a lock is, by the folder of the checkout that it lies in."""
    name, version = canonicalize_name(entry.text("name")), entry.optional_text("version")
    return Part(part_key(folder), folder, name, version, urls.pypi(name, version))


def merged(packages: Iterable[Package], file: str) -> dict[str, Package]:
    """Return the packages by key, entries of the same one joined.

    Raises:
        UsageError: There are too many.
    """
    entries = list(packages)
    check_packages([package.name for package in entries], file)
    by_key: dict[str, Package] = {}
    for package in entries:
        by_key[package.key] = united(by_key[package.key], package) if package.key in by_key else package
    return by_key


def linked(lock: Lock, needs: Mapping[str, set[str]]) -> Lock:
    """Return a lock whose packages and parts need what is said, by keys; a part that is the root is the root.

    Args:
        lock: The lock, its root with what the manifest says.
        needs: Keys that each key needs; itself does not count.
    """

    def of(key: str, *known: str) -> tuple[str, ...]:
        return tuple(sorted({*known, *needs.get(key, ())} - {key}))

    root = lock.root
    return replace(
        lock,
        root=replace(root, dependencies=of(root.key, *root.dependencies)),
        packages=tuple(replace(package, dependencies=of(package.key)) for package in lock.packages),
        parts=tuple(replace(part, dependencies=of(part.key)) for part in lock.parts if part.key != root.key),
    )


def without_loose(lock: Lock) -> Lock:
    """Return a lock in which what nobody reaches is required, for nothing says that it is for developers only.

    Of use for formats that do not say who a package is for, where it follows from the project's manifest.
    """
    reached = {package.key for package in graph.reached(lock).packages}
    return replace(
        lock,
        packages=tuple(
            package if package.key in reached or package.scope else replace(package, scope=Scope.REQUIRED)
            for package in lock.packages
        ),
    )
