"""Reads `go.mod` and `go.work`: which modules are required, replaced, excluded and used.

Source: Go Modules Reference, "go.mod files" and "go.work files".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.locks.go.lines import directives
from counterseal.adapters.sbom.locks.go.versions import is_version
from counterseal.adapters.sbom.packages import MAX_NAME
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from counterseal.adapters.sbom.locks.go.lines import Directive

#: Directives that change nothing in the list of modules.
_HARMLESS: Final = frozenset(("toolchain", "godebug", "retract", "tool", "ignore"))
#: No element consists of dots alone.
_MODULE: Final = re.compile(r"(?:(?!\.+(?:/|\Z))[A-Za-z0-9._~-]+(?:/(?!\Z)|\Z))++\Z")
_GO: Final = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})(?:\.[0-9]+)?(?:(?:rc|beta|alpha)[0-9]+)?(?:-.*)?\Z")
_FOLDER: Final = re.compile(r"\.{1,2}\Z|\.{0,2}[/\\]|[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A module that is required in a version; `direct` unless only others import it."""

    module: str
    version: str
    direct: bool


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stands for a module: another one in a version, or, without version, the folder at a path."""

    target: str
    version: str | None


@dataclass(slots=True)
class Manifest:
    """A go.mod or go.work.

    Attributes:
        name: Path of the module; None: of none, as in a go.work.
        go: Language version, as (1, 26).
        replacements: By module and version; of any version by (module, None).
        uses: Paths of the folders of a workspace's modules.
    """

    name: str | None = None
    go: tuple[int, int] | None = None
    requirements: list[Requirement] = field(default_factory=list)
    replacements: dict[tuple[str, str | None], Replacement] = field(default_factory=dict)
    excluded: set[tuple[str, str]] = field(default_factory=set)
    uses: list[str] = field(default_factory=list)


def module(data: bytes, file: str) -> Manifest:
    """Return what a go.mod says.

    Raises:
        FormatError: It is malformed, or has a directive that is not known.
    """
    manifest = Manifest()
    for directive in directives(data, file):
        match directive.verb:
            case "module":
                _name(manifest, directive)
            case "require":
                manifest.requirements.append(_requirement(directive))
            case "exclude":
                requirement = _requirement(directive)
                manifest.excluded.add((requirement.module, requirement.version))
            case _:
                _shared(manifest, directive)
    if manifest.name is None:
        raise FormatError(f"{file}: `module` is missing", fix="make it with `go mod init`")
    return manifest


def workspace(data: bytes, file: str) -> Manifest:
    """Return what a go.work says.

    Raises:
        FormatError: It is malformed, or has a directive that is not known.
    """
    manifest = Manifest()
    for directive in directives(data, file):
        if directive.verb == "use":
            if len(directive.words) != 1:
                raise directive.error()
            manifest.uses.append(directive.words[0])
        else:
            _shared(manifest, directive)
    return manifest


def is_module(path: str) -> bool:
    """Return whether a text is the path of a module."""
    return len(path) <= MAX_NAME and bool(_MODULE.match(path))


def _shared(manifest: Manifest, directive: Directive) -> None:
    """Take in a directive that both kinds of file have."""
    if directive.verb == "replace":
        key, replacement = _replacement(directive)
        if manifest.replacements.setdefault(key, replacement) != replacement:
            raise FormatError(f"{directive.place}: {key[0]} is replaced twice", fix="remove one of them")
    elif directive.verb == "go":
        match = _GO.match(directive.words[0]) if len(directive.words) == 1 else None
        if match is None:
            raise directive.error()
        manifest.go = int(match[1]), int(match[2])
    elif directive.verb not in _HARMLESS:
        raise FormatError(
            f"{directive.place}: the directive {directive.verb[:80]!r} is not known",
            why="it may change which modules are used",
            fix="correct it, or use a newer counterseal",
        )


def _name(manifest: Manifest, directive: Directive) -> None:
    if len(directive.words) != 1 or manifest.name is not None or not is_module(directive.words[0]):
        raise directive.error()
    manifest.name = directive.words[0]


def _requirement(directive: Directive) -> Requirement:
    if len(directive.words) != 2 or not is_module(directive.words[0]):
        raise directive.error()
    name, version = directive.words
    _check_version(version, directive)
    comment = directive.comment.removeprefix("//").split()
    return Requirement(name, version, direct=not comment or comment[0] not in ("indirect", "indirect;"))


def _replacement(directive: Directive) -> tuple[tuple[str, str | None], Replacement]:
    words = list(directive.words)
    arrow = words.index("=>") if "=>" in words else 0
    old, new = words[:arrow], words[arrow + 1 :]
    if len(old) not in (1, 2) or len(new) not in (1, 2) or not is_module(old[0]):
        raise directive.error()
    for side in (old, new):
        if len(side) == 2:
            _check_version(side[1], directive)
    is_folder = len(new) == 1 and _FOLDER.match(new[0])
    if not is_folder and not (len(new) == 2 and is_module(new[0])):
        raise directive.error()
    return (old[0], old[1] if len(old) == 2 else None), Replacement(new[0], new[1] if len(new) == 2 else None)


def _check_version(version: str, directive: Directive) -> None:
    if not is_version(version):
        raise FormatError(
            f"{directive.place}: {version[:80]!r} is not an exact version",
            why="the go command writes the version that it finds for a branch or query",
            fix="run `go mod tidy`, and commit go.mod and go.sum",
        )
