"""YAML as far as a policy needs it, with the place of every node. Knows no format and converts nothing.

One document of mappings, sequences and scalars. Refused, with line and column: anchors, aliases, tags, directives,
merge keys, duplicate keys, keys that are no strings, a second document, more than 256 kB, more than 32 levels.
Size and depth are counted on the parser's events, before anything is composed. Scalars stay strings: `no` is "no".
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from counterseal.errors import PolicyError
from counterseal.identifiers import page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_BYTES: Final = 256_000
MAX_DEPTH: Final = 32

_STRICT: Final = "counterseal rejects policy files with unknown or ambiguous entries"
_MANUAL: Final = f"see {page('policy-reference.md')}"

#: Plain words that some YAML version reads as something else than a string.
MAX_NUMBER: Final = 10**18 - 1
_NUMBER = re.compile(rf"[1-9][0-9]{{0,{len(str(MAX_NUMBER)) - 1}}}\Z")
_NO_STRING = re.compile(
    r"(|~|null|true|false|yes|no|on|off|y|n|[-+]?[.\d][\d_.:eExXoO+-]*|[-+]?\.(inf|nan))\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; line and column count from 1."""

    name: str
    line: int
    column: int

    def error(self, what: str, *, why: str = "", fix: str = "") -> PolicyError:
        """Return the error to raise about what stands here; every one says why and points somewhere."""
        where = f"{self.name}:{self.line}:{self.column}"
        return PolicyError(f"{where}: {what}", why=why or _STRICT, fix=fix or _MANUAL)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar as written; `plain` means without quotes."""

    place: Place
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    place: Place
    items: list[Node]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Nodes by key, in the order of the file; `keys` tells where each key stands."""

    place: Place
    items: dict[str, Node]
    keys: dict[str, Place]


Node = Scalar | Sequence | Mapping


