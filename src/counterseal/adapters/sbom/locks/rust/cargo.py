"""Reads `Cargo.lock` in all its versions, 1 to 4: checksums of `.crate` files and edges, of all targets and features.

Version 1 has the checksums in `[metadata]` and names every edge in full; since version 2 an edge has only what tells
it from others. Source: The Cargo Book, "Cargo.toml vs Cargo.lock"; cargo, `core/resolver/encode.rs`.

What only `dev-dependencies` lead to is optional, not excluded: features and targets make the lock wider than any
build, and it does not say what a build takes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_git, clean_url, distribution
from counterseal.adapters.sbom.locks.rust.manifests import Crate, Need, checked, crates
from counterseal.adapters.sbom.reading import Table
from counterseal.adapters.sbom.records import (
    MAX_EDGES,
    NOT_HERE,
    Lock,
    Origin,
    Package,
    Part,
    check_packages,
    part_key,
    unique_keys,
)
from counterseal.adapters.sbom.toml import toml_table
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from counterseal.adapters.sbom.checkout import Source

VERSIONS: Final = (None, 3, 4)  # 1 and 2 do not say theirs
_REGISTRIES: Final = ("registry+", "sparse+")
_GIT: Final = "git+"
_CRATE_FILE: Final = re.compile(r"([\w-]+?)-(\d+\.\d+\.\d+[\w.+-]*)\.crate\Z")
_REVISION: Final = re.compile(r"[0-9a-f]{7,64}\Z")
_FIX: Final = "make it again with `cargo generate-lockfile`, or bring it up to date with `cargo update --workspace`"


@dataclass(slots=True)
class _Node:
    """A package of the lock; without a source it is a crate of a folder, with a manifest if that is in the checkout.

    `needs` are the nodes that it needs.
    """

    entry: Table
    name: str
    version: str
    source: str | None
    key: str = ""
    crate: Crate | None = None
    needs: Sequence[_Node] = ()


def read(source: Source) -> Lock:
    """Return what a Cargo.lock says of a workspace or package.

    Raises:
        UsageError: The lock is of another version of the format, or not of the crates as they are now.
        FormatError: An edge leads nowhere, or something is not of its type.
    """
    data, folder = source.data(), posixpath.dirname(source.lock) or "."
    document = toml_table(data, source.lock)
    if document.data.get("version") not in VERSIONS:
        raise UsageError(
            f"{document.place} has format version {document.data.get('version')!r}",
            why="this counterseal reads the versions 1 to 4",
            fix="use a newer counterseal, or write the lock with a Cargo that writes version 4",
        )
    nodes = [_node(entry) for entry in _entries(document)]
    check_packages([node.name for node in nodes], document.place)
    here = crates(source.checkout, folder, source.project)
    _place(nodes, here, source)
    _link(nodes, document.place)
    checksums = document.text_map("metadata")
    registries = {node.source for node in nodes if node.source and node.source.startswith(_REGISTRIES)}
    locked = [node for node in nodes if node.source is not None]
    narrowed = source.project != folder and any(crate.folder == source.project for crate in here)
    parts = [_part(node, development=narrowed) for node in nodes if node.source is None]
    _check_artifacts(parts, source)
    root = _root(parts, here, source)
    return Lock(
        source.digest(data),
        root,
        tuple(_package(node, checksums, several=len(registries) > 1) for node in locked),
        tuple(part for part in parts if part.key != root.key),
    )


def _entries(document: Table) -> Iterator[Table]:
    """Yield the packages; the oldest locks have the package of the folder apart, as `[root]`."""
    if "root" in document.data:
        yield document.table("root")
    yield from document.tables("package")


def _node(entry: Table) -> _Node:
    name, version = (checked(entry.text(key), entry.place) for key in ("name", "version"))
    return _Node(entry, name, version, entry.optional_text("source"))


def _place(nodes: Sequence[_Node], here: Sequence[Crate], source: Source) -> None:
    """Give every node its key, and the crate of the checkout that it is.

    Raises:
        UsageError: A member of the workspace is not in the lock.
        FormatError: A package appears twice.
    """
    by_name: dict[str, list[_Node]] = {}
    for node in nodes:
        if node.source is None:
            by_name.setdefault(node.name, []).append(node)
    for crate in here:
        locked = by_name.get(crate.name, [])
        # Cargo brings a crate's own version up to date when it builds, so another version is no other crate.
        same = [node for node in locked if node.version == crate.version] or (locked if len(locked) == 1 else [])
        if same and same[0].crate is None:
            same[0].crate = crate
        elif crate.locked_whole:
            raise UsageError(
                f"{source.lock} does not lock {crate.name} {crate.version}",
                why=f"{crate.manifest} is a member of the workspace",
                fix=_FIX,
            )
    if len({(node.name, node.version, node.source) for node in nodes}) < len(nodes):
        raise FormatError(f"{source.lock} has a package twice", fix=_FIX)
    for node, key in zip(nodes, unique_keys(map(_key, nodes)), strict=True):
        node.key = key
    own = [node for node in nodes if node.source is None]
    if len(own) == 1 and not here:  # the lock alone, without manifests
        own[0].key = part_key(source.project)


def _key(node: _Node) -> str:
    if node.crate is not None:
        return part_key(node.crate.folder)
    if node.source is None:
        return f"{part_key(NOT_HERE)} {node.name}@{node.version}"
    _, location, revision = _origin(node)
    return urls.cargo(node.name, node.version, location, revision).to_string()


def _origin(node: _Node) -> tuple[Origin, str | None, str | None]:
    """Return origin, address and git revision."""
    source = node.source or ""
    if source.startswith(_REGISTRIES):
        return Origin.REGISTRY, None, None
    if source.startswith(_GIT):
        address, _, revision = source.partition("#")
        if not _REVISION.match(revision):
            raise FormatError(f"{node.entry.place}: {node.name} has no git revision", why=source[:80], fix=_FIX)
        return Origin.GIT, clean_git(address), revision
    raise FormatError(
        f"{node.entry.place}: {node.name} comes from {source[:80]!r}",
        why="read are registries (`registry+`, `sparse+`) and git repositories (`git+`)",
        fix=_FIX,
    )


def _link(nodes: Iterable[_Node], file: str) -> None:
    """Follow the edges, and hold those of crates of the checkout against their manifests."""
    by_reference: dict[tuple[str, ...], list[_Node]] = {}
    for node in nodes:
        bare = (node.source or "").partition("#")[0]
        for rest in ((), (node.version,), *((node.version, source) for source in {node.source or "", bare} - {""})):
            by_reference.setdefault((node.name, *rest), []).append(node)
    left = MAX_EDGES
    for node in nodes:
        references = node.entry.texts("dependencies")
        left -= len(references)
        if left < 0:
            raise UsageError(f"{file} has more than {MAX_EDGES} edges", why="that many are not read")
        replaced = node.entry.optional_text("replace")
        node.needs = [_target(node, text, by_reference) for text in (*references, *([replaced] if replaced else ()))]
        _check_current(node, file)


def _target(node: _Node, text: str, by_reference: Mapping[tuple[str, ...], list[_Node]]) -> _Node:
    """Return the package that `name`, `name version` or `name version (source)` stands for."""
    name, *rest = text.split(" ")
    reference = (name, *rest[:1], *(part.removeprefix("(").removesuffix(")") for part in rest[1:]))
    fitting = by_reference.get(reference, [])
    if len(fitting) > 1 and len(reference) > 1:  # a crate of a folder has no source that could be named
        fitting = [target for target in fitting if target.source is None]
    if len(fitting) != 1:
        raise FormatError(
            f"{node.entry.place}: {node.name} needs {text[:120]!r}",
            why=f"the lock has {len(fitting)} packages that fit",
            fix=_FIX,
        )
    return fitting[0]


def _check_current(node: _Node, file: str) -> None:
    """Raise UsageError if a crate's manifest names other dependencies than the lock."""
    if node.crate is None:
        return
    locked, written = {need.name for need in node.needs} - {node.name}, node.crate.needs.keys() - {node.name}
    if locked != written if node.crate.locked_whole else locked - written:
        raise UsageError(
            f"{file} and {node.crate.manifest} name different dependencies of {node.name}: "
            f"{', '.join(sorted(locked ^ written)[:10])}",
            why="the lock was not made again after the change",
            fix=_FIX,
        )


