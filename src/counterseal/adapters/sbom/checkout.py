"""The files of a repository, by paths inside of it: nothing outside is opened, no link is followed."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counterseal import plain_file
from counterseal.errors import UsageError
from counterseal.formats import digests
from counterseal.model import Subject

MAX_BYTES: Final = 32 << 20
MAX_MANIFEST_BYTES: Final = 1 << 20
#: Folders between a project and the top of its repository.
_MAX_UP: Final = 64


def inside(folder: str, path: str) -> str | None:
    """Return a path that a file in a folder of a checkout names, relative to the checkout; None: it lies outside."""
    place = posixpath.normpath(posixpath.join(folder, path.replace("\\", "/")))
    return None if place == ".." or place.startswith(("../", "/")) or "\0" in place else place


class Checkout:
    """A repository's folder. Paths are relative to it, with `/`; `.` is the folder itself.

    Args:
        top: The folder.
    """

    def __init__(self, top: Path) -> None:
        self._top = top.resolve()

    @classmethod
    def of(cls, *folders: Path) -> Checkout:
        """Return the repository of some folders: the nearest above the first with `.git`, else what holds them all."""
        places = [folder.resolve() for folder in folders]
        for above in (places[0], *places[0].parents[:_MAX_UP]):
            if os.path.lexists(above / ".git"):
                return cls(above)
        return cls(Path(os.path.commonpath(places)))

    @property
    def top(self) -> Path:
        """Return the repository's folder, absolute."""
        return self._top

    def folder(self, path: Path) -> str:
        """Return the path of a folder inside of the checkout, links to it resolved.

        Raises:
            UsageError: It lies outside.
        """
        return self.relative(path.resolve())

    def relative(self, path: Path) -> str:
        """Return the path of a file or folder inside of the checkout.

        Raises:
            UsageError: It lies outside.
        """
        # Without `..`; a link stays a link, to be refused when it is read.
        place = Path(os.path.abspath(path))  # noqa: PTH100
        try:
            return (place.parent.resolve() / place.name).relative_to(self._top).as_posix()
        except ValueError as error:
            raise UsageError(
                f"{path.name or path} lies outside of the repository",
                why="an SBOM is made of one checkout, so that its bytes do not depend on what lies around it",
                fix="name a file or folder of the repository that the project lies in",
            ) from error

    def joined(self, folder: str, path: str, what: str) -> str:
        """Return a path that a file of the checkout names, relative to a folder of the checkout.

        Raises:
            UsageError: It leads out of the checkout.
        """
        if (together := inside(folder, path)) is None:
            raise UsageError(
                f"{what} names {path[:80]!r}, which lies outside of the repository",
                why="only files of the checkout are read",
                fix="keep what the project needs inside of its repository",
            )
        return together

    def has(self, path: str) -> bool:
        """Return whether something lies at a path."""
        return os.path.lexists(self._top / path)

    def names(self, folder: str) -> list[str]:
        """Return the sorted names in a folder; of none if it is no folder."""
        try:
            return sorted(entry.name for entry in (self._top / folder).iterdir())
        except OSError:
            return []

    def folders(self, folder: str) -> list[str]:
        """Return the sorted names of the folders in a folder, without those that are links."""
        try:
            with os.scandir(self._top / folder) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:
            return []

    def read(self, path: str, *, max_bytes: int = MAX_BYTES) -> bytes:
        """Return a file's bytes.

        Raises:
            UsageError: It is no plain file, lies behind a link, is unreadable, or larger than `max_bytes`.
        """
        file = self._top / path
        try:
            outside = file.parent.resolve() != file.parent
        except OSError as error:  # a circle of links
            raise UsageError(f"{path} cannot be read", why=error.strerror or str(error)) from error
        if outside:
            raise UsageError(f"{path} lies behind a symlink", why="symlinks are not followed", fix="put the file there")
        return plain_file.read(file, max_bytes=max_bytes, what=path)


@dataclass(frozen=True, slots=True)
class Source:
    """What a reader of lock files is given.

    Attributes:
        checkout: The repository.
        lock: Path of the lock file.
        project: Folder of the project that the SBOM is of.
        subjects: The artifacts, which may say a version that the project leaves open.
    """

    checkout: Checkout
    lock: str
    project: str
    subjects: Sequence[Subject] = ()

    def data(self) -> bytes:
        """Return the lock file's bytes."""
        return self.checkout.read(self.lock)

    def digest(self, data: bytes) -> tuple[tuple[str, str], ...]:
        """Return what a `Lock` records of its file: path and sha256."""
        return ((self.lock, digests.sha256(data)),)

    def beside(self, name: str) -> str:
        """Return the path of a file in the project's folder."""
        return posixpath.normpath(posixpath.join(self.project, name))
