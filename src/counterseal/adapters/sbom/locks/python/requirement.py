"""The careful reading of a requirement (PEP 508) from outside."""

from __future__ import annotations

from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

from counterseal.errors import FormatError

MAX_REQUIREMENT: Final = 8192
MAX_PARENTHESES: Final = 32


def requirement(text: str, place: str) -> Requirement:
    """Return a requirement (PEP 508).

    Raises:
        FormatError: It is none, or so long or deep that no tool wrote it.
    """
    check_marker(text, place)
    try:
        return Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(f"{place}: {text[:80]!r} is not a requirement", why=why) from error


def check_marker(text: str, place: str) -> None:
    """Refuse a requirement or marker that the parser would recurse into too deeply.

    Raises:
        FormatError: It has too many characters, or parentheses in parentheses.
    """
    depth = deepest = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if len(text) > MAX_REQUIREMENT or deepest > MAX_PARENTHESES:
        why = f"at most {MAX_REQUIREMENT} characters and {MAX_PARENTHESES} parentheses in each other are read"
        raise FormatError(f"{place}: {text[:80]!r} is not a requirement", why=why)
