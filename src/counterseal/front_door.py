"""A room's front door that opens only where somebody goes in: a name's file is imported when it is first asked for.

For rooms of which `verify` needs a small part; a consumer waits for every file that is imported (PEP 562).
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def opened_by(room: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a room.

    Args:
        room: Its full name.
        places: A module below it → the names that it exports from there, with blanks between.
    """
    place_of = {name: place for place, names in places.items() for name in names.split()}

    def find(name: str) -> Any:
        if name not in place_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{room}.{place_of[name]}"), name)
        setattr(sys.modules[room], name, value)
        return value

    return find
