"""What `rebuild --vary` changes between two builds of the same source; nothing of it may change an artifact."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import UsageError
from counterseal.model import Conditions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterseal.reproduction.inputs import Wanted

#: By name, what the second build has otherwise.
VARIATIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "time": {"age": 400 * 24 * 3600, "zone": "Pacific/Kiritimati"},
    "path": {"path": "/build/elsewhere/with-a-longer-name/source"},
    "locale": {"locale": "C"},
    "umask": {"umask": 0o077},
    "user": {"user": "somebody", "uid": 4711},
    "cpus": {"cpus": 1},
}


def first(wanted: Wanted) -> Conditions:
    """Return what is around a build that is to be like the recorded one."""
    usual = Conditions()
    return dataclasses.replace(usual, locale=wanted.locale or usual.locale, zone=wanted.zone or usual.zone)


def parse(words: str) -> tuple[str, ...]:
    """Return the names of variations in a list with commas.

    Raises:
        UsageError: One is not known, or there is none.
    """
    chosen = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    unknown = [word for word in chosen if word not in VARIATIONS]
    if unknown or not chosen:
        raise UsageError(
            f"--vary {unknown[0]!r}" if unknown else "--vary names nothing",
            why=f"what can be varied is {', '.join(VARIATIONS)}",
            fix=f"--vary {','.join(VARIATIONS)}",
        )
    return chosen


def varied(before: Conditions, names: Iterable[str]) -> Conditions:
    """Return other conditions: changed is what is named, and nothing else."""
    changes = {key: value for name in names for key, value in VARIATIONS[name].items()}
    return dataclasses.replace(before, **changes)
