"""TOML of a project → a table, within bounds that are checked on the text before the parser sees it.

The standard library's parser takes time that grows with the cube of the parts of a dotted key, and recurses for each
bracket. So keys, headers and nesting are counted first, strings and comments passed over.
Source: TOML 1.0.0; a string is matched whether it ends or not, and never twice (possessive).
"""

from __future__ import annotations

import re
import tomllib
from typing import Final

from counterseal.adapters.sbom.reading import Table, text_of
from counterseal.errors import FormatError

MAX_DEPTH: Final = 32
#: Parts of a key or header, `a.b.c` has three.
MAX_PARTS: Final = 16

_TOKENS: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5})?'
    r"|'''(?:[^']|'(?!''))*+(?:'{3,5})?"
    r'|"(?:[^"\\\n]|\\[^\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
    r"|[\[{]|[\]}]|[.=,\n]",
    re.DOTALL,
)


def toml_table(data: bytes, place: str) -> Table:
    """Return the TOML document in a file.

    Raises:
        FormatError: It is not TOML, or nested too deeply; the message has line and column where there are any.
    """
    text = text_of(data, place)
    try:
        _check(text)
        return Table(tomllib.loads(text), place)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{place}: not valid TOML", why=str(error) or type(error).__name__) from error


def _check(text: str) -> None:
    """Raise ValueError if a key has too many parts, or brackets are nested too deeply."""
    depth = dots = 0
    for match in _TOKENS.finditer(text):
        mark = text[match.start()]
        if mark == ".":
            dots += 1
        elif mark in "[{":
            depth, dots = depth + 1, 0
        elif mark in "]}":
            depth, dots = depth - 1, 0
        elif mark in "=,\n":
            dots = 0
        if depth > MAX_DEPTH or dots >= MAX_PARTS:
            line = text.count("\n", 0, match.start()) + 1
            raise ValueError(f"line {line}: more than {MAX_DEPTH} levels, or {MAX_PARTS} parts in a key")
