"""Who is reached from where: the part of a workspace that belongs to one project, and the scope of every package."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from counterseal.adapters.sbom.records import Package, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterseal.adapters.sbom.records import Lock, Part


def of_root(lock: Lock) -> Lock:
    """Return what the root reaches: its own development counts, that of the parts that it needs does not."""
    nodes = _nodes(lock)
    reached = _reach([*lock.root.dependencies, *lock.root.optional, *lock.root.development], nodes, optional=True)
    return replace(
        lock,
        parts=tuple(replace(part, development=()) for part in lock.parts if part.key in reached),
        packages=tuple(package for package in lock.packages if package.key in reached),
    )


def reached(lock: Lock) -> Lock:
    """Return the lock without packages that no part reaches."""
    parts = (lock.root, *lock.parts)
    keys = _reach(
        (key for part in parts for key in (*part.dependencies, *part.optional, *part.development)),
        _nodes(lock),
        optional=True,
    )
    return replace(lock, packages=tuple(package for package in lock.packages if package.key in keys))


def scoped(lock: Lock) -> Lock:
    """Return the lock with a scope at every package.

    What a lock says of its packages stands. Else a package that parts need by their dependencies alone is required,
    one that they or packages can do without is optional, and the rest is there for developers. Where a format has no
    edges everything is required.
    """
    if not lock.has_edges:
        return replace(lock, packages=tuple(_with(package, Scope.REQUIRED) for package in lock.packages))
    nodes, parts = _nodes(lock), (lock.root, *(part for part in lock.parts if part.importer))
    required = _reach((key for part in parts for key in part.dependencies), nodes, optional=False)
    beside = [key for part in parts for key in part.optional]
    beside += [key for node in required if node in nodes for key in nodes[node].optional]
    optional = _reach(beside, nodes, optional=True)
    scopes = dict.fromkeys(optional, Scope.OPTIONAL) | dict.fromkeys(required, Scope.REQUIRED)
    return replace(
        lock,
        packages=tuple(_with(package, scopes.get(package.key, Scope.EXCLUDED)) for package in lock.packages),
    )


def without_development(lock: Lock) -> Lock:
    """Return a lock with scopes without what is there for developers only, and without the edges to it."""
    kept = tuple(package for package in lock.packages if package.scope is not Scope.EXCLUDED)
    keys = {package.key for package in kept} | {part.key for part in (lock.root, *lock.parts)}
    root, *parts = (
        replace(
            part,
            dependencies=_among(keys, part.dependencies),
            optional=_among(keys, part.optional),
            development=(),
        )
        for part in (lock.root, *lock.parts)
    )
    packages = (
        replace(package, dependencies=_among(keys, package.dependencies), optional=_among(keys, package.optional))
        for package in kept
    )
    return replace(lock, root=root, parts=tuple(parts), packages=tuple(packages))


def _with(package: Package, scope: Scope) -> Package:
    return package if package.scope is not None else replace(package, scope=scope)


def _among(keys: set[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in wanted if key in keys)


def _nodes(lock: Lock) -> dict[str, Package | Part]:
    nodes: dict[str, Package | Part] = {package.key: package for package in lock.packages}
    return nodes | {part.key: part for part in (lock.root, *lock.parts)}


def _reach(start: Iterable[str], nodes: Mapping[str, Package | Part], *, optional: bool) -> set[str]:
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key in reached or key not in nodes:
            continue
        reached.add(key)
        node = nodes[key]
        waiting += node.dependencies
        if isinstance(node, Package):
            waiting += node.peers
        if optional:
            waiting += node.optional
    return reached
