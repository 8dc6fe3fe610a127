"""YAML of a lock file → tables, from the events of libyaml's parser, strictly and within bounds.

Package managers write maps, lists, texts, and the plain words true, false and null; other plain words stay texts, so
that version 1.10 is "1.10". Anchors, aliases, tags, directives, merge keys and duplicate keys are refused. Size, depth
and number of values are counted before anything is composed, see docs/adr/0004. Source: YAML 1.2.2.
"""

from __future__ import annotations

from typing import Any, Final

from counterseal.adapters.sbom.checkout import MAX_BYTES
from counterseal.adapters.sbom.reading import Table, text_of
from counterseal.errors import FormatError

MAX_DEPTH: Final = 32
#: Keys, texts, lists and maps of a file; a lock of 10,000 packages has about 200,000.
MAX_VALUES: Final = 3_000_000
_PLAIN: Final = {"true": True, "false": False, "null": None, "~": None, "": None}


def yaml_table(data: bytes, place: str) -> Table:
    """Return the map in a file of one document.

    Raises:
        FormatError: It is no YAML as above, no map, or there are several documents.
    """
    tables = yaml_tables(data, place, max_documents=1)
    return tables[0]


def yaml_tables(data: bytes, place: str, *, max_documents: int) -> list[Table]:
    """Return the map in each of a file's documents, of which there has to be one.

    Raises:
        FormatError: It is no YAML as above, a document is no map, or there are too many.
    """
    import yaml  # noqa: PLC0415 - 13 ms, paid only by who has such a lock

    if len(data) > MAX_BYTES:
        raise FormatError(f"{place}: {len(data)} bytes are too many", why=f"at most {MAX_BYTES} are read")
    reader = _Reader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)(text_of(data, place)), place)
    try:
        documents = reader.documents(max_documents)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise reader.error(mark, "not YAML", error.problem or error.context or "") from None
    except yaml.reader.ReaderError as error:
        raise reader.error(None, "not YAML", error.reason) from None
    if not documents or not all(isinstance(document, dict) for document in documents):
        raise FormatError(f"{place}: no map", fix="make the file again")
    return [Table(document, place) for document in documents]


class _Reader:
    """Makes values of a parser's events; it calls itself as deep as the file is nested, at most `MAX_DEPTH`."""

    def __init__(self, parser: Any, place: str) -> None:
        self._next = parser.get_event
        self._place = place
        self._depth = 0
        self._values = 0
        self._keys: dict[str, str] = {}  # each key in memory once: most repeat in every package

    def documents(self, limit: int) -> list[Any]:
        """Return the documents' values."""
        documents: list[Any] = []
        while (event := self._next()) is not None:
            if type(event).__name__ != "DocumentStartEvent":
                continue
            if event.version is not None or event.tags:
                raise self.error(event.start_mark, "directives are not allowed")
            if len(documents) == limit:
                raise self.error(event.start_mark, "too many documents", f"at most {limit} are read")
            documents.append(self._value(self._next()))
        return documents

    def error(self, mark: Any, what: str, why: str = "") -> FormatError:
        """Return the error to raise about what stands at a mark."""
        where = f"{self._place}:{mark.line + 1}:{mark.column + 1}" if mark else self._place
        return FormatError(f"{where}: {what}", why=why, fix="make the file again")

    def _value(self, event: Any) -> Any:
        kind = self._checked(event)
        if kind == "ScalarEvent":
            text = event.value
            return _PLAIN.get(text, text) if event.style is None or event.style == "" else text
        if self._depth == MAX_DEPTH:
            raise self.error(event.start_mark, "nested too deeply", f"at most {MAX_DEPTH} levels are read")
        self._depth += 1
        value = self._map() if kind == "MappingStartEvent" else self._list()
        self._depth -= 1
        return value

    def _checked(self, event: Any) -> str:
        """Return the name of an event that begins a value."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise self.error(event.start_mark, "too many values", f"at most {MAX_VALUES} are read")
        kind = type(event).__name__
        if event.anchor is not None:  # an alias has one too
            raise self.error(event.start_mark, "anchors and aliases are not allowed")
        if event.tag is not None:
            raise self.error(event.start_mark, "tags are not allowed")
        return kind

    def _list(self) -> list[Any]:
        values = []
        while type(event := self._next()).__name__ != "SequenceEndEvent":
            values.append(self._value(event))
        return values

    def _map(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while type(event := self._next()).__name__ != "MappingEndEvent":
            if self._checked(event) != "ScalarEvent":
                raise self.error(event.start_mark, "a key has to be a text")
            key = self._keys.setdefault(event.value, event.value)
            if key in values or key == "<<":
                raise self.error(event.start_mark, f"the key {key[:80]!r} appears twice, or is a merge key")
            values[key] = self._value(self._next())
        return values
