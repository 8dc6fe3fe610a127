"""Moves the pins of counterseal in files of a repository, and changes nothing else in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.identifiers import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHA: Final = "[0-9a-f]{40}"
_USES: Final = re.compile(rf"(uses:\s*[\"']?{re.escape(REPOSITORY)}/[A-Za-z0-9._/-]+@)({_SHA})(?![0-9A-Za-z])(.*)")
_PROJECT: Final = re.compile(rf"(\s*)(-\s+)?project:\s*[\"']?{re.escape(REPOSITORY)}[\"']?\s*(#.*)?")
_PIN: Final = re.compile(rf"((?:.*[\s{{,])?(?:ref|revision):\s*[\"']?)({_SHA})(?![0-9A-Za-z])")
#: What a person or a bot wrote behind a pin to say which version it is: it would be wrong afterwards.
_VERSION: Final = re.compile(r"[ \t]*#[ \t]*v?[0-9][0-9A-Za-z.+-]*[ \t]*(?=\r?\Z)")


@dataclass(frozen=True, slots=True)
class Moved:
    """A file with its pins moved, and the revisions that it had, each line's once."""

    path: str
    content: str
    before: tuple[str, ...]


def move(path: str, content: str, revision: str) -> Moved | None:
    """Return a workflow or pipeline file with every pin of counterseal at a revision; None if it has none.

    Args:
        path: Of the file.
        content: Its text; line ends stay as they are.
        revision: The commit to pin.
    """
    lines = content.splitlines(keepends=True)
    before: list[str] = []
    ours = set(_of_includes(lines))
    for number, line in enumerate(lines):
        match = _USES.match(line.lstrip().removeprefix("- ")) if "uses:" in line else None
        if match is not None:
            before.append(match[2])
            version = _VERSION.sub("", match[3])
            lines[number] = line.replace(f"{match[1]}{match[2]}{match[3]}", f"{match[1]}{revision}{version}")
        elif number in ours and (pin := _PIN.match(line)) is not None:
            before.append(pin[2])
            lines[number] = f"{pin[1]}{revision}{line[pin.end() :]}"
    return Moved(path, "".join(lines), tuple(dict.fromkeys(before))) if before else None


def _of_includes(lines: list[str]) -> Iterator[int]:
    """Yield the numbers of the lines that belong to an include of counterseal's project."""
    for number, line in enumerate(lines):
        match = _PROJECT.fullmatch(line.rstrip("\r\n"))
        if match is None:
            continue
        column = _indent(line) + len(match[2] or "")
        yield number
        for later in range(number + 1, len(lines)):
            if not _within(lines[later], column):
                break
            yield later
        for earlier in range(number - 1, -1, -1) if not match[2] else ():
            row = lines[earlier]
            if _within(row, column):
                yield earlier
                continue
            if row.lstrip().startswith("- ") and _indent(row) == column - 2:
                yield earlier
            break


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _within(line: str, column: int) -> bool:
    return not line.strip() or line.lstrip().startswith("#") or _indent(line) >= column
