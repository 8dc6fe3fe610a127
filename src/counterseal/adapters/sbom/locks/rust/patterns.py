"""The folders of a checkout that a pattern with `*` and `**` names, within bounds; links are not followed."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterseal.adapters.sbom.checkout import Checkout

#: Names that are looked at for all patterns of a manifest.
MAX_NAMES: Final = 100_000
MAX_PATTERNS: Final = 1_000
_WILD: Final = frozenset("*?[")


class Folders:
    """Finds the folders that have a manifest.

    Args:
        checkout: The repository.
        manifest: Name of the file that a folder has to have.
        place: What has the patterns, for messages.
    """

    def __init__(self, checkout: Checkout, manifest: str, place: str) -> None:
        self._checkout = checkout
        self._manifest = manifest
        self._place = place
        self._left = MAX_NAMES

    def matching(self, base: str, patterns: Sequence[str]) -> list[str]:
        """Return the sorted folders that patterns name, relative to a folder; none outside of the checkout.

        Raises:
            UsageError: There are too many patterns, or too many names would have to be looked at.
        """
        if len(patterns) > MAX_PATTERNS:
            raise UsageError(f"{self._place} has more than {MAX_PATTERNS} patterns", why="that many are not read")
        return sorted({folder for pattern in patterns for folder in self._matching(base, pattern)})

    def _matching(self, base: str, pattern: str) -> Iterator[str]:
        folders = {base} if pattern.isprintable() else set()
        for segment in posixpath.normpath(pattern.replace("\\", "/")).split("/"):
            folders = set(self._step(folders, segment))
        yield from (folder for folder in folders if self._checkout.has(f"{folder}/{self._manifest}"))

    def _step(self, folders: Iterable[str], segment: str) -> Iterator[str]:
        for folder in folders:
            self._count()
            if segment == "**":
                yield from self._below(folder)
            elif _WILD & set(segment):
                yield from (path for path in self._names(folder) if fnmatchcase(posixpath.basename(path), segment))
            elif segment != ".." or folder != ".":  # never above the checkout
                yield posixpath.normpath(posixpath.join(folder, segment))

    def _below(self, folder: str) -> Iterator[str]:
        waiting = [folder]
        while waiting:
            yield (place := waiting.pop())
            waiting += self._names(place)

    def _names(self, folder: str) -> Iterator[str]:
        """Yield the paths in a folder that are no links."""
        for name in self._checkout.names(folder):
            self._count()
            path = posixpath.normpath(posixpath.join(folder, name))
            if name.isprintable() and not (self._checkout.top / path).is_symlink():
                yield path

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise UsageError(
                f"{self._place}: its patterns lead to more than {MAX_NAMES} files",
                why="that many are not looked at",
                fix="name the folders of the members more exactly",
            )
