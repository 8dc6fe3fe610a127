"""What the core asks of archives: reading one without unpacking it, and making one that is the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.model import Archive, Packable, Packed


class ArchiveReader(Protocol):
    """Looks into archives."""

    def read(self, path: Path) -> Archive:
        """Return what was seen of an archive; nothing of it is unpacked to disk.

        Raises:
            UsageError: It is no plain file, or cannot be opened.
            FormatError: It is none that is known, or damaged.
            LimitError: There is too much of something.
        """


class Packer(Protocol):
    """Makes archives of files below one folder."""

    def collect(self, sources: Sequence[str], prefix: str, made: Sequence[Path]) -> tuple[Packable, ...]:
        """Return what is to be packed, in its order.

        Args:
            sources: Files, folders and globs, relative to the folder.
            prefix: A folder in the archive that all is put into; none if empty.
            made: Files that are made of it, which must not lie in it.

        Raises:
            UsageError: Something is not there, a link, no file, or has a name that is refused.
        """

    def pack(self, files: Sequence[Packable], path: Path, *, epoch: int, store: bool, keep: bool) -> Packed:
        """Return the archive that was made of the files, whole or not at all.

        Args:
            files: As `collect` returns them.
            path: Where it is put; its name says whether it is a tar.gz or a zip.
            epoch: The time of all members, seconds since 1970.
            store: Without compression.
            keep: Put it there; else it is made and thrown away.

        Raises:
            UsageError: A file changed or went, there is too much, or the folder cannot be written.
        """
