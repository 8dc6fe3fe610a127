"""A document with places to fill: made once by the code that writes the format, then filled again and again.

So an entry costs no more than the joining of texts, and is still, byte for byte, what that code would write. Digests,
git ids and times stand in the pattern as they stand in the tests' samples.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

_DIGEST: Final = r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b"
_TIME: Final = r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z"


class Template:
    """Bytes in which words, digests and times are replaced.

    Args:
        pattern: The document with its places.
        words: What is replaced beside digests and times.
        now: The moment in the pattern that all its times are compared with.
    """

    def __init__(self, pattern: bytes, words: Iterable[str], now: datetime) -> None:
        # the longest first: one place may be a part of another
        places = [re.escape(word) for word in sorted(words, key=len, reverse=True)]
        self._parts = re.split(f"({'|'.join([*places, _DIGEST, _TIME])})", pattern.decode())
        self._ages = {
            part: now - wire.parse_timestamp(part, "a time") for part in self._parts[1::2] if re.fullmatch(_TIME, part)
        }

    def fill(self, values: Mapping[str, str], now: datetime, salt: str) -> bytes:
        """Return the document.

        Args:
            values: What stands in a place instead. Each word needs a value; a digest without one is made up.
            now: The moment that this one is of; other times are as far from it as in the pattern.
            salt: Makes up digests.
        """
        times = {part: wire.timestamp(now - age) for part, age in self._ages.items()}
        parts = list(self._parts)
        for place in range(1, len(parts), 2):
            part = parts[place]
            parts[place] = values.get(part) or times.get(part) or made_up(part, salt)
        return "".join(parts).encode()


def made_up(digest: str, salt: str) -> str:
    """Return another digest of the same length."""
    return sha256(f"{salt} {digest}".encode()).hexdigest()[: len(digest)]
