"""Text → text without what must not leave: credentials, and the hosts, names and paths of a policy's `redact:`.

What is replaced becomes `redacted-1`, `redacted-2` … : equal text an equal one, other text another one, so that what
was told apart still is. Those words are valid as host, path, name, and user of an address.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from counterseal.model import Redaction

CREDENTIALS: Final = "credentials"
WORD: Final = "redacted-"
#: What `*` may stand for between other parts of a pattern; more is no name.
_MAX_STAR: Final = 100
#: The characters of which a host, name or path is.
_CHARACTERS: Final = {"hosts": r"[\w.-]", "names": r"[\w.~+-]", "paths": r"[^\s\"'<>|:;,?#]"}
#: What must not follow. A name may be followed by a version or the end of a file's name.
_END: Final = {
    "hosts": r"(?![\w-])(?!\.\w)",
    "names": r"(?![^\W_])(?![-_.~+]+(?!\d|(?<=\.)[a-z]{1,6}(?![\w-])))",
    "paths": r"(?![\w-])(?!\.\w)",
}
_WORDS: Final = re.compile(r"[^\W_]+")
_TYPE: Final = re.compile(r"pkg:[\w.+-]+/+")
_DIGEST: Final = re.compile(r"(?:[0-9a-f]{32}){1,4}|[0-9a-f]{40}")
_NUMBER: Final = re.compile(rf"{WORD}(\d{{1,9}})")


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern as a regular expression.

    Attributes:
        expression: Without a `*` in front.
        hint: Its longest word, in lower case: a text without it needs no second look.
        before: The characters that a `*` in front takes, from the last to the first.
    """

    kind: str
    expression: re.Pattern[str]
    hint: str
    before: re.Pattern[str] | None

    def spans(self, text: str, lower: str) -> Iterator[tuple[int, int]]:
        """Yield where it stands."""
        if self.hint not in lower:
            return
        last = 0
        for match in self.expression.finditer(text):
            start, end = match.span()
            while self.before and start > last and self.before.match(text[start - 1]):
                start -= 1
            if text[start : start + 2] == "//" and text[start - 1 : start] == ":":
                start += 2
            yield start, end
            if self.kind == "names":
                yield from _again(text, match[0], end)
            last = end


class Confidentiality:
    """Replaces, and counts what it replaced. One of them is for one document, so that numbers fit together.

    Args:
        redaction: The patterns.
        first: The number of the first word; higher than of those that the document already has.
    """

    def __init__(self, redaction: Redaction, *, first: int = 1) -> None:
        patterns = (("hosts", redaction.hosts), ("names", redaction.names), ("paths", redaction.paths))
        self._patterns = [_pattern(kind, text) for kind, texts in patterns for text in texts]
        self._first = first
        self._words: dict[str, str] = {}
        self._kinds: dict[str, int] = {}
        self._known: dict[str, str] = {}

    @classmethod
    def of(cls, texts: Iterable[str], redaction: Redaction) -> Confidentiality:
        """Return one for a document of these texts, some of which may have such words already."""
        numbers = (int(number) for text in texts if WORD in text for number in _NUMBER.findall(text))
        return cls(redaction, first=1 + max(numbers, default=0))

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many different things of each kind were replaced."""
        return dict(sorted(self._kinds.items()))

    def text(self, text: str, *, cut: bool = False) -> str:
        """Return a text without what must not leave.

        Args:
            text: Any text, percent-encoded or not.
            cut: It may end in the middle of an address.
        """
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._replaced(text, cut=cut)
        return known

    def word(self, text: str, kind: str = CREDENTIALS) -> str:
        """Return the word for a whole text."""
        if text not in self._words:
            self._words[text] = f"{WORD}{self._first + len(self._words)}"
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        return self._words[text]

    def is_name(self, name: str) -> bool:
        """Return whether a name with its group, scope or namespace is one of those that must not leave."""
        lower = name.lower()
        return any(
            (0, len(name)) in pattern.spans(name, lower) for pattern in self._patterns if pattern.kind == "names"
        )

    def _replaced(self, text: str, *, cut: bool) -> str:
        if _DIGEST.fullmatch(text):
            return text
        plain, places = credentials.decoded(text)
        prefix = _TYPE.match(plain)
        floor = prefix.end() if prefix else 0
        parts: list[str] = []
        end = 0
        spans = self._spans(plain, cut=cut)
        if places:  # also as it was encoded
            users = ((bisect_left(places, start), bisect_left(places, stop)) for start, stop in credentials.users(text))
            spans += ((*span, CREDENTIALS) for span in users)
        for start, stop, kind in credentials.apart(spans):
            first = max(start, floor)
            if first >= stop:
                continue
            raw = (places[first], places[stop]) if places else (first, stop)
            parts += (text[end : raw[0]], self.word(plain[first:stop], kind))
            end = raw[1]
        return "".join([*parts, text[end:]]) if end else text

    def _spans(self, text: str, *, cut: bool) -> list[tuple[int, int, str]]:
        places = [(*span, CREDENTIALS) for span in credentials.spans(text, cut=cut)]
        if self._patterns:
            lower = text.lower()
            places += ((*span, pattern.kind) for pattern in self._patterns for span in pattern.spans(text, lower))
        # What was replaced is not replaced again.
        return [place for place in places if not _NUMBER.fullmatch(text, place[0], place[1])]


def _again(text: str, name: str, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the last part of a name with a scope or group stands again, as in the address of its archive."""
    parts = re.split("[/:]", name)
    if len(parts) > 1 and len(parts[-1]) > 1:
        pattern = re.compile(rf"(?<![\w.-]){re.escape(parts[-1])}{_END['names']}")
        yield from (match.span() for match in pattern.finditer(text, end))


def _pattern(kind: str, text: str) -> _Pattern:
    flags = re.NOFLAG if kind == "paths" else re.IGNORECASE
    bare = text.lstrip("*")
    core = bare.rstrip("*")
    characters = _CHARACTERS[kind]
    body = f"{characters}{{0,{_MAX_STAR}}}?".join(_literal(kind, part, core) for part in re.split(r"\*+", core))
    start = "" if bare != text else r"(?<![\w.-])" if core[:1].isalnum() or kind != "names" else r"(?<![\w-])"
    end = f"{characters}*" if bare != core else _END[kind]
    hint = max(_WORDS.findall(core), key=len).lower()
    before = re.compile(characters) if bare != text else None
    return _Pattern(kind, re.compile(f"{start}{body}{end}", flags), hint, before)


def _literal(kind: str, part: str, pattern: str) -> str:
    """Return an expression for text of a pattern: of names `-`, `_` and `.` are one, and `:` is `/`."""
    if kind == "paths":
        return "".join(r"[/\\]" if char in "/\\" else re.escape(char) for char in part)
    if kind == "hosts":
        return re.escape(part)
    dots = "[-_./]+" if ":" in pattern else "[-_.]+"
    pieces = re.split(r"([-_.]+|[/:])", part)
    return "".join(
        "[/:]" if piece in ("/", ":") else dots if piece and not piece.strip("-_.") else re.escape(piece)
        for piece in pieces
    )
