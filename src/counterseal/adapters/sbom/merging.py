"""Several locks → one: of several projects of a repository, or of one project that has several lock files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.records import Lock, Scope
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.adapters.sbom.records import Package, Part

_ORDER: Final = list(Scope)


def joined(locks: Sequence[Lock]) -> Lock:
    """Return one lock: the first one's root, the other roots as parts, equal packages once.

    Args:
        locks: At least one, their packages with scopes.

    Raises:
        UsageError: Two projects are one folder, but of two names.
    """
    first, *others = locks
    if not others:
        return first
    parts: dict[str, Part] = {}
    packages: dict[str, Package] = {}
    for lock in locks:
        for part in (lock.root, *lock.parts):
            parts[part.key] = _part(parts[part.key], part) if part.key in parts else part
        for package in lock.packages:
            known = packages.get(package.key)
            packages[package.key] = united(known, package) if known else package
    root = parts.pop(first.root.key)
    files = dict(file for lock in locks for file in lock.files)
    has_edges = all(lock.has_edges for lock in locks)
    return Lock(tuple(sorted(files.items())), root, tuple(packages.values()), tuple(parts.values()), has_edges)


def _part(one: Part, other: Part) -> Part:
    if one.purl is not None and other.purl is not None and one.purl != other.purl:
        raise UsageError(
            f"{one.path} is {one.purl} by one lock file and {other.purl} by another",
            why="a project of an SBOM has one name and one version",
            fix="make an SBOM of each with its own artifacts, or correct the version",
        )
    named = one if one.purl is not None else other
    return replace(
        named,
        dependencies=_union(one.dependencies, other.dependencies),
        optional=_union(one.optional, other.optional),
        development=_union(one.development, other.development),
    )


def united(one: Package, other: Package) -> Package:
    """Return two entries of one package as one: what either has, the scope that leaves it in more often."""
    scopes = [package.scope for package in (one, other) if package.scope is not None]
    return replace(
        one,
        files=tuple(dict.fromkeys((*one.files, *other.files))),
        dependencies=_union(one.dependencies, other.dependencies),
        optional=_union(one.optional, other.optional),
        peers=_union(one.peers, other.peers),
        scope=min(scopes, key=_ORDER.index) if len(scopes) > 1 else None,
        # Needed everywhere by one lock is needed everywhere.
        markers=_union(one.markers, other.markers) if one.markers and other.markers else (),
        notes=tuple(dict.fromkeys((*one.notes, *other.notes))),
        licence=one.licence or other.licence,
    )


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))
