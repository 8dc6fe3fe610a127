"""`SHA256SUMS` as `sha256sum` writes it: a digest, two blanks (or a blank and `*`), the name of a file beside it.

Nobody signed it; what it lists says nothing of a file that a proof does not say, too.
"""

from __future__ import annotations

import re
from typing import Final

from counterseal.errors import FormatError
from counterseal.formats import names

MAX_BYTES: Final = 4 << 20
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](.+)", re.ASCII)


def parse(data: bytes, what: str) -> dict[str, str]:
    """Return the sha256 of each file that is listed, by its name.

    Args:
        data: The bytes of the file.
        what: Its name, for messages.

    Raises:
        FormatError: It lists nothing, a line is not in this form, a name is not that of a file beside it (it has a
            path separator, begins with a dot, …), or stands in it twice.
    """
    listed: dict[str, str] = {}
    for number, line in enumerate(data.decode("utf-8", "replace").removesuffix("\n").split("\n"), 1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise FormatError(f"{what}, line {number}: it is not a sha256, two blanks and a name", fix=_FIX)
        digest, name = found.groups()
        if not names.FILE.fits(name) or ".." in name:
            raise FormatError(
                f"{what}, line {number}: {name[:80]!r} is not the name of a file beside it",
                why=f"a name of a release has {names.FILE.words}",
                fix=_FIX,
            )
        if name in listed:
            raise FormatError(f"{what}, line {number}: {name[:80]!r} is listed twice", fix=_FIX)
        listed[name] = digest
    return listed


_FIX: Final = "download it again; if it is still so, it is not the release's: do not use what it lists"
