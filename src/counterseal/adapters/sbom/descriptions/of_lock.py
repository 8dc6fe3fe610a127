"""Which module knows the packages of which ecosystem, and what they say of the packages of a lock."""

from __future__ import annotations

import importlib
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, cast

from counterseal.adapters.sbom.descriptions.description import Description, Search, licences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterseal.adapters.sbom.checkout import Checkout
    from counterseal.adapters.sbom.descriptions.description import Descriptions, Places
    from counterseal.adapters.sbom.records import Lock, Package


class Ecosystem(Protocol):
    """A module that knows the packages of an ecosystem."""

    def descriptions(self, search: Search) -> Sequence[Descriptions]:
        """Return what is known, by the places that know it; the first that says a licence counts."""


#: The place of a description that is the lock's own.
LOCK: Final = "lock"
#: Modules beside this one, by the type of the packages' purls.
MODULES: Final = {"pypi": "python", "npm": "npm", "cargo": "rust", "golang": "go", "maven": "java"}


def described(lock: Lock, checkout: Checkout, projects: Iterable[str], places: Places) -> Mapping[str, Description]:
    """Return what the packages of a lock say of themselves, by key, where something is known.

    Args:
        lock: The packages.
        checkout: The repository.
        projects: The folders of the projects, in whose environments packages may be installed.
        places: Where else they may lie.
    """
    own = dict.fromkeys([*projects, *(posixpath.dirname(path) or "." for path, _ in lock.files)])
    parts = dict.fromkeys([*own, lock.root.path, *(part.path for part in lock.parts)])
    search = Search(checkout, tuple(own), tuple(parts), places)
    known: dict[str, Sequence[Descriptions]] = {}
    says: dict[str, Description] = {}
    for package in lock.packages:
        kind = package.purl.type
        if kind not in known:
            known[kind] = _module(kind).descriptions(search) if kind in MODULES else ()
        description = _first(package, known[kind]) if package.version else None
        if not (description and description.licences) and (locked := licences([package.licence])):
            place = f"{description.place}, {LOCK}" if description else LOCK
            description = replace(description or Description(place), place=place, licences=locked)
        if description:
            says[package.key] = description
    return says


def _module(kind: str) -> Ecosystem:
    return cast("Ecosystem", importlib.import_module(f"counterseal.adapters.sbom.descriptions.{MODULES[kind]}"))


def _first(package: Package, known: Iterable[Descriptions]) -> Description | None:
    """Return the first description that has a licence, else the first that says anything."""
    second = None
    for descriptions in known:
        if (description := descriptions.of(package)) and description.says_something:
            if description.licences:
                return description
            second = second or description
    return second
