"""Reads `uv.lock`, version 1: digests, addresses and edges of all environments ("universal").

Markers are kept, never evaluated: an SBOM of a wheel that runs anywhere has to name what may be installed anywhere.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import graph
from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import distribution
from counterseal.adapters.sbom.checkout import inside
from counterseal.adapters.sbom.locks.python import pyproject
from counterseal.adapters.sbom.locks.python.candidates import subfolder
from counterseal.adapters.sbom.locks.python.uv_node import Node, nodes, origin, subdirectory
from counterseal.adapters.sbom.locks.python.uv_root import root
from counterseal.adapters.sbom.records import Lock, Package, Part
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.reading import Table
    from counterseal.adapters.sbom.records import Distribution

VERSION: Final = 1


def read(source: Source) -> Lock:
    """Return what a uv.lock says of a project.

    Raises:
        UsageError: The lock is of another version of the format, or not of this project as it is now.
        FormatError: An edge leads nowhere, or something is not of its type.
    """
    data, project = source.data(), pyproject.read(source)
    document = toml_table(data, source.lock)
    if document.data.get("version") != VERSION:
        raise UsageError(
            f"{document.place} has format version {document.data.get('version')!r}",
            why=f"this counterseal reads version {VERSION}",
            fix="use a newer counterseal, or write the lock with a uv that writes version 1",
        )
    entries = nodes(document)
    by_name: dict[str, list[Node]] = {}
    for node in entries:
        by_name.setdefault(node.name, []).append(node)
    members = [node for node in entries if node.folder is not None]
    chosen, project = root(members, project, source)
    _ask(entries, by_name)
    own = _part(chosen, by_name) if chosen else _workspace(document.table("manifest"), members, by_name)
    parts = tuple(_part(node, by_name) for node in members if node is not chosen)
    locked = [(node, _needs(node, by_name)) for node in entries if node.folder is None]
    path = chosen.folder if chosen and chosen.folder else source.project
    lock = Lock(
        source.digest(data),
        pyproject.part(project, path, own.dependencies, own.optional, own.development),
        tuple(_package(node, needs, posixpath.dirname(source.lock)) for node, needs in locked),
        parts,
    )
    return graph.reached(lock) if path == source.project else graph.of_root(lock)


def _package(node: Node, dependencies: Iterable[str], lock_folder: str) -> Package:
    source, location, revision = origin(node.entry)
    folder, path = subdirectory(node.entry), node.entry.table("source").optional_text("path")
    return Package(
        node.key,
        urls.pypi(node.name, node.version, location, revision),
        node.name,
        node.version,
        source,
        tuple(dict.fromkeys(_files(node.entry, f"{node.entry.place} ({node.name})"))),
        tuple(dependencies),
        markers=() if None in node.markers else tuple(sorted(filter(None, node.markers))),
        location=location,
        revision=revision,
        notes=subfolder(folder),
        path=inside(lock_folder, path) if path else None,
    )


def _files(entry: Table, place: str) -> Iterator[Distribution]:
    sdist = entry.table("sdist")
    for file in (*([sdist] if sdist.data else []), *entry.tables("wheels")):
        address = file.optional_text("url") or file.optional_text("path") or file.optional_text("filename")
        url = entry.table("source").optional_text("url")
        algorithm, _, digest = (file.optional_text("hash") or "").partition(":")
        yield distribution(address or url or "", {algorithm: digest} if algorithm else {}, place)


def _part(node: Node, by_name: dict[str, list[Node]]) -> Part:
    return Part(
        node.key,
        node.folder or ".",
        node.name,
        node.version,
        urls.pypi(node.name, node.version),
        _edges(node, node.entry.tables("dependencies"), by_name),
        _edges(node, _grouped(node.entry.table("optional-dependencies")), by_name),
        _edges(node, _grouped(node.entry.table("dev-dependencies")), by_name),
    )


def _workspace(manifest: Table, members: Iterable[Node], by_name: dict[str, list[Node]]) -> Part:
    """Return a workspace whose own folder is no project: it has the members, and may have groups for developers."""
    groups = [canonicalize_name(need.text("name")) for need in _grouped(manifest.table("dependency-groups"))]
    development = {node.key for name in dict.fromkeys(groups) for node in by_name.get(name, ())}
    for name in groups:
        for node in by_name.get(name, ()):
            node.markers.add(None)
    keys = tuple(sorted(node.key for node in members))
    return Part("", "", pyproject.NAMELESS, None, None, keys, (), tuple(sorted(development - set(keys))))


def _needs(node: Node, by_name: dict[str, list[Node]]) -> tuple[str, ...]:
    """Return the keys of what a package needs, with the extras that are asked of it."""
    table = node.entry.table("optional-dependencies")
    extras = [edge for extra in sorted(node.extras) for edge in table.tables(extra)]
    return _edges(node, [*node.entry.tables("dependencies"), *extras], by_name)


def _ask(nodes: Iterable[Node], by_name: dict[str, list[Node]]) -> None:
    """Find which extras are asked of which package: by parts in any way, by packages, and by extras of packages."""
    waiting: list[tuple[Node, Table]] = []
    for node in nodes:
        waiting += ((node, edge) for edge in node.entry.tables("dependencies"))
        if node.folder is not None:
            for kind in ("optional-dependencies", "dev-dependencies"):
                waiting += ((node, edge) for edge in _grouped(node.entry.table(kind)))
    while waiting:
        parent, edge = waiting.pop()
        target = _target(by_name, parent, edge)
        table = target.entry.table("optional-dependencies")
        for extra in set(edge.texts("extra")) - target.extras:
            target.extras.add(extra)
            waiting += ((target, further) for further in table.tables(extra))


def _edges(parent: Node, edges: Iterable[Table], by_name: dict[str, list[Node]]) -> tuple[str, ...]:
    keys = set()
    for edge in edges:
        target = _target(by_name, parent, edge)
        if target is not parent:
            keys.add(target.key)
            target.markers.add(edge.optional_text("marker"))
    return tuple(sorted(keys))


def _grouped(table: Table) -> list[Table]:
    return [edge for name in sorted(table.data) for edge in table.tables(name)]


def _target(by_name: dict[str, list[Node]], parent: Node, edge: Table) -> Node:
    """Return the package that an edge leads to; a forked resolution names version and source too."""
    name, version = canonicalize_name(edge.text("name")), edge.optional_text("version")
    source = edge.data.get("source")
    fitting = [
        node
        for node in by_name.get(name, [])
        if version in (None, node.version) and source in (None, node.entry.data.get("source"))
    ]
    if len(fitting) != 1:
        raise FormatError(
            f"{edge.place}: {parent.name} needs {name}{f' {version}' if version else ''}",
            why=f"the lock has {len(fitting)} packages that fit",
            fix="make it again with `uv lock`",
        )
    return fitting[0]
