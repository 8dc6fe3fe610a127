"""What GitHub tells a job of the event that started its run: a file whose content comes from outside in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.errors import UsageError
from counterseal.formats import wire
from counterseal.identifiers import page

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path | None) -> dict[str, Any]:
    """Return the event, or nothing if there is none."""
    if path is None or not path.is_file():
        return {}
    event = wire.load_json(path.read_bytes(), "the event of this run")
    return event if isinstance(event, dict) else {}


def inputs(path: Path | None) -> dict[str, str]:
    """Return what whoever started the run by hand filled in; what they left empty is not among it.

    Raises:
        UsageError: One of them is no text.
    """
    given = read(path).get("inputs")
    filled = given if isinstance(given, dict) else {}
    for name, value in filled.items():
        if not isinstance(value, str | None):
            raise UsageError(
                f"the input {str(name)[:40]!r} of this run is no text",
                why="its workflow declares a type for it",
                fix=f"declare the inputs as on {page('how-to-github.md')}, without types",
            )
    return {str(name): value for name, value in filled.items() if value}


def filled(path: Path | None) -> dict[str, str]:
    """Return what whoever started the run by hand filled in, whatever its types; nothing of lists and objects."""
    given = read(path).get("inputs")
    values = given.items() if isinstance(given, dict) else ()
    return {str(name): _text(value) for name, value in values if isinstance(value, str | int | float)}


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
