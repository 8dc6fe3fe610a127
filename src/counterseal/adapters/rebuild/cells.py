"""Makes places for builds, all in one folder of ours and kept apart by one mechanism, and says what machine this is."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from counterseal.adapters.rebuild import layout, mechanism
from counterseal.adapters.rebuild.cell import BuildCell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.model import Bounds, Conditions


class BuildCells:
    """Places for builds (`ports.Cells`).

    Args:
        work: A folder of our own.
        in_ci: This is a job of CI.
        tools: Folders with programs that builds may see.
        apart: Folders that no folder with programs may contain.

    Raises:
        UsageError: A folder with programs would show what it may not.
    """

    def __init__(self, work: Path, *, in_ci: bool, tools: Sequence[Path] = (), apart: Sequence[Path] = ()) -> None:
        self._work, self._in_ci, self._count = work, in_ci, 0
        self._tools = [layout.check_tools(folder, apart) for folder in tools]
        self._mechanism: mechanism.Mechanism | None = None

    def make(self, conditions: Conditions, bounds: Bounds) -> BuildCell:
        """Return a new place.

        Raises:
            UsageError: Nothing keeps a build apart here, and this is somebody's own machine.
        """
        if self._mechanism is None:
            self._mechanism = mechanism.choose(in_ci=self._in_ci)
        self._count += 1
        return BuildCell(self._work / f"build-{self._count}", self._mechanism, conditions, bounds, self._tools)


def machine() -> dict[str, str]:
    """Return what this machine is, in the names of an input matrix."""
    return {"arch": platform.machine(), "kernel": platform.release(), "os": platform.system()}
