"""What installed packages say of themselves: licences. Nothing is imported, no code of theirs runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from counterseal.adapters.local import installed_packages
from counterseal.adapters.sbom.descriptions.description import Description, fits

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

    from counterseal.adapters.sbom.descriptions.description import Places
    from counterseal.adapters.sbom.records import Package

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


class InstalledPackages:
    """The packages installed in the project's `.venv`, else in the folders given (`description.Descriptions`).

    The version has to be the locked one for this to say something about the locked package, so it is part of the key.
    """

    def __init__(self, project: Path, places: Places) -> None:
        own = [
            *sorted(project.glob(".venv/lib/python3*/site-packages")),
            *sorted(project.glob(".venv/Lib/site-packages")),
        ]
        path = [str(folder) for folder in own if folder.is_dir()] or [str(folder) for folder in places.python]
        self._by_package: dict[tuple[str, str], Description] = {}
        for head in installed_packages.metadata(path):
            name, version = _first(head, "Name"), _first(head, "Version")
            if name and version and (says := _licence(head)):
                key = (canonicalize_name(name), version)
                self._by_package.setdefault(key, Description("METADATA", licences=says))

    def of(self, package: Package) -> Description | None:
        """Return what a package says; see the protocol."""
        return self._by_package.get((package.name, package.version or ""))


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
