"""Reads Gradle's dependency locks: `gradle.lockfile` and `buildscript-gradle.lockfile` of every module of a build.

A line is `group:artifact:version=configuration,configuration`; there are no edges, and digests only where the build has
`gradle/verification-metadata.xml`. What no compile or run-time classpath of a module needs is there for developers.
Source: docs.gradle.org, "Dependency Locking"; its code (`LockFileReaderWriter`).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.checkout import MAX_BYTES
from counterseal.adapters.sbom.locks.java import gradle_build, gradle_verification
from counterseal.adapters.sbom.reading import text_of
from counterseal.adapters.sbom.records import Lock, Package, Scope, check_packages
from counterseal.errors import FormatError, UsageError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from counterseal.adapters.sbom.checkout import Checkout, Source
    from counterseal.adapters.sbom.records import Distribution

_EMPTY: Final = "empty"
_CLASSPATHS: Final = frozenset({"compileClasspath", "runtimeClasspath"})
#: Those of variants, as in builds for Android, which have no plain ones.
_VARIANT: Final = re.compile(r"(?!.*[Tt]est).*(?:Compile|Runtime)Classpath\Z")

#: Group, artifact and version.
_Coordinates = tuple[str, str, str]


@dataclass(slots=True)
class _Locked:
    """In which configurations a module of any part is locked, and whether what is shipped needs it."""

    configurations: set[str] = field(default_factory=set)
    is_shipped: bool = False


def read(source: Source) -> Lock:
    """Return what the locks of a build say; of a module, if the project is one; of one file alone, if it lies below.

    Raises:
        UsageError: The project has no lock, or there are too many.
        FormatError: A line is none of the format.
    """
    top, settings = gradle_build.settings(source)
    folder = gradle_build.module_of(source.lock)
    is_below = folder != source.project and (source.project == "." or folder.startswith(f"{source.project}/"))
    folders = [folder] if is_below else gradle_build.modules(source.checkout, source.project)
    modules = {module: locks for module in folders if (locks := gradle_build.locks(source.checkout, module))}
    if not modules:
        raise UsageError(
            f"{source.project if source.project != '.' else 'the build'} has no gradle.lockfile",
            why="no module of it locks its dependencies",
            fix="lock them with `dependencyLocking` and `gradle dependencies --write-locks`, and commit the files",
        )
    files: dict[str, str] = {}
    locked: dict[_Coordinates, _Locked] = {}
    for paths in modules.values():
        _add(locked, dict(_texts(source.checkout, paths, files)))
    check_packages([f"{group}:{artifact}" for group, artifact, _ in locked], source.lock)
    verified = gradle_verification.read(source.checkout, top, files)
    root, *parts = gradle_build.parts(source, top, settings, [source.project, *modules])
    packages = tuple(_package(name, entry, verified.get(name, ())) for name, entry in sorted(locked.items()))
    return Lock(tuple(sorted(files.items())), root, packages, tuple(parts), has_edges=False)


def _texts(checkout: Checkout, paths: Iterable[str], files: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the configuration that a file is named for, and its text; note its digest."""
    for path in paths:
        data = checkout.read(path, max_bytes=MAX_BYTES)
        files[path] = digests.sha256(data)
        yield path, text_of(data, path)


def _add(locked: dict[_Coordinates, _Locked], texts: Mapping[str, str]) -> None:
    """Add what a module's files lock."""
    lines = [line for path, text in texts.items() for line in _lines(path, text)]
    named = {name for _, configurations in lines for name in configurations}
    has_classpaths = bool(named & _CLASSPATHS)
    shipped = _CLASSPATHS if has_classpaths else {name for name in named if _VARIANT.match(name)}
    for coordinates, configurations in lines:
        if coordinates is not None:
            entry = locked.setdefault(coordinates, _Locked())
            entry.configurations |= configurations
            entry.is_shipped = entry.is_shipped or not shipped.isdisjoint(configurations)


def _lines(path: str, text: str) -> Iterator[tuple[_Coordinates | None, set[str]]]:
    """Yield coordinates (None: configurations without any) and configurations of each line."""
    # Before Gradle 6.4 each configuration had a file of its own.
    own = posixpath.basename(path).removesuffix(".lockfile").removeprefix("buildscript-")
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        written, mark, names = content.partition("=")
        configurations = set(filter(None, names.split(","))) if mark else {own}
        if written == _EMPTY and mark:
            yield None, configurations
            continue
        match written.split(":"):
            case [group, artifact, version] if group and artifact and version:
                yield (group, artifact, version), configurations
            case _:
                raise FormatError(
                    f"{path}:{number}: {content[:80]!r} is no `group:artifact:version=configurations`",
                    fix="write the locks again with `gradle dependencies --write-locks`",
                )


def _package(coordinates: _Coordinates, locked: _Locked, files: tuple[Distribution, ...]) -> Package:
    group, artifact, version = coordinates
    purl = urls.maven(group, artifact, version)
    return Package(
        purl.to_string(),
        purl,
        f"{group}:{artifact}",
        version,
        files=files,
        scope=Scope.REQUIRED if locked.is_shipped else Scope.EXCLUDED,
        notes=(("gradle:configurations", ",".join(sorted(locked.configurations))),),
    )
