"""Reads `Pipfile.lock`, version 6 of its format: versions and digests; it does not say who needs whom."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_git, clean_url, distribution
from counterseal.adapters.sbom.checkout import inside
from counterseal.adapters.sbom.locks.python import artifacts, pyproject
from counterseal.adapters.sbom.locks.python.candidates import merged
from counterseal.adapters.sbom.reading import json_table
from counterseal.adapters.sbom.records import Lock, Origin, Package, Part, Scope, part_key
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from counterseal.adapters.sbom.checkout import Source
    from counterseal.adapters.sbom.reading import Table

VERSION: Final = 6
#: What is no category of packages.
_META: Final = "_meta"


def read(source: Source) -> Lock:
    """Return what a Pipfile.lock says; every category but `default` is for developers.

    Raises:
        UsageError: Another version of the format.
        FormatError: Something is not of its type.
    """
    data, project = source.data(), pyproject.read(source)
    document = json_table(data, source.lock)
    version = document.table(_META).data.get("pipfile-spec")
    if version != VERSION:
        raise UsageError(
            f"{source.lock} has pipfile-spec {version!r}", why=f"read is {VERSION}", fix="run `pipenv lock`"
        )
    packages: list[Package] = []
    parts: dict[str, Part] = {}
    for category, table in document.entries():
        for name, entry in table.entries() if category != _META else ():
            path = entry.optional_text("path")
            folder = inside(posixpath.dirname(source.lock), path) if path else None
            if folder is None:
                packages.append(_package(canonicalize_name(name), entry, default=category == "default"))
            elif folder != source.project:
                key, purl = part_key(folder), urls.pypi(name, None)
                parts[key] = Part(key, folder, canonicalize_name(name), None, purl)
    root = pyproject.part(project, source.project, ())
    locked = tuple(merged(packages, source.lock).values())
    return Lock(source.digest(data), root, locked, tuple(parts.values()), has_edges=False)


def _package(name: str, entry: Table, *, default: bool) -> Package:
    git, url = entry.optional_text("git"), entry.optional_text("file")
    origin = Origin.GIT if git else Origin.URL if url else Origin.PATH if "path" in entry.data else Origin.REGISTRY
    location, revision = clean_git(git) if git else clean_url(url or ""), entry.optional_text("ref") if git else None
    version = (entry.optional_text("version") or "").lstrip("=") or artifacts.version_of(url or "")
    hashes = [text.partition(":") for text in entry.texts("hashes")]
    marker = entry.optional_text("markers")
    purl = urls.pypi(name, version, location, revision)
    return Package(
        purl.to_string(),
        purl,
        name,
        version,
        origin,
        tuple(distribution(url or "", {algorithm: digest}, entry.place) for algorithm, _, digest in hashes),
        scope=Scope.REQUIRED if default else Scope.EXCLUDED,
        markers=(marker,) if marker else (),
        location=location,
        revision=revision,
    )
