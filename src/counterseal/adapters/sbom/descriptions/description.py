"""What a package says of itself, and where the packages of a build may lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from counterseal.adapters.sbom.addresses import clean_git, clean_url
from counterseal.adapters.sbom.checkout import Checkout
from counterseal.adapters.sbom.licences import by_address, fits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.adapters.sbom.records import Package

MAX_LICENCES: Final = 20
MAX_SUPPLIER: Final = 200
MAX_ADDRESS: Final = 1000
#: Words where a licence or a name should stand that are none.
_NOTHING: Final = re.compile(r"(?i)unknown|none|null|n/a|todo|tbd|noassertion|see licen[cs]e\b.*|licen[cs]e(\.\w+)?")


@dataclass(frozen=True, slots=True)
class Description:
    """What a package says of itself.

    Attributes:
        place: The kind of file that says it, as `METADATA` or `package.json`.
        licences: One text is an SPDX expression, id or name; several are names that stand beside each other.
        supplier: Name of the person or organisation that publishes it.
        source: Address of its source repository, without credentials.
    """

    place: str
    licences: tuple[str, ...] = ()
    supplier: str | None = None
    source: str | None = None

    @property
    def says_something(self) -> bool:
        """Return whether anything is known by it."""
        return bool(self.licences or self.supplier or self.source)


@dataclass(frozen=True, slots=True)
class Places:
    """Where packages may lie beside the checkout; empty: nowhere.

    Attributes:
        python: Folders as of `sys.path`, used where the project has no `.venv`.
        yarn: Folders with Yarn's zip archives, its global cache.
        cargo: Cargo's homes, which have `registry` and `git`.
        go: Go's module caches.
        gradle: Gradle's caches of files, which have a folder for each group.
        maven: Local Maven repositories.
    """

    python: tuple[Path, ...] = ()
    yarn: tuple[Path, ...] = ()
    cargo: tuple[Path, ...] = ()
    go: tuple[Path, ...] = ()
    gradle: tuple[Path, ...] = ()
    maven: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """Where descriptions are looked for.

    Attributes:
        checkout: The repository.
        projects: Its folders that the SBOM and its locks are of.
        parts: Its folders of parts, such as the members of a workspace; the projects among them.
        places: Where packages may lie beside the checkout.
    """

    checkout: Checkout
    projects: tuple[str, ...]
    parts: tuple[str, ...]
    places: Places


class Descriptions(Protocol):
    """What is known of the packages of an ecosystem."""

    def of(self, package: Package) -> Description | None:
        """Return what a package of just this name and version says; None: it is not there."""


def licences(texts: Iterable[object]) -> tuple[str, ...]:
    """Return which of the values that stand as licences are some, each once; what points to a file says nothing."""
    return tuple(dict.fromkeys(filter(None, map(_licence, texts))))[:MAX_LICENCES]


def _licence(text: object) -> str:
    text = text.strip() if isinstance(text, str) else ""
    if not fits(text) or _NOTHING.fullmatch(text):
        return ""
    if "://" in text:  # an address may hold secrets
        return by_address(text) or (clean_url(text) or "" if " " not in text else "")
    return text


def supplier(names: Iterable[object]) -> str | None:
    """Return the names of people and organisations, without their addresses (`Name <mail> (page)`)."""
    people = dict.fromkeys(filter(None, map(_person, names)))
    together = ", ".join(people)
    return (together if len(together) <= MAX_SUPPLIER else next(iter(people))) or None


def _person(text: object) -> str:
    name = re.split(r"[<(]", text, maxsplit=1)[0] if isinstance(text, str) else ""
    name = " ".join(name.split()).strip("\"',; ")
    is_name = len(name) <= MAX_SUPPLIER and name.isprintable() and not re.search(r"@|://", name)
    return name if is_name and not _NOTHING.fullmatch(name) else ""


def repository(address: object) -> str | None:
    """Return the address of a source repository without secrets; None if it is none, or local."""
    if not isinstance(address, str) or len(address) > MAX_ADDRESS or not address.strip().isprintable():
        return None
    return clean_git(address.strip())
