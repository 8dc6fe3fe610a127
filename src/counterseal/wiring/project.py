"""Chooses what `init`, `doctor` and `policy check` read a project with: a clone, and the forge by its API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.ports import Clone


def clone(folder: Path) -> Clone:
    """Return the clone that a folder is in."""
    from counterseal.adapters.git.clone import GitClone  # noqa: PLC0415 - adapters are imported when they are asked for

    return GitClone(folder)
