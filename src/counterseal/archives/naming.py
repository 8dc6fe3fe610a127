"""What may be packed under which name, and in which order: the same on every machine, and harmless on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.archives import limits
from counterseal.errors import UsageError
from counterseal.formats import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.model import Packable

#: What no file system takes, in bytes of one part of a name.
_MAX_PART: Final = 255
_RENAME: Final = "rename it, or leave it out"


def ordered(files: Iterable[Packable]) -> tuple[Packable, ...]:
    """Return the files in the order of their names' bytes, each checked.

    Raises:
        UsageError: A name is refused, there are two of one, none at all, or too many.
    """
    found: dict[str, Packable] = {}
    for file in files:
        check(file.name)
        if file.name in found:
            raise UsageError(f"{file.name!r} would be packed twice", why="it was named twice", fix="name it once")
        found[file.name] = file
        if len(found) > limits.MAX_MEMBERS:
            why = f"an archive takes {limits.MAX_MEMBERS}"
            raise UsageError("there are too many files", why=why, fix="pack them apart, or name less")
    if not found:
        raise UsageError("there is nothing to pack", why="no file was found", fix="name files or folders")
    return tuple(sorted(found.values(), key=lambda file: file.name.encode()))


def check(name: str) -> None:
    """Return if something may be packed under this name: relative, visible, in UTF-8, a name on every system.

    Raises:
        UsageError: It is refused.
    """
    if why := _problem(name):
        raise UsageError(f"{name!r} cannot be a name in an archive", why=why, fix=_RENAME)


def _problem(name: str) -> str:
    parts = name.split("/")
    problems = (
        (any(visible.hidden(char) for char in name), "it is no UTF-8, or has characters that nobody sees"),
        ("\\" in name, "Windows reads a backslash as the end of a folder's name"),
        (":" in parts[0], "Windows reads a colon as the end of a drive's name"),
        (any(part in ("", ".", "..") for part in parts), "it is absolute, or leads out of the folder"),
        (_is_long(name), f"it is longer than {_MAX_PART} bytes a part, or {limits.MAX_NAME} in all"),
        (".git" in parts, "a .git folder has times, and may have tokens of CI in its config"),
    )
    return next((why for found, why in problems if found), "")


def _is_long(name: str) -> bool:
    sizes = [len(part.encode(errors="replace")) for part in name.split("/")]
    return max(sizes) > _MAX_PART or sum(sizes) + len(sizes) - 1 > limits.MAX_NAME
