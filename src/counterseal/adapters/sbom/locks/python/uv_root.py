"""Which project of a `uv.lock` an SBOM is of: the one in the folder, or, of a workspace without one, a member of it."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom.checkout import Source
from counterseal.adapters.sbom.locks.python import artifacts, pyproject
from counterseal.adapters.sbom.locks.python.pyproject import PROJECT_FILE
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.adapters.sbom.locks.python.pyproject import Project
    from counterseal.adapters.sbom.locks.python.uv_node import Node
    from counterseal.adapters.sbom.reading import Table


def root(members: Sequence[Node], project: Project, source: Source) -> tuple[Node | None, Project]:
    """Return the entry of the project that the SBOM is of, and what its manifest says.

    A workspace whose own folder is no project ("virtual") is of the member that the artifacts are of; if these do not
    tell, it is the workspace itself, which is no entry of the lock.

    Raises:
        UsageError: The lock is not of this project, not as it is now, or the artifacts are of none of its members.
    """
    here = [node for node in members if node.folder == source.project]
    if project.manifest:
        if len(here) != 1 or here[0].name != project.name:
            raise _foreign(f"{source.lock} is not of {project.name}", members)
        _check_current(here[0].entry, project, source.lock)
        return here[0], project
    if here:
        return here[0], _named(here[0], project, source)
    if source.project != (posixpath.dirname(source.lock) or "."):
        raise _foreign(f"{source.project} is not a project of {source.lock}", members)
    names = artifacts.names(source.subjects)
    fitting = [node for node in members if node.name in names]
    if names and not fitting:
        raise _foreign(f"{source.lock} is not of {', '.join(names[:5])}", members)
    if len(fitting) != 1 or fitting[0].folder is None:
        return None, replace(project, name=pyproject.NAMELESS, version=None)
    member = Source(source.checkout, source.lock, fitting[0].folder, source.subjects)
    return root(members, pyproject.read(member), member)


def _named(node: Node, project: Project, source: Source) -> Project:
    """Return the project as the lock names it, for a folder without pyproject.toml."""
    if source.checkout.has(source.beside(PROJECT_FILE)):
        raise UsageError(
            f"{PROJECT_FILE} has no project.name, but {source.lock} has {node.name[:80]} there",
            why="the lock was not made again after the change",
            fix="name the project in its [project] table, or run `uv lock`, and commit the file",
        )
    version = artifacts.version(node.name, node.version, source.subjects, source.lock)
    return replace(project, name=node.name, version=version, manifest=True)


def _foreign(what: str, members: Sequence[Node]) -> UsageError:
    locked = sorted(f"{node.name} in {node.folder}" for node in members)
    return UsageError(
        what,
        why=f"it locks {', '.join(locked[:5]) or 'no project'}{' …' if len(locked) > 5 else ''}",
        fix="name the folder of one of these with --project; after a change run `uv lock`, and commit the file",
    )


def _check_current(entry: Table, project: Project, file: str) -> None:
    version = entry.optional_text("version")
    if version and project.version and not artifacts.same_version(version, project.version):
        raise UsageError(
            f"{file} is of {project.name} {version}, but pyproject.toml says {project.version}",
            why="the lock was not made again after the change",
            fix="run `uv lock`, and commit the file",
        )
    metadata = entry.table("metadata")
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
