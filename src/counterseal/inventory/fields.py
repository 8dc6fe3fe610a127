"""An object of a document of others, read member by member, with the path of what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIX = "make the document anew with the tool that wrote it; counterseal reads CycloneDX 1.4 to 1.7"


class Fields:
    """The members of an object; one that is missing or null is empty.

    Args:
        members: The object.
        path: The document's name, and within it where the object stands.
    """

    __slots__ = ("_members", "_path")

    def __init__(self, members: Mapping[str, Any], path: str) -> None:
        self._members = members
        self._path = path

    def __bool__(self) -> bool:
        """Return whether there are any members."""
        return bool(self._members)

    def error(self, why: str, key: str = "") -> FormatError:
        """Return what is wrong with this object, or with a member of it."""
        return FormatError(f"{self._path}{f': {key}' if key else ''}", why=why, fix=_FIX)

    def text(self, key: str) -> str:
        """Return a text.

        Raises:
            FormatError: It is something else.
        """
        value = self._members.get(key)
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        raise self.error(f"a text is needed, and {_shown(value)} stands there", key)

    def texts(self, key: str) -> list[str]:
        """Return a list of texts.

        Raises:
            FormatError: It is something else.
        """
        values = self._list(key)
        for number, value in enumerate(values):
            if not isinstance(value, str):
                raise self.error(f"a text is needed, and {_shown(value)} stands there", f"{key}[{number}]")
        return values

    def is_list(self, key: str) -> bool:
        """Return whether a list stands there."""
        return isinstance(self._members.get(key), list)

    def object(self, key: str) -> Fields:
        """Return an object, without members if it is not there.

        Raises:
            FormatError: It is something else.
        """
        value = self._members.get(key)
        if value is None:
            return Fields({}, self._path)
        if not isinstance(value, dict):
            raise self.error(f"an object is needed, and {_shown(value)} stands there", key)
        return Fields(value, f"{self._path}: {key}")

    def objects(self, key: str) -> list[Fields]:
        """Return a list of objects.

        Raises:
            FormatError: It is something else.
        """
        values = self._list(key)
        for number, value in enumerate(values):
            if not isinstance(value, dict):
                raise self.error(f"an object is needed, and {_shown(value)} stands there", f"{key}[{number}]")
        return [Fields(value, f"{self._path}: {key}[{number}]") for number, value in enumerate(values)]

    def _list(self, key: str) -> list[Any]:
        value = self._members.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(f"a list is needed, and {_shown(value)} stands there", key)
        return value


def _shown(value: object) -> str:
    kinds = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return kinds.get(type(value), "nothing")