def _package(node: _Node, checksums: Mapping[str, str], *, several: bool) -> Package:
    origin, location, revision = _origin(node)
    place = f"{node.entry.place} ({node.name})"
    checksum = node.entry.optional_text("checksum") or checksums.get(
        f"checksum {node.name} {node.version} ({node.source})"
    )
    hashes = {"sha256": checksum} if checksum and checksum != "<none>" else {}
    file = distribution(f"{node.name}-{node.version}.crate", hashes, place)
    registry = clean_url((node.source or "").partition("+")[2]) if several and origin is Origin.REGISTRY else None
    return Package(
        node.key,
        urls.cargo(node.name, node.version, location, revision),
        node.name,
        node.version,
        origin,
        (file,) if hashes else (),
        _keys(node, node.needs),
        location=location,
        revision=revision,
        notes=(("registry", registry),) if registry else (),
    )


def _part(node: _Node, *, development: bool) -> Part:
    """Return a crate as a part; its development dependencies as such, or as optional (see the module)."""
    crate = node.crate
    needs: dict[Need, list[_Node]] = {need: [] for need in Need}
    for target in node.needs:
        needs[crate.needs.get(target.name, Need.ALWAYS) if crate else Need.ALWAYS].append(target)
    part = Part(
        node.key,
        crate.folder if crate else NOT_HERE,
        node.name,
        crate.version if crate else node.version,
        urls.cargo(node.name, crate.version if crate else node.version),
        _keys(node, needs[Need.ALWAYS]),
        _keys(node, needs[Need.OPTIONAL]),
        _keys(node, needs[Need.DEVELOPMENT]),
        runnable=bool(crate and crate.runnable),
    )
    if crate is not None:
        part = replace(part, licence=crate.licence, description=crate.description, supplier=crate.supplier)
    return part if development else _without_development(part)


