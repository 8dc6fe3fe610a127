"""Typed access to what a forge answers: a missing field, a wrong type or an unknown word is an error (R01)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.errors import FormatError, ServiceError
from counterseal.formats import digests, wire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Self, TypeVar

    T = TypeVar("T")


class Fields:
    """A JSON object of an answer.

    Args:
        data: What was received.
        what: Its name for messages, such as `review 7 of #12`.

    Raises:
        ServiceError: It is no object. All methods raise it too, with the name of the field.
    """

    def __init__(self, data: Any, what: str) -> None:
        if not isinstance(data, dict):
            raise _unusable(what, f"an object was expected, not {_kind(data)}")
        self._data: Mapping[str, Any] = data
        self.what = what

    def _get(self, name: str, kind: type[T]) -> T:
        if name not in self._data:
            raise _unusable(self.what, f"the field {name!r} is missing")
        value = self._data[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _unusable(self.what, f"the field {name!r} is {_kind(value)}")
        return value

    def is_null(self, name: str) -> bool:
        """Return whether a field, which has to be there, is null."""
        if name not in self._data:
            raise _unusable(self.what, f"the field {name!r} is missing")
        return self._data[name] is None

    def has(self, name: str) -> bool:
        """Return whether an optional field is there and not null."""
        return self._data.get(name) is not None

    def text(self, name: str) -> str:
        """Return a text."""
        return self._get(name, str)

    def number(self, name: str) -> int:
        """Return a whole number that is not negative."""
        value = self._get(name, int)
        if value < 0:
            raise _unusable(self.what, f"the field {name!r} is {value}")
        return value

    def flag(self, name: str) -> bool:
        """Return true or false."""
        return self._get(name, bool)

    def items(self, name: str) -> list[Any]:
        """Return a list."""
        return self._get(name, list)

    def moment(self, name: str) -> datetime:
        """Return a moment."""
        try:
            return wire.parse_timestamp(self.text(name), f"{self.what}: {name}")
        except FormatError as error:
            raise _unusable(self.what, f"the field {name!r} is not a time") from error

    def revision(self, name: str) -> str:
        """Return a full git revision."""
        value = self.text(name)
        if not digests.is_revision(value):
            raise _unusable(self.what, f"the field {name!r} is not a full revision: {value[:60]!r}")
        return value

    def inner(self, name: str) -> Self:
        """Return an object."""
        return type(self)(self._get(name, dict), f"{self.what}: {name}")

    def require(self, name: str, wanted: str | int) -> None:
        """Require that a field is what was asked for: the forge may have answered about something else."""
        if self._get(name, type(wanted)) != wanted:
            raise _unusable(self.what, f"the forge answered with {name} {str(self._data.get(name))[:100]!r}")

    def one_of(self, name: str, table: Mapping[str, T]) -> T:
        """Return what `table` says of a word; a word that is not in it is an error."""
        word = self.text(name)
        if word not in table:
            raise _unusable(self.what, f"{name} {word[:60]!r} is not known (known: {', '.join(table)})")
        return table[word]


def _unusable(what: str, why: str) -> ServiceError:
    return ServiceError(
        f"{what}: the forge's answer cannot be used",
        why=why,
        fix="run again; if it fails again, this version of counterseal does not know this version of the forge",
    )


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
