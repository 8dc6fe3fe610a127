"""Reads requirements files (`pip-compile`, `uv pip compile`, `uv export`, `pip freeze`, by hand) with their includes.

Such a file has no edges; the comments `# via` are taken for them where every package has one. What is not pinned stands
there without version, what has no digest without. A file whose name speaks of tests, docs or development is for
developers, unless a file that is not includes it.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import graph
from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.checkout import MAX_BYTES, Source
from counterseal.adapters.sbom.locks.python import pyproject
from counterseal.adapters.sbom.locks.python.candidates import linked, merged
from counterseal.adapters.sbom.locks.python.requirement import check_marker
from counterseal.adapters.sbom.locks.python.requirement_line import (
    Line,
    folder_name,
    lines,
    package,
    target,
    without_options,
)
from counterseal.adapters.sbom.reading import text_of
from counterseal.adapters.sbom.records import MAX_EDGES, MAX_PACKAGES, Lock, Origin, Package, Part, Scope, part_key
from counterseal.errors import UsageError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from counterseal.adapters.sbom.locks.python.pyproject import Project

#: Files that one file may include, with those that they include.
MAX_FILES: Final = 100
_DEVELOPMENT: Final = frozenset(
    (
        *(
            "ci",
            "coverage",
            "dev",
            "devel",
            "develop",
            "developer",
            "developers",
            "development",
            "qa",
            "release",
            "tox",
        ),
        *("doc", "docs", "documentation", "format", "formatting", "lint", "linter", "linters", "linting", "style"),
        *("mypy", "precommit", "test", "testing", "tests", "type", "types", "typing"),
    )
)


@dataclass(slots=True)
class _Content:
    """What the files say: packages, who needs them by the comments, parts with their scope, pins of constraints."""

    source: Source
    packages: list[Package] = field(default_factory=list)
    via: dict[str, set[str]] = field(default_factory=dict)
    loose: bool = False
    parts: dict[str, tuple[Part, Scope]] = field(default_factory=dict)
    pins: dict[str, list[Package]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    count: int = 0


def read(source: Source) -> Lock:
    """Return what a requirements file says of a project.

    Raises:
        UsageError: An include lies outside of the repository, or `requirements.txt` lacks a dependency of the project.
        FormatError: A line is no requirement.
    """
    project, content = pyproject.read(source), _content(source)
    packages = merged((_pinned(one, content.pins) for one in content.packages), source.lock)
    by_name: dict[str, list[str]] = {}
    for one in packages.values():
        by_name.setdefault(one.name, []).append(one.key)
    names = by_name.keys() | {part.name for part, _ in content.parts.values()}
    needs = _needs(content.via, by_name, names, source.lock)
    # Needed by something that is no package: by an input of the compiler, or by the project.
    inner = names - {project.name}
    asked = {name for name, entries in content.via.items() if entries - inner}
    lock = Lock(
        tuple(sorted((path, digests.sha256(data)) for path, data in content.files.items())),
        _root(project, content, by_name, [one for one in packages.values() if one.name in asked]),
        tuple(packages.values()),
        tuple(part for part, _ in content.parts.values()),
        has_edges=bool(packages) and not content.loose,
    )
    nodes: list[Package | Part] = [*lock.packages, *lock.parts]
    return _whole(linked(lock, {one.key: needs.get(one.name, set()) for one in nodes if one.key != lock.root.key}))


def _root(project: Project, content: _Content, by_name: Mapping[str, Sequence[str]], asked: Sequence[Package]) -> Part:
    """Return the project with what its manifest, the comments and the folders that are asked for say that it needs."""
    source = content.source
    whole = posixpath.basename(source.lock) == "requirements.txt"
    direct, extras, groups = pyproject.named_keys(project, by_name, source.lock, whole=whole)
    scopes = [(one.key, one.scope) for one in asked] + [(key, scope) for key, (_, scope) in content.parts.items()]
    serves = {key for key, scope in scopes if scope is Scope.EXCLUDED} | set(groups)
    runs = {key for key, scope in scopes if scope is not Scope.EXCLUDED} | set(direct)
    own = {part_key(source.project)}
    needs = (tuple(sorted(runs - own)), extras, tuple(sorted(serves - runs - own)))
    return pyproject.part(project, source.project, *needs)


def _whole(lock: Lock) -> Lock:
    """Return a lock whose root needs what only needs itself in a circle: no comment takes a package out of the SBOM."""
    reached = {package.key for package in graph.reached(lock).packages}
    lost = {package.key for package in lock.packages if lock.has_edges} - reached
    root = replace(lock.root, dependencies=tuple(sorted({*lock.root.dependencies, *lost})))
    return replace(lock, root=root)


def _content(source: Source) -> _Content:
    """Return what a file and all that it includes say; each file is read once a way in which it counts."""
    content = _Content(source)
    waiting = [(source.lock, _is_development(source.lock, source.project), False)]
    known = set(waiting)
    while waiting:
        path, development, constraint = waiting.pop()
        if path not in content.files:
            content.files[path] = source.checkout.read(path)
            if len(content.files) > MAX_FILES or sum(map(len, content.files.values())) > MAX_BYTES:
                raise UsageError(
                    f"{source.lock} includes too many files",
                    why=f"at most {MAX_FILES}, of {MAX_BYTES} bytes together, are read",
                    fix="name the lock files themselves, each with a --lock of its own",
                )
        for line in lines(text_of(content.files[path], path), path):
            option = line.option()
            if option is None or option[0] == "-e":
                _take(content, line, Scope.EXCLUDED if development else Scope.REQUIRED, constraint=constraint)
            elif option[0] in ("-r", "-c"):
                other = _included(source, path, option[1], line.place)
                step = (
                    other,
                    development and _is_development(other, source.project),
                    constraint or option[0] == "-c",
                )
                waiting += [step] if step not in known else []
                known.add(step)
    return content


def _included(source: Source, path: str, value: str, place: str) -> str:
    if "://" in value:
        raise UsageError(
            f"{place} includes an address",
            why="an SBOM is made of the checkout alone",
            fix="keep the file in the repository, and include it by its path",
        )
    other = source.checkout.joined(posixpath.dirname(path), value, place)
    if not source.checkout.has(other):
        raise UsageError(
            f"{place} includes {value[:80]!r}, which is not there", fix="commit the file, or correct the path"
        )
    return other


def _take(content: _Content, line: Line, scope: Scope, *, constraint: bool) -> None:
    option = line.option()
    text = option[1] if option else line.text
    content.count += 1
    if content.count > MAX_PACKAGES:
        raise UsageError(f"{content.source.lock} has more than {MAX_PACKAGES} packages", why="that many are not read")
    wanted = without_options(text)
    check_marker(wanted, line.place)
    folder = _folder(content.source, line.place.rpartition(":")[0], wanted)
    if folder is not None and not constraint:
        part = _part(content, folder, text) if part_key(folder) not in content.parts else None
        known = content.parts.get(part_key(folder))
        if part is not None:
            content.parts[part.key] = (part, scope)
        elif known is not None and scope is Scope.REQUIRED:
            content.parts[part_key(folder)] = (known[0], scope)
    if folder is not None:
        return
    one = package(text, line.place, scope)
    if constraint:
        content.pins.setdefault(one.name, []).append(one)
        return
    content.packages.append(one)
    content.loose = content.loose or line.via is None
    content.via.setdefault(one.name, set()).update(line.via or ())


def _folder(source: Source, file: str, text: str) -> str | None:
    path = target(text)
    return None if path is None else source.checkout.joined(posixpath.dirname(file), path, file)


def _part(content: _Content, folder: str, text: str) -> Part:
    """Return the folder that a line asks for, named by its pyproject.toml, by the line, or by itself."""
    project = pyproject.read(Source(content.source.checkout, content.source.lock, folder))
    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", text)
    name = project.name if project.manifest else folder_name(egg[1] if egg else folder)
    return Part(part_key(folder), folder, name, project.version, urls.pypi(name, project.version))


def _pinned(one: Package, pins: Mapping[str, list[Package]]) -> Package:
    """Return a package with the version that a constraint sets, where it has none of its own."""
    versions = {pin.version: pin for pin in pins.get(one.name, ()) if pin.version and pin.origin is Origin.REGISTRY}
    if one.version is not None or one.origin is not Origin.REGISTRY or len(versions) != 1:
        return one
    pin = next(iter(versions.values()))
    return replace(one, key=pin.key, purl=pin.purl, version=pin.version, files=one.files or pin.files)


def _needs(
    via: Mapping[str, set[str]], by_name: Mapping[str, list[str]], parents: AbstractSet[str], file: str
) -> dict[str, set[str]]:
    """Return for each name, of a package or part, the keys of what it needs."""
    needs: dict[str, set[str]] = {}
    edges = 0
    for name, entries in via.items():
        for parent in entries & parents:
            edges += len(by_name[name]) * len(by_name.get(parent, "1"))
            if edges > MAX_EDGES:
                raise UsageError(f"{file} has more than {MAX_EDGES} edges", why="that many are not read")
            needs.setdefault(parent, set()).update(by_name[name])
    return needs


def _is_development(path: str, project: str) -> bool:
    """Return whether the name of a file, or of its folder in the project, speaks of tests, docs or development."""
    inside = posixpath.relpath(path, project)
    words = set(re.split(r"[^a-z]+", inside.lower().removesuffix(".txt")))
    return not words.isdisjoint(_DEVELOPMENT)
