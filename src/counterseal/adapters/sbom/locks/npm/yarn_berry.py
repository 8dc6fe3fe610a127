"""Reads the `yarn.lock` of Yarn 2 and later: a YAML map of entries, workspaces among them.

The checksum of an entry is of the zip file in Yarn's own cache, no digest of what is downloaded: it is kept as a note.
Source: Yarn 2 to 4.18 (`Project.setupResolutions`, `resolveEverything`, `Manifest`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import distribution
from counterseal.adapters.sbom.locks.npm import package_json
from counterseal.adapters.sbom.locks.npm.package_json import Manifest
from counterseal.adapters.sbom.locks.npm.yarn_descriptors import Descriptors
from counterseal.adapters.sbom.locks.npm.yarn_entries import Entry, fingerprint, folder_of, lock, member, split
from counterseal.adapters.sbom.locks.npm.yarn_locators import Locator, locator
from counterseal.adapters.sbom.reading import Table
from counterseal.adapters.sbom.records import Lock, Origin, Package
from counterseal.adapters.sbom.yaml import yaml_table
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from counterseal.adapters.sbom.checkout import Source

#: `__metadata.version`: 4 by Yarn 2.0, 5 and 6 by 3, 8 and 10 by 4.
VERSIONS: Final = range(4, 11)
_METADATA: Final = "__metadata"
#: What Yarn calls a project without a name.
_UNNAMED: Final = re.compile(r"root-workspace-[0-9a-f]{6}")
#: Folders within folders that a path is relative to.
_MAX_PARENTS: Final = 16
#: Key of the cache, if any, and the SHA-512 of the zip file.
_CHECKSUM: Final = re.compile(r"(?:[0-9a-z]{1,10}/)?[0-9a-f]{128}")
_PLAIN_RANGE: Final = re.compile(r"(?:npm:)?([^:/]+)\Z")


def read(source: Source, data: bytes) -> Lock:
    """Return what a yarn.lock of Yarn 2 or later says of a project.

    Raises:
        UsageError: It is of another version, not of the project as it is now, or a path leads out of the checkout.
        FormatError: It is malformed, or an entry needs what is not locked.
    """
    document = yaml_table(data, source.lock)
    _check_version(document)
    top = posixpath.dirname(source.lock) or "."
    manifest = package_json.read(source.checkout, top)
    descriptors = Descriptors(source.checkout, top, manifest.resolutions)
    entries = []
    for key, fields in document.data.items():
        if key != _METADATA:
            # A descriptor may be an address, and an address may hold a password: the name has to do.
            place = f"{source.lock}: {split(key, source.lock)[0][:100]}"
            if not isinstance(fields, Mapping):
                raise FormatError(f"{place} is not a table", fix="make the lock file again")
            entry = _entry(source, top, Table(fields, place))
            entries.append(entry)
            descriptors.add(key, entry)
    return lock(source, data, entries, descriptors.key)


def _check_version(document: Table) -> None:
    version = document.table(_METADATA).text("version")
    if version not in map(str, VERSIONS):
        raise UsageError(
            f"{document.place} has format version {version[:20]!r}",
            why=f"this counterseal reads the versions {VERSIONS[0]} to {VERSIONS[-1]} of Yarn 2 to 4",
            fix="use a newer counterseal, or lock with a Yarn that writes one of them",
        )


def _entry(source: Source, top: str, table: Table) -> Entry:
    resolution = table.text("resolution")
    place = table.place
    named = locator(resolution, place)
    version = table.optional_text("version")
    optional = frozenset(name for name, meta in table.table("dependenciesMeta").entries() if meta.flag("optional"))
    entry = Entry(place, resolution, named.name, version, table.text_map("dependencies"), optional)
    path = _path(top, named, place)
    if path is None or not named.is_folder:
        return replace(entry, package=_package(entry, named, path, table))
    folder = folder_of(source, ".", path, place)
    if not named.is_workspace:
        return replace(entry, folder=folder)
    return _workspace(source, replace(entry, folder=folder, is_member=True))


def _path(top: str, named: Locator, place: str) -> str | None:
    """Return the path in the checkout of a package that lies there; None: it does not, or inside of another package."""
    path = ""
    for _ in range(_MAX_PARENTS):
        if named.path is None:
            return None
        path = posixpath.join(named.path, path)
        if named.is_workspace or named.parent is None:
            return posixpath.join(top, path)
        named = locator(named.parent, place)
        if not named.is_folder:
            return None
    raise UsageError(f"{place}: lies in too many folders", why=f"at most {_MAX_PARENTS} are followed")


def _package(entry: Entry, named: Locator, path: str | None, table: Table) -> Package:
    in_registry = named.origin is Origin.REGISTRY
    location = None if in_registry else named.location
    purl = urls.npm(entry.name, entry.version, location, named.revision)
    # What nothing in its purl tells from the registry's package is told by its path, or by its resolution.
    place = posixpath.normpath(path) if path else entry.locator
    key = purl.to_string() if in_registry or location else f"{purl.to_string()}#{fingerprint(place)}"
    address = named.location if named.origin is not Origin.GIT else None
    conditions = table.optional_text("conditions")
    notes = [("yarn:patch", named.patch)] if named.patch else []
    if checksum := table.optional_text("checksum"):
        if not _CHECKSUM.fullmatch(checksum):
            raise FormatError(f"{entry.place}: `checksum` is none of Yarn's", fix="make the lock file again")
        notes.append(("yarn:patch:checksum" if named.patch else "yarn:checksum", checksum))
    return Package(
        key,
        purl,
        entry.name,
        entry.version,
        named.origin,
        (distribution(address, {}, entry.place),) if address else (),
        markers=(conditions,) if conditions else (),
        location=location,
        revision=named.revision,
        notes=tuple(notes),
    )


def _workspace(source: Source, entry: Entry) -> Entry:
    """Return a workspace, with what its package.json tells of its dependencies; without one, all are needed."""
    manifest = package_json.read(source.checkout, entry.folder)
    if manifest == Manifest():
        return replace(entry, name="") if _UNNAMED.fullmatch(entry.name) else entry
    own = member(entry.locator, manifest, entry.folder)
    differing = sorted(own.needs.keys() ^ entry.needs.keys())
    differing += [
        f"{name}@{wanted}" for name, wanted in own.needs.items() if _differ(wanted, entry.needs.get(name, ""))
    ]
    if own.name and own.name != entry.name:
        differing = ["name"]
    if differing:
        raise UsageError(
            f"{source.lock} and {own.place} differ in {', '.join(differing[:5])[:200]}",
            why="the lock was not made again after the change",
            fix="run `yarn install`, and commit the file",
        )
    # `dependenciesMeta` makes dependencies optional too.
    return replace(own, needs=entry.needs, optional={*own.optional, *entry.optional} - {*own.development})


def _differ(wanted: str, locked: str) -> bool:
    """Return whether two ranges are two; of those that are no plain versions (addresses, catalogs) none can tell."""
    plain = _PLAIN_RANGE.match(wanted), _PLAIN_RANGE.match(locked)
    return all(plain) and len({"".join(match[1].split()) for match in plain if match}) > 1
