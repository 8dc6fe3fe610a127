"""Reads `uv.lock`, version 1: digests, addresses and edges of all environments ("universal").

Markers are kept, never evaluated: an SBOM of a wheel that runs anywhere has to name what may be installed anywhere.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import graph
from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_git, clean_url, distribution
from counterseal.adapters.sbom.locks.python import pyproject
from counterseal.adapters.sbom.reading import Table
from counterseal.adapters.sbom.records import Lock, Origin, Package, Part, check_packages, part_key, unique_keys
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.locks.python.pyproject import Project
    from counterseal.adapters.sbom.records import Distribution

VERSION: Final = 1
_FOLDERS: Final = ("editable", "virtual", "directory")


@dataclass(slots=True)
class _Node:
    """A package of the lock, and what is collected for it: who needs it where, which extras are asked of it.

    `folder` is the one that a part lies in.
    """

    entry: Table
    name: str
    version: str | None
    folder: str | None
    key: str
    markers: set[str | None] = field(default_factory=set)
    extras: set[str] = field(default_factory=set)


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
    nodes = _nodes(document, posixpath.dirname(source.lock))
    by_name: dict[str, list[_Node]] = {}
    for node in nodes:
        by_name.setdefault(node.name, []).append(node)
    root = _root(nodes, project, source)
    _ask(nodes, by_name)
    _check_current(root.entry, project, document.place)
    parts = [_part(node, by_name) for node in nodes if node.folder is not None and node is not root]
    own = _part(root, by_name)
    locked = [(node, _needs(node, by_name)) for node in nodes if node.folder is None]
    lock = Lock(
        source.digest(data),
        replace(
            pyproject.part(project, source.project, own.dependencies),
            optional=own.optional,
            development=own.development,
        ),
        tuple(_package(node, needs) for node, needs in locked),
        tuple(parts),
    )
    return graph.reached(lock)


def _nodes(document: Table, folder: str) -> list[_Node]:
    nodes = []
    for entry in document.tables("package"):
        name, version = canonicalize_name(entry.text("name")), entry.optional_text("version")
        place = _folder(entry, folder)
        key = part_key(place) if place is not None else _key(entry, name, version)
        nodes.append(_Node(entry, name, version, place, key))
    check_packages([node.name for node in nodes], document.place)
    for node, key in zip(nodes, unique_keys(node.key for node in nodes), strict=True):
        node.key = key
    return nodes


def _folder(entry: Table, folder: str) -> str | None:
    """Return the folder of the checkout that a part lies in; None: it is no part, or lies outside."""
    source = entry.table("source")
    for kind in _FOLDERS:
        if path := source.optional_text(kind):
            place = posixpath.normpath(posixpath.join(folder, path))
            return None if place == ".." or place.startswith(("../", "/")) else place
    return None


def _origin(entry: Table) -> tuple[Origin, str | None, str | None]:
    """Return origin, address and git revision."""
    source = entry.table("source")
    if git := source.optional_text("git"):
        return Origin.GIT, clean_git(git.split("#")[0]), git.partition("#")[2] or None
    if url := source.optional_text("url"):
        return Origin.URL, clean_url(url), None
    if any(source.data.get(kind) is not None for kind in (*_FOLDERS, "path")):
        return Origin.PATH, None, None
    return Origin.REGISTRY, None, None


def _key(entry: Table, name: str, version: str | None) -> str:
    _, location, revision = _origin(entry)
    return urls.pypi(name, version, location, revision).to_string()


def _package(node: _Node, dependencies: Iterable[str]) -> Package:
    origin, location, revision = _origin(node.entry)
    return Package(
        node.key,
        urls.pypi(node.name, node.version, location, revision),
        node.name,
        node.version,
        origin,
        tuple(dict.fromkeys(_files(node.entry, f"{node.entry.place} ({node.name})"))),
        tuple(dependencies),
        markers=() if None in node.markers else tuple(sorted(filter(None, node.markers))),
        location=location,
        revision=revision,
    )


def _files(entry: Table, place: str) -> Iterator[Distribution]:
    sdist = entry.table("sdist")
    for file in (*([sdist] if sdist.data else []), *entry.tables("wheels")):
        address = file.optional_text("url") or file.optional_text("path") or file.optional_text("filename")
        url = entry.table("source").optional_text("url")
        algorithm, _, digest = (file.optional_text("hash") or "").partition(":")
        yield distribution(address or url or "", {algorithm: digest} if algorithm else {}, place)


def _part(node: _Node, by_name: dict[str, list[_Node]]) -> Part:
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


def _needs(node: _Node, by_name: dict[str, list[_Node]]) -> tuple[str, ...]:
    """Return the keys of what a package needs, with the extras that are asked of it."""
    table = node.entry.table("optional-dependencies")
    extras = [edge for extra in sorted(node.extras) for edge in table.tables(extra)]
    return _edges(node, [*node.entry.tables("dependencies"), *extras], by_name)


def _ask(nodes: Iterable[_Node], by_name: dict[str, list[_Node]]) -> None:
    """Find which extras are asked of which package: by parts in any way, by packages, and by extras of packages."""
    waiting: list[tuple[_Node, Table]] = []
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


def _edges(parent: _Node, edges: Iterable[Table], by_name: dict[str, list[_Node]]) -> tuple[str, ...]:
    keys = set()
    for edge in edges:
        target = _target(by_name, parent, edge)
        if target is not parent:
            keys.add(target.key)
            target.markers.add(edge.optional_text("marker"))
    return tuple(sorted(keys))


def _grouped(table: Table) -> list[Table]:
    return [edge for name in sorted(table.data) for edge in table.tables(name)]


def _target(by_name: dict[str, list[_Node]], parent: _Node, edge: Table) -> _Node:
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


def _root(nodes: list[_Node], project: Project, source: Source) -> _Node:
    parts = [node for node in nodes if node.folder is not None]
    own = [node for node in parts if node.name == project.name and node.folder == source.project]
    if len(own) == 1:
        return own[0]
    locked = sorted({node.name for node in parts})
    raise UsageError(
        f"{source.lock} is not of {project.name}",
        why=f"it locks {', '.join(locked[:5]) or 'no project'}",
        fix="run `uv lock` in the project, and commit the file",
    )


def _check_current(root: Table, project: Project, file: str) -> None:
    version = root.optional_text("version")
    if version and project.version and version != project.version:
        raise UsageError(
            f"{file} is of {project.name} {version}, but pyproject.toml says {project.version}",
            why="the lock was not made again after the change",
            fix="run `uv lock`, and commit the file",
        )
    metadata = root.table("metadata")
    if "requires-dist" not in metadata.data or project.requirements is None:
        return
    locked = {canonicalize_name(need.text("name")) for need in metadata.tables("requires-dist")} - {project.name}
    if locked != project.requirements:
        differing = ", ".join(sorted(locked ^ project.requirements))
        raise UsageError(
            f"{file} and pyproject.toml name different dependencies: {differing}",
            why="the lock was not made again after the change",
            fix="run `uv lock`, and commit the file",
        )
