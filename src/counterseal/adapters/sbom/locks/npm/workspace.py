"""The parts of a lock of npm or pnpm: which is the SBOM's root, and whether the lock is of them as they are now."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterseal.adapters.sbom.locks.npm import package_json
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.records import Part


@dataclass(frozen=True, slots=True)
class Needs:
    """Keys of what a package or part needs, each once, in their order."""

    dependencies: dict[str, None] = field(default_factory=dict)
    optional: dict[str, None] = field(default_factory=dict)
    development: dict[str, None] = field(default_factory=dict)


def together(pairs: Iterable[tuple[str, Needs]]) -> dict[str, Needs]:
    """Return what each folder needs by all that is said of it."""
    by_folder: dict[str, Needs] = {}
    for folder, needs in pairs:
        known = by_folder.setdefault(folder, Needs())
        known.dependencies.update(needs.dependencies)
        known.optional.update(needs.optional)
        known.development.update(needs.development)
    return by_folder


def parts(source: Source, needs: Mapping[str, Needs], names: Mapping[str, str | None]) -> dict[str, Part]:
    """Return the parts, by their folders.

    Args:
        source: Of the lock.
        needs: Folder to what the part in it needs.
        names: Folder to the part's name by the lock, where it has one.
    """
    return {
        folder: package_json.part(
            source, folder, of_part.dependencies, of_part.optional, of_part.development, name=names.get(folder) or None
        )
        for folder, of_part in needs.items()
    }


def rooted(source: Source, parts: Mapping[str, Part]) -> tuple[Part, tuple[Part, ...]]:
    """Return the part in the project's folder, and the others.

    A folder that only holds the lock and its parts, with no needs of its own, needs all of these.

    Args:
        source: Of the lock.
        parts: Folder to part.

    Raises:
        UsageError: The lock is not of the project.
    """
    others = dict(parts)
    root = others.pop(source.project, None)
    if root is None and _holds(source.project, posixpath.dirname(source.lock) or "."):
        manifest = package_json.read(source.checkout, source.project)
        if not (manifest.dependencies or manifest.optional or manifest.development):
            root = package_json.part(source, source.project, [part.key for part in parts.values()], (), ())
    if root is None:
        raise UsageError(
            f"{source.lock} is not of {source.project}",
            why=f"it locks {', '.join(sorted(parts)[:5]) or 'no project'}",
            fix="name the folder of one of these with --project, or the project's own lock with --lock",
        )
    return root, tuple(part for _, part in sorted(others.items()))


def _holds(folder: str, other: str) -> bool:
    return folder in (".", other) or other.startswith(f"{folder}/")


def check_current(source: Source, folder: str, name: str | None, locked: AbstractSet[str], fix: str) -> None:
    """Refuse a lock that was not made again after the name or the dependencies of a part changed.

    Args:
        source: Of the lock.
        folder: Of the part.
        name: Of the part by the lock, if it has one.
        locked: The names of what it needs, by the lock; a peer may be among them.
        fix: What to do.

    Raises:
        UsageError: package.json names others.
    """
    manifest = package_json.read(source.checkout, folder)
    if manifest == package_json.Manifest():
        return
    named = {*manifest.dependencies, *manifest.development, *manifest.optional}
    differing = sorted((named - locked) | (locked - named - manifest.peers.keys()))
    renamed = name is not None and manifest.name is not None and name != manifest.name
    if not differing and not renamed:
        return
    file = posixpath.normpath(posixpath.join(folder, package_json.PROJECT_FILE))
    what = "names" if renamed else f"dependencies: {', '.join(differing[:5])[:200]}"
    raise UsageError(
        f"{source.lock} and {file} have different {what}", why="the lock was not made again after the change", fix=fix
    )
