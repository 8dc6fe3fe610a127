"""Puts words into the texts of our own files, so that each stays one scalar of YAML."""

from __future__ import annotations

import json
from importlib import resources
from typing import Final

from counterseal.errors import UsageError
from counterseal.formats import names

_RESERVED: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_TEXTS: Final = resources.files("counterseal.project.plan") / "texts"
PLAIN: Final = names.Grammar("plain", "[A-Za-z0-9_][A-Za-z0-9._/-]*", "letters, digits and . _ / -")


def quoted(text: str) -> str:
    """Return a text as a scalar in double quotes: JSON's are YAML's."""
    return json.dumps(text)


def key(name: str) -> str:
    """Return a name as a key, in quotes where YAML would take it for something else."""
    return quoted(name) if name in _RESERVED else name


def plain(text: str, what: str, fix: str) -> str:
    """Return a text that is the same to GitHub's filters and expressions, to a shell and to YAML.

    Raises:
        UsageError: It has other characters.
    """
    if not PLAIN.fits(text) or ".." in text:
        raise UsageError(
            f"{what} {text!r} cannot stand in a workflow file",
            why=f"init writes only {PLAIN.words} there: anything else is a pattern or an expression somewhere",
            fix=fix,
        )
    return text


def fill(name: str, **slots: str) -> str:
    """Return a text of our own with its slots `<<NAME>>` filled.

    A slot that has a line of its own takes that line with it if it is empty.
    """
    text = (_TEXTS / f"{name}.in").read_text(encoding="utf-8")
    for slot, value in slots.items():
        text = text.replace(f"<<{slot}>>\n", f"{value}\n" if value else "").replace(f"<<{slot}>>", value)
    if "<<" in text:
        raise ValueError(f"{name}: a slot is left")
    return text
