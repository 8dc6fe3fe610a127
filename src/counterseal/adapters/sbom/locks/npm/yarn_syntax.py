"""The text of yarn.lock version 1 → entries: lines of keys and values, blocks by indentation.

Source: the writer and the parser of Yarn 1.22 (`stringify`, `parse`). What the writer never writes is refused.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.sbom.reading import Table, text_of
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

_INDENT: Final = 2
#: An entry, its fields, its dependencies.
_LEVELS: Final = 3
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[^\s:,"][^\s:,"]*+')


def entries(data: bytes, place: str) -> list[tuple[tuple[str, ...], Table]]:
    """Return descriptors and fields of the entries; a field is a text, or a map of texts.

    Raises:
        FormatError: A line is none of the format, or a key appears twice.
    """
    read: list[tuple[tuple[str, ...], Table]] = []
    blocks: list[dict[str, Any]] = []
    descriptors: set[str] = set()
    for where, level, keys, value in _lines(text_of(data, place).removeprefix("\ufeff"), place):
        if level > len(blocks):
            raise _error(where, "is indented too deeply")
        del blocks[level:]
        if level == 0:
            if value is not None or descriptors & {*keys} or len({*keys}) < len(keys):
                raise _error(where, "is not an entry, or an entry that appears twice")
            descriptors.update(keys)
            blocks.append({})
            read.append((keys, Table(blocks[0], where)))
            continue
        if len(keys) != 1 or keys[0] in blocks[-1]:
            raise _error(where, "is not a field, or a field that appears twice")
        blocks[-1][keys[0]] = value if value is not None else {}
        if value is None:
            blocks.append(blocks[-1][keys[0]])
    return read


def _lines(text: str, place: str) -> Iterator[tuple[str, int, tuple[str, ...], str | None]]:
    """Yield of each line its place, its level, its keys and its value; None if a block follows."""
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.rstrip("\r").rstrip(" ")
        bare = content.lstrip(" ")
        if not bare or bare.startswith("#"):
            continue
        where = f"{place}:{number}"
        level, rest = divmod(len(content) - len(bare), _INDENT)
        if rest or level >= _LEVELS:
            raise _error(where, "is not indented by 0, 2 or 4")
        yield where, level, *_parsed(bare, where)


def _parsed(line: str, where: str) -> tuple[tuple[str, ...], str | None]:
    keys = []
    position = 0
    while True:
        key, position = _token(line, position, where)
        keys.append(key)
        if not line.startswith(", ", position):
            break
        position += 2
    if line[position:] == ":":
        return tuple(keys), None
    position += line.startswith(": ", position)
    if line[position : position + 1] != " ":
        raise _error(where, "has neither `:` nor a value")
    value, position = _token(line, position + 1, where)
    if position != len(line):
        raise _error(where, "has more than a key and a value")
    return tuple(keys), value


def _token(line: str, position: int, where: str) -> tuple[str, int]:
    match = _TOKEN.match(line, position)
    if match is None:
        raise _error(where, "is not a key or value")
    text = match[0]
    if text.startswith('"') and "\\" not in text:
        text = text[1:-1]
    elif text.startswith('"'):
        try:
            text = str(json.loads(text))
        except ValueError as error:
            raise _error(where, f"has a text that is none: {error}") from error
    return text, match.end()


def _error(where: str, what: str) -> FormatError:
    return FormatError(f"{where}: the line {what}", fix="make the lock file again; conflicts of a merge are not read")
