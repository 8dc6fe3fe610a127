"""Reads `uv.lock`, version 1: digests, addresses and edges of all environments ("universal").

Followed are the project's dependencies, then those of its extras, then, if asked for, of its development groups; what
none of them reaches (other members of a workspace) is left out. Markers are kept, never evaluated: an SBOM of a wheel
that runs anywhere has to name what may be installed anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom.lockfile import (
    MAX_PACKAGES,
    Distribution,
    Lock,
    Origin,
    Package,
    Scope,
    Table,
    check_names,
    clean_url,
    distribution,
    purl,
)
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.sbom.project import Project

VERSION: Final = 1
_LOCAL: Final = ("editable", "virtual", "directory", "path")


@dataclass(slots=True)
class _Node:
    """A package while the graph is walked."""

    entry: Table
    package: Package
    scope: Scope | None = None
    dependencies: set[str] = field(default_factory=set)
    markers: set[str | None] = field(default_factory=set)


def read(document: Table, project: Project, *, development: bool) -> Lock:
    """Return what a uv.lock says of a project.

    Args:
        document: The lock.
        project: The project, which has to be one of the lock's packages.
        development: Whether the development groups are wanted.

    Raises:
        UsageError: The lock is of another version of the format, or not of this project as it is now.
        FormatError: An edge leads nowhere, or something is not of its type.
    """
    if document.data.get("version") != VERSION:
        raise UsageError(
            f"{document.place} has format version {document.data.get('version')!r}",
            why=f"this counterseal reads version {VERSION}",
            fix="use a newer counterseal, or write the lock with a uv that writes version 1",
        )
    nodes = _nodes(document)
    root = _root(nodes, project, document.place)
    _check_current(root.entry, project, document.place)
    _walk(nodes, root, development=development)
    reached = [node for node in nodes if node.scope is not None and node is not root]
    return Lock(
        document.place,
        root.package.key,
        tuple(sorted(root.dependencies)),
        tuple(map(_finished, reached)),
        has_edges=True,
    )


def _nodes(document: Table) -> list[_Node]:
    nodes: list[_Node] = []
    members: set[str] = {canonicalize_name(name) for name in document.table("manifest").texts("members")}
    keys: dict[str, int] = {}
    for entry in document.tables("package"):
        if len(nodes) >= MAX_PACKAGES:
            raise UsageError(f"{document.place} has more than {MAX_PACKAGES} packages", why="that many are not read")
        package = _package(entry, members)
        keys[package.key] = again = keys.get(package.key, 0) + 1
        nodes.append(_Node(entry, package if again == 1 else replace(package, key=f"{package.key}#{again}")))
    check_names((node.package.name for node in nodes), document.place)
    return nodes


def _package(entry: Table, members: set[str]) -> Package:
    name, version = canonicalize_name(entry.text("name")), entry.optional_text("version")
    source = entry.table("source")
    location = revision = None
    origin = Origin.REGISTRY
    if git := source.optional_text("git"):
        origin, location = Origin.GIT, clean_url(git.split("#")[0])
        revision = git.partition("#")[2] or None
    elif url := source.optional_text("url"):
        origin, location = Origin.URL, clean_url(url)
    elif any(source.data.get(kind) is not None for kind in _LOCAL):
        origin = Origin.MEMBER if name in members or "virtual" in source.data else Origin.PATH
    files = tuple(dict.fromkeys(_files(entry, f"{entry.place} ({name})")))
    key = purl(name, version, location, revision).to_string()
    return Package(key, name, version, origin, files, location=location, revision=revision)


def _files(entry: Table, place: str) -> Iterator[Distribution]:
    sdist = entry.table("sdist")
    for file in (*([sdist] if sdist.data else []), *entry.tables("wheels")):
        address = file.optional_text("url") or file.optional_text("path") or file.optional_text("filename")
        url = entry.table("source").optional_text("url")
        algorithm, _, digest = (file.optional_text("hash") or "").partition(":")
        yield distribution(address or url or "", {algorithm: digest} if algorithm else {}, place)


def _root(nodes: list[_Node], project: Project, file: str) -> _Node:
    own = [node for node in nodes if node.package.name == project.name and node.package.origin in _OWN]
    if len(own) == 1:
        return own[0]
    locked = sorted({node.package.name for node in nodes if node.package.origin in _OWN})
    raise UsageError(
        f"{file} is not of {project.name}",
        why=f"it locks {', '.join(locked[:5]) or 'no project'}",
        fix="run `uv lock` in the project, and commit the file",
    )


_OWN: Final = (Origin.MEMBER, Origin.PATH)


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


def _walk(nodes: list[_Node], root: _Node, *, development: bool) -> None:
    """Set scope, edges and markers of everything that the root reaches, the strongest scope first."""
    by_name: dict[str, list[_Node]] = {}
    for node in nodes:
        by_name.setdefault(node.package.name, []).append(node)
    passes = [(Scope.REQUIRED, list(root.entry.tables("dependencies")))]
    passes.append((Scope.OPTIONAL, _grouped(root.entry.table("optional-dependencies"))))
    if development:
        passes.append((Scope.EXCLUDED, _grouped(root.entry.table("dev-dependencies"))))
    seen: set[tuple[str, str]] = {(root.package.key, "")}
    for scope, wanted in passes:
        waiting = [(root, edge) for edge in wanted]
        while waiting:
            parent, edge = waiting.pop()
            target = _target(by_name, parent, edge)
            if target is not parent:
                parent.dependencies.add(target.package.key)
                target.markers.add(edge.optional_text("marker"))
            target.scope = target.scope or scope
            for extra in ("", *edge.texts("extra")):
                if target is root or (target.package.key, extra) in seen:
                    continue
                seen.add((target.package.key, extra))
                waiting.extend((target, edge) for edge in _needs(target.entry, extra))


def _grouped(table: Table) -> list[Table]:
    return [edge for name in sorted(table.data) for edge in table.tables(name)]


def _needs(entry: Table, extra: str) -> list[Table]:
    return list(entry.table("optional-dependencies").tables(extra) if extra else entry.tables("dependencies"))


def _target(by_name: dict[str, list[_Node]], parent: _Node, edge: Table) -> _Node:
    """Return the package that an edge leads to; a forked resolution names version and source too."""
    name, version = canonicalize_name(edge.text("name")), edge.optional_text("version")
    source = edge.data.get("source")
    fitting = [
        node
        for node in by_name.get(name, [])
        if version in (None, node.package.version) and source in (None, node.entry.data.get("source"))
    ]
    if len(fitting) != 1:
        raise FormatError(
            f"{edge.place}: {parent.package.name} needs {name}{f' {version}' if version else ''}",
            why=f"the lock has {len(fitting)} packages that fit",
            fix="make it again with `uv lock`",
        )
    return fitting[0]


def _finished(node: _Node) -> Package:
    always = None in node.markers
    return replace(
        node.package,
        dependencies=tuple(sorted(node.dependencies)),
        scope=node.scope or Scope.REQUIRED,
        markers=() if always else tuple(sorted(filter(None, node.markers))),
    )
