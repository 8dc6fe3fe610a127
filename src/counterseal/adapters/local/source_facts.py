"""What git says of the checkout that is built from: its commit, what was changed, submodules, the workflow's file.

The workflow or pipeline file is read as it is committed at the revision that the run's identity names, not as it lies
in the working tree, which a build may have changed. What git cannot tell is left out, not guessed.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from counterseal.adapters.git.clone import GitClone
from counterseal.errors import ServiceError, UsageError
from counterseal.formats import digests
from counterseal.model import CheckedOut, Definition, DigestSet, Used
from counterseal.project import pipelines

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.local.secret_values import Published
    from counterseal.forges import ForgeKind
    from counterseal.project.pipelines import Named

#: How many changed files are named; all are counted.
MAX_CHANGED: Final = 50
MAX_SUBMODULES: Final = 500


def clone_of(folder: Path) -> GitClone | None:
    """Return the clone that a folder lies in; None if git knows none there, or is not there itself."""
    try:
        return GitClone(folder)
    except (UsageError, ServiceError):
        return None


def checkout(clone: GitClone, words: Published) -> CheckedOut | None:
    """Return what is checked out; None if there is no commit, or git cannot tell (of a clone without all trees, say).

    Raises:
        UsageError: It has more submodules than are listed.
    """
    revision = clone.revision("HEAD")
    if revision is None or not digests.is_revision(revision):
        return None
    try:
        changed, submodules = clone.changed_files(), clone.submodules()
    except ServiceError:
        return None
    if len(submodules) > MAX_SUBMODULES:
        raise UsageError(
            f"{len(submodules)} submodules",
            why=f"at most {MAX_SUBMODULES} are recorded, and a record that lacks some would be wrong",
            fix="build from fewer",
        )
    first = sorted({words.text(path) for path in sorted(changed)[:MAX_CHANGED]})
    return CheckedOut(
        revision, tuple(first), len(changed), {words.path(path): at for path, at in sorted(submodules.items())}
    )


def definition(
    clone: GitClone, kind: ForgeKind, place: tuple[str, str], words: Published
) -> tuple[Definition, Named] | None:
    """Return a workflow or pipeline file, and what it names; None if this clone does not have it.

    Args:
        clone: The clone.
        kind: The forge that runs it.
        place: Its path, and the commit that it was run at.
        words: Makes its names fit to be published.
    """
    path, revision = place
    if not digests.is_revision(revision) or path.startswith("/") or ".." in PurePosixPath(path).parts:
        return None
    try:
        content = clone.committed(path, revision)
    except ServiceError:
        return None
    if content is None:
        return None
    found = pipelines.named(kind, content)
    uses = (Used(each.kind, words.text(each.name), each.at and words.text(each.at)) for each in found.uses)
    listed = tuple(sorted(set(uses), key=lambda use: (use.kind, use.name, use.at or "")))
    return Definition(words.path(path), DigestSet(digests.sha256(content)), listed, found.complete), found
