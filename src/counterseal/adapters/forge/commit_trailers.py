"""The addresses in the Co-authored-by trailers of a commit message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CO_AUTHOR: Final = re.compile(r"^[ \t]*co-authored-by[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_ADDRESS: Final = re.compile(r"<([^<>]*)>")


def co_authors(message: str) -> Iterator[str]:
    """Yield the address of each co-author in lower case; of a line without one, the line."""
    for line in _CO_AUTHOR.findall(message):
        address = _ADDRESS.search(line)
        yield (address.group(1) if address else line).strip().lower()
