"""Text of `go.mod` and `go.work` → directives, with blocks opened up.

Source: Go Modules Reference, "Lexical elements" and "Grammar"; escapes in strings, which no tool writes, are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.reading import text_of
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A string, a sign, or a word, which ends where a comment begins.
_TOKEN: Final = re.compile(
    r"""[ \t]*+(?:(?P<comment>//.*)|"(?P<text>[^"\\]*)"|`(?P<raw>[^`]*)`|(?P<sign>=>|[(),\[\]])"""
    r"""|(?P<word>(?:(?!//)[^ \t(),\[\]{}"`])+))"""
)


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive: its verb, what follows, the comment behind it, and the place for messages."""

    verb: str
    words: tuple[str, ...]
    comment: str
    place: str

    def error(self) -> FormatError:
        """Return the error that this is no directive of its kind."""
        return FormatError(f"{self.place}: {' '.join((self.verb, *self.words))[:120]!r} is no `{self.verb[:20]}`")


def directives(data: bytes, file: str) -> Iterator[Directive]:
    """Yield the directives of a file.

    Raises:
        FormatError: The text is malformed, or a block does not end.
    """
    block: str | None = None
    for number, line in enumerate(text_of(data, file).split("\n"), start=1):
        place = f"{file}:{number}"
        words, comment = _words(line.removesuffix("\r"), place)
        if not words:
            continue
        if block is not None:
            if words == [")"]:
                block = None
            else:
                yield Directive(block, tuple(words), comment, place)
        elif words[1:] == ["("]:
            block = words[0]
        elif words[1:] != ["(", ")"]:
            yield Directive(words[0], tuple(words[1:]), comment, place)
    if block is not None:
        raise FormatError(f"{file}: the block of `{block[:20]}` does not end", fix="correct the file")


def _words(line: str, place: str) -> tuple[list[str], str]:
    if not line.replace("\t", " ").isprintable():
        raise FormatError(f"{place}: a control character", fix="correct the line")
    words: list[str] = []
    position, line = 0, line.rstrip(" \t")
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            raise FormatError(f"{place}: {line[position : position + 80]!r} is not understood", fix="correct the line")
        if match["comment"] is not None:
            return words, match["comment"]
        words.append(match[match.lastgroup or 0])
        position = match.end()
    return words, ""
