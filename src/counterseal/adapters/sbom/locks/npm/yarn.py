"""Reads `yarn.lock`: which of Yarn's two formats it is, its content tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.records import Lock

_FIRST_LINES: Final = 2000


def read(source: Source) -> Lock:
    """Return what a yarn.lock says of a project.

    Raises:
        UsageError: It is of neither format, or not of this project as it is now.
        FormatError: It is malformed.
    """
    from counterseal.adapters.sbom.locks.npm import yarn_berry, yarn_v1  # noqa: PLC0415 - one of two

    data = source.data()
    if b"# yarn lockfile v1" in data[:_FIRST_LINES]:
        return yarn_v1.read(source, data)
    if b"\n__metadata:" in b"\n" + data[:_FIRST_LINES]:
        return yarn_berry.read(source, data)
    raise UsageError(
        f"{source.lock} is not a lock file of Yarn",
        why="it has neither the line `# yarn lockfile v1` nor `__metadata`",
        fix="run `yarn install`, and commit the file",
    )
