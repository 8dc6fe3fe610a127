"""Which lock files are read, by which module, and which of them is a project's own."""

from __future__ import annotations

import importlib
import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Protocol, cast

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterseal.adapters.sbom.checkout import Checkout, Source
    from counterseal.adapters.sbom.records import Lock
    from counterseal.model import Subject


@dataclass(frozen=True, slots=True)
class LockFormat:
    """A kind of lock file: its names (with `*`), its ecosystem, and the module in `locks/` that reads it.

    `is_build` marks a file that is no lock itself, but tells of those of a build; it is asked for last.
    """

    names: tuple[str, ...]
    ecosystem: str
    module: str
    is_build: bool = False


class Reader(Protocol):
    """A module that reads a kind of lock file."""

    def read(self, source: Source) -> Lock:
        """Return what the lock says of the project and of everything that it locks."""


#: In the order in which a folder is asked for them.
FORMATS: Final = (
    LockFormat(("uv.lock",), "python", "uv"),
    LockFormat(("poetry.lock",), "python", "poetry"),
    LockFormat(("pdm.lock",), "python", "pdm"),
    LockFormat(("pylock.toml", "pylock.*.toml"), "python", "pylock"),
    LockFormat(("pnpm-lock.yaml",), "npm", "pnpm"),
    LockFormat(("npm-shrinkwrap.json",), "npm", "package_lock"),
    LockFormat(("package-lock.json",), "npm", "package_lock"),
    LockFormat(("yarn.lock",), "npm", "yarn"),
    LockFormat(("Pipfile.lock",), "python", "pipenv"),
    LockFormat(("requirements.txt", "*requirements*.txt", "*.txt"), "python", "requirements"),
    LockFormat(("Cargo.lock",), "rust", "cargo"),
    LockFormat(("go.work",), "go", "modules"),
    LockFormat(("go.mod", "go.sum"), "go", "modules"),
    LockFormat(("gradle.lockfile", "*.lockfile"), "java", "gradle"),
    LockFormat(("settings.gradle",), "java", "gradle", is_build=True),
    LockFormat(("settings.gradle.kts",), "java", "gradle", is_build=True),
)
#: Formats that tools also export beside a lock file of their own.
_EXPORTS: Final = ("pylock", "requirements")
#: The file that makes a folder a project of an ecosystem.
MANIFESTS: Final = {
    "python": ("pyproject.toml",),
    "npm": ("package.json",),
    "rust": ("Cargo.toml",),
    "go": ("go.mod",),
    "java": ("settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts"),
}
#: Which ecosystem makes artifacts with such names.
_ARTIFACTS: Final = {".whl": "python", ".tgz": "npm", ".crate": "rust", ".jar": "java"}


def reader(path: str) -> Reader:
    """Return the module that reads a lock file, by the file's name.

    Raises:
        UsageError: None does.
    """
    kind = _format(posixpath.basename(path))
    if kind is None:
        raise UsageError(
            f"{posixpath.basename(path)} is not a lock file that can be read",
            why=f"read are {', '.join(lock_names())}",
            fix="name one of them with --lock",
        )
    return cast("Reader", importlib.import_module(f"counterseal.adapters.sbom.locks.{kind.ecosystem}.{kind.module}"))


def lock_names(ecosystem: str = "") -> list[str]:
    """Return the names of the lock files that are read, of one ecosystem or of all."""
    return [kind.names[0] for kind in FORMATS if ecosystem in ("", kind.ecosystem) and not kind.is_build]


def find(checkout: Checkout, project: str, subjects: Iterable[Subject]) -> str:
    """Return the path of the lock file of a project: in its folder, or, for a part of a workspace, above it.

    Raises:
        UsageError: There is none, or there are several and the artifacts do not tell which.
    """
    locks = _candidates(checkout, project, is_build=False) or _candidates(checkout, project, is_build=True)
    if len(locks) > 1:
        artifacts = {_ARTIFACTS.get(posixpath.splitext(subject.name)[1]) for subject in subjects} - {None}
        locks = {name: path for name, path in locks.items() if name in artifacts} if len(artifacts) == 1 else locks
    if len(locks) == 1:
        return next(iter(locks.values()))
    if not locks:
        raise _nothing(checkout, project)
    raise UsageError(
        f"{_shown(project)} has lock files of several ecosystems: {', '.join(sorted(locks.values()))}",
        why="the names of the artifacts do not tell which of them they are built from",
        fix="name the lock file with --lock, or several of them, each with a --lock of its own",
    )


def _candidates(checkout: Checkout, project: str, *, is_build: bool) -> dict[str, str]:
    """Return the lock file of each ecosystem that a project is of.

    A lock file alone makes a folder a project only where no manifest does: a requirements.txt beside a go.mod is of a
    tool that somebody uses.
    """
    own: dict[str, str] = {}
    alone: dict[str, str] = {}
    for name in dict.fromkeys(kind.ecosystem for kind in FORMATS):
        is_project = any(checkout.has(posixpath.join(project, manifest)) for manifest in MANIFESTS[name])
        for folder in _upwards(project) if is_project else [project]:
            if path := _in(checkout, folder, name, is_build=is_build):
                (own if is_project else alone)[name] = path
                break
    return own or alone


def _in(checkout: Checkout, folder: str, name: str, *, is_build: bool) -> str | None:
    """Return the lock file of an ecosystem that lies in a folder.

    Raises:
        UsageError: There are several, of tools that know nothing of each other: no order says which is meant.
    """
    paths: dict[str, str] = {}
    for kind in FORMATS:
        path = posixpath.normpath(posixpath.join(folder, kind.names[0]))
        if (kind.ecosystem, kind.is_build) == (name, is_build) and checkout.has(path):
            paths.setdefault(kind.module, path)
    own = [path for module, path in paths.items() if module not in _EXPORTS]
    if len(own) > 1:
        raise UsageError(
            f"{_shown(folder)} has lock files of several tools: {', '.join(own)}",
            why="only one of them is what the build installs",
            fix="remove what nobody uses any more, or name the lock file with --lock",
        )
    return next(iter([*own, *paths.values()]), None)


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    while folder != ".":
        folder = posixpath.dirname(folder) or "."
        yield folder


def _nothing(checkout: Checkout, project: str) -> UsageError:
    kinds = [
        name for name, files in MANIFESTS.items() if any(checkout.has(posixpath.join(project, file)) for file in files)
    ]
    names: Sequence[str] = [name for kind in kinds for name in lock_names(kind)] or lock_names()
    return UsageError(
        f"no lock file in {_shown(project)}",
        why=f"there is none of {', '.join(names)}{', nor above it' if kinds and project != '.' else ''}",
        fix="make one with the project's package manager and commit it, name the project's folder with --project or "
        "its lock with --lock, or bring a CycloneDX document of another tool with --from",
    )


def _shown(project: str) -> str:
    return "the workspace" if project == "." else project


def _format(name: str) -> LockFormat | None:
    return next((kind for kind in FORMATS if any(fnmatchcase(name, pattern) for pattern in kind.names)), None)
