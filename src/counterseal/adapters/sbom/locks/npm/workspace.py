"""The parts of a lock of npm or pnpm: which is the SBOM's root, and whether the lock is of them as they are now."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from counterseal.adapters.sbom.locks.npm import package_json
from counterseal.adapters.sbom.records import part_key
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.records import Part


def rooted(source: Source, parts: dict[str, Part]) -> tuple[Part, tuple[Part, ...]]:
    """Return the part in the project's folder, and the others.

    A project above the lock's folder that is no package itself stands for what it holds, and needs the lock's own part.

    Args:
        source: Of the lock.
        parts: Folder to part.

    Raises:
        UsageError: The lock is not of the project.
    """
    others = dict(parts)
    root = others.pop(source.project, None)
    above = posixpath.dirname(source.lock) or "."
    is_package = source.checkout.has(source.beside(package_json.PROJECT_FILE))
    if root is None and not is_package and above in parts and _holds(source.project, above):
        root = package_json.part(source, source.project, (part_key(above),), (), ())
    if root is None:
        raise UsageError(
            f"{source.lock} is not of {source.project}",
            why=f"it locks {', '.join(sorted(parts)[:5]) or 'no project'}",
            fix="name the folder of one of these with --project, or the project's own lock with --lock",
        )
    return root, tuple(part for _, part in sorted(others.items()))


def _holds(folder: str, other: str) -> bool:
    return folder == "." or other.startswith(f"{folder}/")


def check_current(source: Source, folder: str, locked: AbstractSet[str], fix: str) -> None:
    """Refuse a lock that was not made again after the dependencies of a part changed.

    Args:
        source: Of the lock.
        folder: Of the part.
        locked: The names of what it needs, by the lock; a peer may be among them.
        fix: What to do.

    Raises:
        UsageError: package.json names others.
    """
    manifest = package_json.read(source.checkout, folder)
    if manifest == package_json.Manifest():
        return
    named = {*manifest.dependencies, *manifest.development, *manifest.optional}
    if differing := sorted((named - locked) | (locked - named - manifest.peers.keys())):
        file = posixpath.normpath(posixpath.join(folder, package_json.PROJECT_FILE))
        raise UsageError(
            f"{source.lock} and {file} name different dependencies: {', '.join(differing[:5])[:200]}",
            why="the lock was not made again after the change",
            fix=fix,
        )
