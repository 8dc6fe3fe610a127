"""The folders that the patterns of `workspaces` in a package.json mean, found in the checkout, no link followed.

Source: Yarn 1.22 (`resolveWorkspaces`): each pattern for itself, by glob 7; `node_modules` and hidden folders left out,
patterns with `!` without effect.
"""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom.locks.npm.package_json import PROJECT_FILE
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.adapters.sbom.checkout import Checkout

MAX_FOLDERS: Final = 50_000
MAX_PATTERNS: Final = 1_000
_MAX_TEXT: Final = 300
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_ANY_DEPTH: Final = "**"


def folders(checkout: Checkout, top: str, patterns: Iterable[str]) -> list[str]:
    """Return the sorted folders with a package.json that the patterns mean.

    Args:
        checkout: The repository.
        top: The folder of the package.json with the patterns.
        patterns: With `*`, `**`, `?`, `[…]` and `{…,…}`.

    Raises:
        UsageError: A pattern leads out of the folder or has more than that, or there are too many folders.
    """
    members: set[str] = set()
    wanted = [plain for pattern in patterns if not pattern.startswith("!") for plain in _plain(pattern)]
    walk = _Walk(checkout)
    for pattern in wanted:
        members.update(walk.matches(top, [part for part in pattern.split("/") if part not in ("", ".")]))
    return sorted(member for member in members if checkout.has(posixpath.join(member, PROJECT_FILE)))


class _Walk:
    """Steps through folders, and counts them."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._left = MAX_FOLDERS

    def matches(self, top: str, parts: Iterable[str]) -> set[str]:
        """Return the folders that the parts of a pattern mean."""
        places = {top}
        for part in parts:
            if part == _ANY_DEPTH:
                places |= set(self._below(places))
            else:
                places = {
                    inner
                    for place in places
                    for name, inner in self._inner(place)
                    if fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))
                }
        return places

    def _below(self, places: Iterable[str]) -> Iterator[str]:
        waiting, passed = list(places), set(places)
        while waiting:
            for name, inner in self._inner(waiting.pop()):
                if not name.startswith(".") and inner not in passed:
                    passed.add(inner)
                    waiting.append(inner)
                    yield inner

    def _inner(self, place: str) -> Iterator[tuple[str, str]]:
        for name in self._checkout.folders(place):
            self._left -= 1
            if self._left < 0:
                raise UsageError(
                    f"`workspaces` in {PROJECT_FILE} leads through more than {MAX_FOLDERS} folders",
                    why="that many are not searched",
                    fix="make its patterns narrower",
                )
            if name != "node_modules":
                yield name, posixpath.normpath(posixpath.join(place, name))


def _plain(pattern: str) -> list[str]:
    """Return a pattern without braces: one for each of their choices.

    Raises:
        UsageError: It cannot be read.
    """
    waiting = [pattern]
    plain: list[str] = []
    while waiting and len(waiting) + len(plain) <= MAX_PATTERNS:
        text = waiting.pop()
        if match := _BRACES.search(text):
            waiting += [text[: match.start()] + choice + text[match.end() :] for choice in match[1].split(",")]
        else:
            plain.append(text)
    outside = ".." in pattern.split("/") or pattern.startswith("/")
    if waiting or outside or len(pattern) > _MAX_TEXT or any(mark in pattern for mark in "()\\\0"):
        raise UsageError(
            f"`workspaces` in {PROJECT_FILE} has the pattern {pattern[:80]!r}",
            why="read are folders below, with *, **, ?, [ ] and { }",
            fix="write it with these",
        )
    return plain
