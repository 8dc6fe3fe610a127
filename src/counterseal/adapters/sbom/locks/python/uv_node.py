"""The entries of a `uv.lock`: what each is, where it comes from, and what the others ask of it."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_git, clean_url
from counterseal.adapters.sbom.checkout import inside
from counterseal.adapters.sbom.reading import Table
from counterseal.adapters.sbom.records import Origin, check_packages, part_key, unique_keys

_FOLDERS: Final = ("editable", "virtual", "directory")


@dataclass(slots=True, eq=False)
class Node:
    """A package of the lock, and what is collected for it: who needs it where, which extras are asked of it.

    `folder` is the one that a part lies in.
    """

    entry: Table
    name: str
    version: str | None
    folder: str | None
    key: str
    markers: set[str | None] = field(default_factory=set)
    extras: set[str] = field(default_factory=set)


def nodes(document: Table) -> list[Node]:
    """Return the entries of a lock.

    Raises:
        UsageError: There are too many.
        FormatError: One is malformed.
    """
    entries: list[Node] = []
    for entry in document.tables("package"):
        name, version = canonicalize_name(entry.text("name")), entry.optional_text("version")
        place = _folder(entry, posixpath.dirname(document.place))
        key = part_key(place) if place is not None else _key(entry, name, version)
        entries.append(Node(entry, name, version, place, key))
    check_packages([node.name for node in entries], document.place)
    for node, key in zip(entries, unique_keys(node.key for node in entries), strict=True):
        node.key = key
    return entries


def origin(entry: Table) -> tuple[Origin, str | None, str | None]:
    """Return origin, address and git revision."""
    source = entry.table("source")
    if git := source.optional_text("git"):
        return Origin.GIT, clean_git(git.split("#")[0]), git.partition("#")[2] or None
    if url := source.optional_text("url"):
        return Origin.URL, clean_url(url), None
    if any(source.data.get(kind) is not None for kind in (*_FOLDERS, "path")):
        return Origin.PATH, None, None
    return Origin.REGISTRY, None, None


def subdirectory(entry: Table) -> str | None:
    """Return the folder of a git repository or archive that a package lies in; None: its top."""
    source = entry.table("source")
    if (git := source.optional_text("git")) is None:
        return source.optional_text("subdirectory")
    try:
        return parse_qs(urlsplit(git.split("#")[0]).query, max_num_fields=10).get("subdirectory", [None])[0]
    except ValueError:
        return None


def _folder(entry: Table, folder: str) -> str | None:
    """Return the folder of the checkout that a part lies in; None: it is no part, or lies outside."""
    source = entry.table("source")
    path = next(filter(None, map(source.optional_text, _FOLDERS)), None)
    return inside(folder, path) if path else None


def _key(entry: Table, name: str, version: str | None) -> str:
    _, location, revision = origin(entry)
    return urls.pypi(name, version, location, revision).to_string()
