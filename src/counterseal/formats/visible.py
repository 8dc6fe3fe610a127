"""Foreign text on one line, with nothing hidden in it: fit to be signed, and to be shown to a person."""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_SHOWN: Final = 300

#: Bidirectional controls and invisible characters that can make text read other than it is (Trojan Source).
_INVISIBLE: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff\u061c")


def plain(text: str, limit: int = MAX_SHOWN) -> str:
    """Return `text` on one line: control, bidi and invisible characters by number, cut at `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(character(char) for char in cut)


def character(char: str) -> str:
    """Return a character, or its number if people would not see it."""
    return f"\\u{ord(char):04x}" if hidden(char) else char


def hidden(char: str) -> bool:
    """Return whether people do not see a character, or see others elsewhere because of it."""
    return char in _INVISIBLE or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
