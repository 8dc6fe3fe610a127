"""Text of a checkout → typed values: tables whose parts are taken out by type, and requirements, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal.adapters.sbom.checkout import MAX_BYTES
from counterseal.errors import FormatError
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Table:
    """A table of TOML, an object of JSON or a mapping of YAML; `place` names it in messages."""

    data: Mapping[str, Any]
    place: str

    def text(self, key: str) -> str:
        """Return a text that has to be there."""
        value = self.optional_text(key)
        if not value:
            raise FormatError(f"{self.place}: `{key}` is missing", fix="make the file again")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            raise FormatError(f"{self.place}: `{key}` is not a text", fix="make the file again")
        return value

    def flag(self, key: str) -> bool:
        """Return a truth value; an absent one is False."""
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            raise FormatError(f"{self.place}: `{key}` is neither true nor false", fix="make the file again")
        return value

    def table(self, key: str) -> Table:
        """Return a table; an absent one is empty."""
        value = self.data.get(key, {})
        if not isinstance(value, Mapping):
            raise FormatError(f"{self.place}: `{key}` is not a table", fix="make the file again")
        return Table(value, f"{self.place}: {key}")

    def entries(self) -> Iterator[tuple[str, Table]]:
        """Yield key and table of each member, all of which have to be tables."""
        for key in self.data:
            yield key, self.table(key)

    def tables(self, key: str) -> Iterator[Table]:
        """Yield the tables of a list; an absent one is empty."""
        for number, value in enumerate(self._list(key), start=1):
            if not isinstance(value, Mapping):
                raise FormatError(f"{self.place}: `{key}` number {number} is not a table", fix="make the file again")
            yield Table(value, f"{self.place}: {key} {number}")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of a list; an absent one is empty."""
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise FormatError(f"{self.place}: `{key}` is not a list of texts", fix="make the file again")
        return tuple(values)

    def text_map(self, key: str) -> dict[str, str]:
        """Return a table all of whose values are texts; an absent one is empty."""
        values = self.table(key).data
        if not all(isinstance(value, str) for value in values.values()):
            raise FormatError(f"{self.place}: `{key}` has a value that is not a text", fix="make the file again")
        return dict(values)

    def _list(self, key: str) -> list[Any]:
        values = self.data.get(key, [])
        if not isinstance(values, list):
            raise FormatError(f"{self.place}: `{key}` is not a list", fix="make the file again")
        return values


def json_table(data: bytes, place: str, *, max_bytes: int = MAX_BYTES) -> Table:
    """Return the JSON object in a file.

    Raises:
        FormatError: It is no JSON (RFC 8259, strictly), or no object.
    """
    value = wire.load_json(data, place, max_bytes=max_bytes)
    if not isinstance(value, dict):
        raise FormatError(f"{place}: no JSON object", fix="make the file again")
    return Table(value, place)


def text_of(data: bytes, place: str) -> str:
    """Return a file's text.

    Raises:
        FormatError: It is not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{place}: not UTF-8", why=str(error), fix="make the file again") from error