def load(data: bytes, name: str) -> Node:
    """Return the one document in `data`.

    Args:
        data: The file as it lies in git.
        name: Its name, for messages.

    Raises:
        PolicyError: It is not in the subset; the message begins with `NAME:LINE:COLUMN: `.
    """
    start = Place(name, 1, 1)
    if len(data) > MAX_BYTES:
        raise start.error(f"{len(data)} bytes are too many", why=f"at most {MAX_BYTES} are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise Place(name, line, column).error("not UTF-8", fix="save the file as UTF-8") from None
    builder = _Builder(name)
    for event in _events(text, name):
        builder.take(event)
    if builder.root is None:
        raise start.error("the file is empty", fix=_MANUAL)
    return builder.root


def _events(text: str, name: str) -> Iterator[Any]:
    import yaml  # noqa: PLC0415 - 13 ms, paid only by what reads a policy

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place(mark, name) if mark else Place(name, 1, 1)
        raise place.error(f"not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise place.error(f"not YAML: {error.reason}") from None


def _place(mark: Any, name: str) -> Place:
    return Place(name, mark.line + 1, mark.column + 1)


class _Builder:
    """Makes nodes from events, without recursion; refuses what is outside the subset as soon as it is seen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Node | None = None
        self.open: list[Sequence | Mapping] = []
        self.waiting: list[str | None] = []  # of each open node the key that has no value yet

    def take(self, event: Any) -> None:
        """Take one event of PyYAML's parser."""
        place = _place(event.start_mark, self.name)
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
            raise place.error("anchors and aliases are not allowed", fix="write the value out")
        if getattr(event, "tag", None) is not None and kind != "DocumentStartEvent":
            raise place.error("tags are not allowed", fix="remove the word that begins with `!`")
        match kind:
            case "DocumentStartEvent":
                self._document(event, place)
            case "ScalarEvent":
                self._add(Scalar(place, event.value, plain=event.style is None or event.style == ""))
            case "MappingStartEvent":
                self._open(Mapping(place, {}, {}))
            case "SequenceStartEvent":
                self._open(Sequence(place, []))
            case "MappingEndEvent" | "SequenceEndEvent":
                self.open.pop()
                self.waiting.pop()
            case _:
                pass

    def _document(self, event: Any, place: Place) -> None:
        if self.root is not None:
            raise place.error("a second document begins here", why="a policy is one document", fix="remove the `---`")
        if event.version is not None or event.tags:
            raise place.error("directives are not allowed", fix="remove the line that begins with `%`")

    def _open(self, node: Sequence | Mapping) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise node.place.error("nested too deeply", why=f"at most {MAX_DEPTH} levels are read")
        self._add(node)
        self.open.append(node)
        self.waiting.append(None)

    def _add(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self.waiting[-1]
        if key is None:
            self.waiting[-1] = self._key(parent, node)
        else:
            parent.items[key] = node
            self.waiting[-1] = None

    def _key(self, parent: Mapping, node: Node) -> str:
        if not isinstance(node, Scalar):
            raise node.place.error("a key has to be a string", why="a list or mapping stands here")
        if node.plain and node.text == "<<":
            raise node.place.error("merge keys are not allowed", fix="write the values out")
        if node.plain and _NO_STRING.match(node.text):
            raise node.place.error(f"a key has to be a string, not {node.text or 'nothing'}", fix="put it in quotes")
        first = parent.keys.get(node.text)
        if first:
            _double(node, first)
        parent.keys[node.text] = node.place
        return node.text


def _double(node: Scalar, first: Place) -> NoReturn:
    raise node.place.error(f"the key {node.text!r} appears twice", why=f"first in line {first.line}", fix="remove one")


# --- nodes to values -------------------------------------------------------------------------


def fields(node: Node, what: str, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Node]:
    """Return the entries of a mapping that has all `required` keys, maybe `optional` ones, and no others."""
    entries, needed = mapping(node, what), list(required)
    known = [*needed, *optional]
    for key, place in entries.keys.items():
        if key not in known:
            raise place.error(f"unknown key {shown(key)}", fix=near(key, known))
    for key in needed:
        if key not in entries.items:
            raise entries.place.error(f"{what} lacks the key '{key}'", fix=f"add `{key}: …`")
    return entries.items


def near(word: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown word: the near miss, or all that is known."""
    choices = list(known)
    begun = [name for name in choices if len(word) > 1 and name.startswith(word)]
    near = begun or difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(choices) or 'nothing'}"


def shown(text: str) -> str:
    """Return a foreign text for a message: quoted, escaped, at most 60 characters."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def mapping(node: Node, what: str) -> Mapping:
    """Return the node if it is a mapping."""
    if not isinstance(node, Mapping):
        raise node.place.error(f"{what} has to be a mapping", fix="write `{key: value}`; an empty one is `{}`")
    return node


def sequence(node: Node, what: str) -> Sequence:
    """Return the node if it is a list."""
    if not isinstance(node, Sequence):
        raise node.place.error(f"{what} has to be a list", fix="write `[…]`")
    return node


def text(node: Node, what: str) -> str:
    """Return the text of a scalar that is not null."""
    if not isinstance(node, Scalar) or (node.plain and node.text in ("", "~", "null")):
        raise node.place.error(f"{what} has to be a text")
    return node.text


def texts(node: Node, what: str) -> list[tuple[str, Place]]:
    """Return the distinct texts of a list that is not empty, each with its place."""
    pairs = [(text(item, what), item.place) for item in sequence(node, what).items]
    if not pairs:
        raise node.place.error(f"{what} is empty", fix="name at least one")
    seen: set[str] = set()
    for word, place in pairs:
        if word in seen:
            raise place.error(f"{shown(word)} appears twice in {what}", fix="remove one")
        seen.add(word)
    return pairs


def number(node: Node, what: str, least: int = 1) -> int:
    """Return a whole number from 1, or from 0, written in digits without quotes."""
    if isinstance(node, Scalar) and node.plain and (_NUMBER.match(node.text) or (node.text == "0" and not least)):
        return int(node.text)
    instead = f", not {shown(node.text)}" if isinstance(node, Scalar) else ""
    raise node.place.error(f"{what} has to be a whole number from {least}{instead}", fix="write digits only, no quotes")


def boolean(node: Node, what: str) -> bool:
    """Return `true` or `false`, written without quotes."""
    if not isinstance(node, Scalar) or not node.plain or node.text not in ("true", "false"):
        raise node.place.error(f"{what} has to be true or false")
    return node.text == "true"
