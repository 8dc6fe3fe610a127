"""The files of a build: how many bytes they have, what matches the declared outputs, what was there before.

Whatever a build left is somebody else's: links are never followed, and only plain files are read.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import stat
from typing import TYPE_CHECKING

from counterseal import plain_file
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Return everything below a folder, without following a link; what vanishes or cannot be read is left out."""
    waiting = [os.fspath(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def bytes_below(folder: Path) -> int:
    """Return how many bytes of the disk the files below a folder take."""
    total = 0
    for entry in walk(folder):
        with contextlib.suppress(OSError):
            total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def matching(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Return what is no folder and matches a pattern, in the order of the names; links on the way match nothing.

    Args:
        folder: The top of the source.
        patterns: As in a build file: `*` and `?` stand for characters of one part of a path.
    """
    found: set[Path] = set()
    for pattern in patterns:
        places = [folder]
        *folders, last = pattern.split("/")
        for part in folders:
            places = [child for place in places for child in _children(place, part, folders=True)]
        found.update(child for place in places for child in _children(place, last, folders=False))
    return sorted(found)


def _children(folder: Path, pattern: str, *, folders: bool) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [
            folder / entry.name
            for entry in entries
            if fnmatch.fnmatchcase(entry.name, pattern) and entry.is_dir(follow_symlinks=False) is folders
        ]
    return []


def content_below(folders: Sequence[Path]) -> frozenset[str]:
    """Return the sha256 of every plain file below some folders."""
    contents = set()
    for folder in folders:
        for entry in walk(folder):
            with contextlib.suppress(OSError):
                if stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                    contents.add(digest(folder / os.path.relpath(entry.path, folder)))
    return frozenset(contents)


def digest(path: Path) -> str:
    """Return the sha256 of a plain file.

    Raises:
        UsageError: It is none.
    """
    with plain_file.opened(path) as stream:
        return digests.sha256_of(stream)


def settle(folder: Path, umask: int, age: int) -> None:
    """Give everything below a folder the modes that a checkout under a umask has, and make it older.

    Args:
        folder: A fresh checkout.
        umask: Whatever ours is, this one counts.
        age: Seconds.
    """
    for entry in [*walk(folder)]:
        status = entry.stat(follow_symlinks=False)
        if not entry.is_symlink():
            runs = status.st_mode & 0o100
            os.chmod(entry.path, (0o777 if runs else 0o666) & ~umask)  # noqa: PTH101 - the entry has its path as text
        moment = status.st_mtime - age
        os.utime(entry.path, (moment, moment), follow_symlinks=False)
