"""A folder that packages lie in: by names that a lock file says, hence whoever wrote it. Nothing here raises."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import plain_file
from counterseal.adapters.sbom.checkout import MAX_MANIFEST_BYTES
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_PART: Final = 255
MAX_ARCHIVE_BYTES: Final = 256 << 20
#: Names that are taken of one folder.
MAX_NAMES: Final = 200_000


class Folder:
    """A folder. Nothing outside of it is opened, no link in it is followed; what cannot be read is not there.

    Args:
        top: The folder. Links above it count, and it may be one, for where it lies the user says.
    """

    def __init__(self, top: Path) -> None:
        self._top = os.path.realpath(top)
        self._no_links: set[str] = set()

    def names(self, *parts: str) -> list[str]:
        """Return the sorted names in a folder below."""
        return self._names(parts, folders=False)

    def folders(self, *parts: str) -> list[str]:
        """Return the sorted names of the folders in a folder below, links left out."""
        return self._names(parts, folders=True)

    def read(self, *parts: str, max_bytes: int = MAX_MANIFEST_BYTES) -> bytes | None:
        """Return the bytes of a plain file below."""
        try:
            if file := self.opened(*parts, max_bytes=max_bytes):
                with file:
                    return file.read(max_bytes)
        except OSError:
            pass
        return None

    def opened(self, *parts: str, max_bytes: int = MAX_ARCHIVE_BYTES) -> BinaryIO | None:
        """Return a stream of a plain file below, for a `with` statement."""
        folder, name = self._path(parts[:-1]), "".join(parts[-1:])
        if folder is None or not _is_name(name) or not os.path.lexists(f"{folder}/{name}"):
            return None
        with suppress(UsageError):
            return plain_file.opened(Path(folder, name), max_bytes=max_bytes)
        return None

    def _names(self, parts: tuple[str, ...], *, folders: bool) -> list[str]:
        path = self._path(parts)
        if path is None:
            return []
        try:
            with os.scandir(path) as entries:
                return sorted(
                    entry.name
                    for entry in islice(entries, MAX_NAMES)
                    if not folders or entry.is_dir(follow_symlinks=False)
                )
        except OSError:
            return []

    def _path(self, parts: tuple[str, ...]) -> str | None:
        """Return the path of a folder by names of one folder each; None: they are not, or one of them is a link."""
        path = self._top
        if not all(map(_is_name, parts)):
            return None
        for part in parts:
            path = f"{path}/{part}"
            if path not in self._no_links:
                if os.path.islink(path):  # noqa: PTH114 - done ten times for a package
                    return None
                self._no_links.add(path)
        return path


def _is_name(part: str) -> bool:
    return part not in ("", ".", "..") and len(part) <= MAX_PART and part.isprintable() and not set(part) & {"/", "\\"}
