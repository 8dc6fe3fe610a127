"""Chooses what a second build works with. No token of the environment reaches it: nothing here looks for one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.commands.rebuild import building

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.wiring.ports import Wiring


def ports(wiring: Wiring, work: Path, where: str, revision: str | None, tools: Sequence[Path]) -> building.RebuildPorts:
    """Return the source, the places for builds, and what machine this is.

    Args:
        wiring: Of the environment.
        work: A folder of our own.
        where: A clone or an address.
        revision: Of the source; None: what is checked out in the clone.
        tools: Folders with programs that builds may see.

    Raises:
        UsageError: The source is not there, or a folder with programs shows what it may not.
        ServiceError: The source could not be fetched.
    """
    from counterseal.adapters.rebuild import cells
    from counterseal.adapters.rebuild.source import GitSource

    here = wiring.surroundings
    apart = [Path.home(), Path.cwd(), Path(tempfile.gettempdir()), work]
    places = cells.BuildCells(work, in_ci=here.in_github or here.in_gitlab, tools=tools, apart=apart)
    return building.RebuildPorts(GitSource(where, revision, work / "source.git"), places, cells.machine())
