"""What installed packages say of themselves: licences. Nothing is imported, no code of theirs runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from counterseal.adapters.local import installed_packages

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message
    from pathlib import Path

MAX_LICENCE: Final = 200
MAX_PARENTHESES: Final = 16

#: Trove classifiers that name exactly one licence, as SPDX ids ("BSD License" and others name several).
_CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zope Public License": "ZPL-2.1",
}


def search_path(project: Path) -> list[str]:
    """Return where the project's packages may be installed: its `.venv` if it has one, else our own environment."""
    own = sorted(project.glob(".venv/lib/python3*/site-packages")) + sorted(project.glob(".venv/Lib/site-packages"))
    return [str(folder) for folder in own if folder.is_dir()] or list(sys.path)


def licences(path: Iterable[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return what each installed package says of its licence, by (PEP 503 name, version).

    One text is an SPDX expression, id or name; several are names of classifiers. The version has to be the locked
    one for this to say something about the locked package, so it is part of the key.
    """
    by_package: dict[tuple[str, str], tuple[str, ...]] = {}
    for head in installed_packages.metadata(path):
        name, version = _first(head, "Name"), _first(head, "Version")
        if name and version and (says := _licence(head)):
            by_package.setdefault((canonicalize_name(name), version), says)
    return by_package


def _first(head: Message, key: str) -> str:
    return str(head.get(key, "")).strip()


def _licence(head: Message) -> tuple[str, ...]:
    if expression := _first(head, "License-Expression"):
        return (expression,) if fits(expression) else ()
    names = [
        value.rpartition(" :: ")[2]
        for value in map(str, head.get_all("Classifier") or ())
        if value.startswith("License :: ") and value != "License :: OSI Approved" and fits(value)
    ]
    if names:
        return tuple(sorted(_CLASSIFIERS.get(name, name) for name in set(names)))
    text = _first(head, "License")
    return (text,) if fits(text) and text != "UNKNOWN" else ()


def fits(text: str) -> bool:
    """Return whether a licence is an expression, id or name: not a whole text, nor one nested too deeply to parse."""
    return 0 < len(text) <= MAX_LICENCE and text.isprintable() and text.count("(") <= MAX_PARENTHESES
