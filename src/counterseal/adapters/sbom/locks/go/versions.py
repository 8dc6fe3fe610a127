"""Versions of Go modules and their order (Go Modules Reference, "Versions"; Semantic Versioning 2.0.0, section 11)."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

_NUMBER: Final = r"(0|[1-9][0-9]{0,19})"
_VERSION: Final = re.compile(
    rf"v{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*+))?(?:\+incompatible)?\Z"
)
_MAX_LENGTH: Final = 200

_Part: TypeAlias = tuple[int, int, str]


def is_version(text: str) -> bool:
    """Return whether a text is a canonical version, as the go command writes it into its files."""
    return len(text) <= _MAX_LENGTH and bool(_VERSION.match(text))


def order(version: str) -> tuple[tuple[int, ...], bool, tuple[_Part, ...]]:
    """Return what orders canonical versions; a release comes after its pre-releases."""
    match = _VERSION.match(version)
    if match is None:
        raise ValueError(version)
    parts = match[4].split(".") if match[4] else []
    return tuple(int(number) for number in match.groups()[:3]), not parts, tuple(map(_part, parts))


def _part(text: str) -> _Part:
    """Numbers come before words."""
    return (0, int(text), "") if text.isdigit() else (1, 0, text)
