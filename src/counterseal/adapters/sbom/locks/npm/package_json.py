"""Reads `package.json`: the project that a lock file of npm, pnpm or Yarn is of, and its members.

Source: docs.npmjs.com, "package.json".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import packages
from counterseal.adapters.sbom.checkout import MAX_MANIFEST_BYTES
from counterseal.adapters.sbom.descriptions.description import supplier
from counterseal.adapters.sbom.licences import fits
from counterseal.adapters.sbom.reading import Table, json_table
from counterseal.adapters.sbom.records import Part, part_key
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.adapters.sbom.checkout import Checkout, Source
    from counterseal.model import Subject

PROJECT_FILE: Final = "package.json"
#: What `npm pack` calls an archive of a package (its scope without `@`, `-` for `/`); semver.org, version 2.
_ARCHIVE: Final = re.compile(r"(.{1,214}?)-(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)\.tgz\Z")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package.json says; what it leaves out is None or empty, as of a folder that has none.

    Attributes:
        name: With its scope.
        licence: SPDX expression, or what stands there instead.
        supplier: Name of its author.
        runnable: It has commands (`bin`).
        dependencies: Name to range, address or `npm:` alias; so are the next three.
        workspaces: Patterns of the members' folders.
        resolutions: What Yarn takes instead of what is asked for.
    """

    name: str | None = None
    version: str | None = None
    licence: str | None = None
    description: str | None = None
    supplier: str | None = None
    runnable: bool = False
    dependencies: Mapping[str, str] = field(default_factory=dict)
    development: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    peers: Mapping[str, str] = field(default_factory=dict)
    workspaces: tuple[str, ...] = ()
    resolutions: Mapping[str, str] = field(default_factory=dict)


def read(checkout: Checkout, folder: str) -> Manifest:
    """Return what the package.json of a folder says.

    Raises:
        FormatError: It is no JSON object, or something in it is not of its type.
        UsageError: It is no plain file, or too large.
    """
    path = posixpath.normpath(posixpath.join(folder, PROJECT_FILE))
    if not checkout.has(path):
        return Manifest()
    data = checkout.read(path, max_bytes=MAX_MANIFEST_BYTES).removeprefix(b"\xef\xbb\xbf")
    table = json_table(data, path, max_bytes=MAX_MANIFEST_BYTES)
    return Manifest(
        name=table.optional_text("name") or None,
        version=table.optional_text("version") or None,
        licence=_licence(table),
        description=table.optional_text("description") or None,
        supplier=_author(table),
        runnable=bool(table.data.get("bin")),
        dependencies=_needs(table, "dependencies"),
        development=_needs(table, "devDependencies"),
        optional=_needs(table, "optionalDependencies"),
        peers=_needs(table, "peerDependencies"),
        workspaces=_workspaces(table),
        resolutions=table.text_map("resolutions"),
    )


def part(
    source: Source,
    folder: str,
    dependencies: Iterable[str],
    optional: Iterable[str],
    development: Iterable[str],
    *,
    name: str | None = None,
) -> Part:
    """Return the project in a folder as a part of the checkout, with the keys of what it needs.

    Args:
        source: The lock file, with the artifacts: they say the version, and of the root the name, that is left open.
        folder: Path in the checkout.
        dependencies: Keys.
        optional: Keys.
        development: Keys.
        name: What the lock calls it, if package.json does not say.

    Raises:
        FormatError: Its package.json is malformed.
        UsageError: An artifact of it is of another version.
    """
    manifest = read(source.checkout, folder)
    called, version = manifest.name or name, manifest.version
    if called is not None:
        version = _version(called, version, source.subjects)
    elif folder == source.project:
        called, version = next(_built(source.subjects), (None, version))
    try:
        purl = packages.npm(called, version) if called else None
    except FormatError as error:
        file = posixpath.normpath(posixpath.join(folder, PROJECT_FILE))
        raise FormatError(f"{file}: {error.what}", why=error.why, fix="correct name and version") from error
    return Part(
        part_key(folder),
        folder,
        called or ("workspace" if folder == source.project else posixpath.basename(folder)),
        version,
        purl,
        tuple(dependencies),
        tuple(optional),
        tuple(development),
        licence=manifest.licence,
        description=manifest.description,
        supplier=manifest.supplier,
        runnable=manifest.runnable,
    )


def _version(name: str, written: str | None, subjects: Iterable[Subject]) -> str | None:
    packed = name.removeprefix("@").replace("/", "-")
    for artifact, version in _built(subjects):
        if artifact == packed and version != written:
            if written is not None:
                raise UsageError(
                    f"{artifact}-{version}.tgz is of version {version}, but {PROJECT_FILE} says {written}",
                    why="it was packed from another revision",
                    fix="pack again from this revision, and remove what is left of older archives",
                )
            written = version
    return written


def _built(subjects: Iterable[Subject]) -> Iterator[tuple[str, str]]:
    return ((match[1], match[2]) for subject in subjects if (match := _ARCHIVE.match(subject.name)))


def _licence(table: Table) -> str | None:
    value = table.data.get("license")
    if isinstance(value, dict):  # the older way: {"type": "MIT", "url": …}
        value = value.get("type")
    return value if isinstance(value, str) and fits(value) and not value.startswith("SEE LICENSE") else None


def _author(table: Table) -> str | None:
    value = table.data.get("author")
    return supplier([value.get("name") if isinstance(value, dict) else value])


def _needs(table: Table, key: str) -> dict[str, str]:
    """Return a table of dependencies without what npm and Yarn take for a comment."""
    needs = {name: wanted for name, wanted in table.table(key).data.items() if name != "//"}
    return Table({key: needs}, table.place).text_map(key)


def _workspaces(table: Table) -> tuple[str, ...]:
    """Return the patterns: a list, or Yarn's table with `packages`."""
    if isinstance(table.data.get("workspaces"), dict):
        return table.table("workspaces").texts("packages")
    return table.texts("workspaces")
