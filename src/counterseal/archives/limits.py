"""How much of an archive is read or written: enough for what people release, and an end to what never ends."""

from __future__ import annotations

from typing import Final

from counterseal.errors import LimitError

MAX_FILE: Final = 2 << 30
MAX_MEMBERS: Final = 100_000
#: Bytes of all members together, unpacked.
MAX_CONTENT: Final = 4 << 30
MAX_NAME: Final = 4096
#: Characters of all names of a tar together; a zip's stand in its directory.
MAX_NAMES: Final = 64 << 20
#: Records of an extended header, and those that hold for all that follow.
MAX_RECORDS: Final = 256
#: What is kept of a member's fields, of members that tell who made an archive, and of a text that was found.
KEPT_FIELDS: Final = 8
KEPT_TEXTS: Final = 16
KEPT_WORDS: Final = 200
#: Bytes of an extended header of tar; and of what a zip says of all its members at its end.
MAX_HEADER: Final = 1 << 20
MAX_DIRECTORY: Final = 24 << 20


def check(count: int, most: int, of: str) -> None:
    """Return if there are not too many of something.

    Raises:
        LimitError: There are.
    """
    if count > most:
        raise LimitError(f"more than {most} {of}", why="more are not read", fix="split it, or look at what it is")
