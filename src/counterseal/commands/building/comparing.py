"""`inputs diff`: how two builds differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import inputs
from counterseal.commands.building import reading
from counterseal.commands.building.reading import Read
from counterseal.inputs import Change

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.commands.building.reading import Verifiers


@dataclass(frozen=True, slots=True)
class DiffResult:
    """The two builds, and what is not the same, likeliest culprit first."""

    old: Read
    new: Read
    changes: tuple[Change, ...]


def run(old: Path, new: Path, verifiers: Verifiers) -> DiffResult:
    """Return how two builds differ.

    Raises:
        CountersealError: One of them cannot be read (see `reading.read`), or they have nothing in common to compare.
    """
    before, after = (reading.read(path, verifiers) for path in (old, new))
    return DiffResult(before, after, inputs.compare(before.build, after.build))