def _without_development(part: Part) -> Part:
    return replace(part, optional=tuple(sorted({*part.optional, *part.development})), development=())


def _keys(node: _Node, needs: Iterable[_Node]) -> tuple[str, ...]:
    return tuple(sorted({need.key for need in needs} - {node.key}))


def _check_artifacts(parts: Iterable[Part], source: Source) -> None:
    """Raise UsageError if an artifact is a crate of the checkout in another version."""
    versions = {part.name: part.version for part in parts}
    for artifact in source.subjects:
        name, version = match.groups() if (match := _CRATE_FILE.match(artifact.name)) else ("", None)
        if versions.get(name, version) != version:
            raise UsageError(
                f"{artifact.name} is of version {version}, but the Cargo.toml of {name} says {versions[name]}",
                why="it was built from another revision",
                fix="build again from this revision, and remove what is left of older builds",
            )


def _root(parts: Sequence[Part], here: Iterable[Crate], source: Source) -> Part:
    """Return the crate of the project's folder; of a workspace without one, the workspace, which needs its crates.

    Raises:
        UsageError: The crate of the folder is not in the lock.
    """
    key = part_key(source.project)
    for part in parts:
        if part.key == key:
            return replace(_without_development(part), path=source.project)
    if name := next((crate.name for crate in here if crate.folder == source.project), None):
        raise UsageError(
            f"{source.lock} does not lock {name}, the package of {source.project}",
            why=f"it is of {', '.join(sorted(part.name for part in parts)[:5]) or 'no package of this repository'}",
            fix=_FIX,
        )
    return Part(key, source.project, "workspace", None, None, tuple(part.key for part in parts))
