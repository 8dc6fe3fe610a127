"""Opens a file of somebody else only if it is a plain one: no link, no pipe, no device, no larger than is wanted.

A build may leave anything under the name of a file: a link to a secret, a pipe that nobody writes to, a device that
never ends. What is opened here is looked at after it was opened, so that it cannot be swapped in between. Where the
file lies is up to the caller.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

#: A pipe does not wait for its writer, and a terminal does not become ours.
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS: Final = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a symlink"}


def opened(path: Path, *, max_bytes: int | None = None, what: str = "") -> BinaryIO:
    """Return a stream of a plain file, for a `with` statement.

    Args:
        path: The file. Its last folder, too, has to be a folder and no link.
        max_bytes: The largest size that is opened.
        what: Its name for messages, if the file's own is not enough.

    Raises:
        UsageError: It is no plain file, cannot be opened, or is too large.
    """
    what = what or path.name
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _check(os.stat(path.name, dir_fd=folder, follow_symlinks=False), max_bytes, what)
            descriptor = os.open(path.name, _FLAGS, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        if path.parent.is_symlink():
            raise _refusal(f"{path.parent}", stat.S_IFLNK) from error
        why = error.strerror or str(error)
        raise UsageError(f"{what} cannot be read", why=why, fix="look at the file and its permissions") from error
    stream = os.fdopen(descriptor, "rb")
    try:
        _check(os.fstat(descriptor), max_bytes, what)
    except UsageError:
        stream.close()
        raise
    return stream


def read(path: Path, *, max_bytes: int, what: str = "") -> bytes:
    """Return the bytes of a plain file (see `opened`).

    Raises:
        UsageError: As above; also if it grew while it was read.
    """
    with opened(path, max_bytes=max_bytes, what=what) as stream:
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _too_large(what or path.name, len(data), max_bytes)
    return data


def _check(status: os.stat_result, max_bytes: int | None, what: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _refusal(what, stat.S_IFMT(status.st_mode))
    if max_bytes is not None and status.st_size > max_bytes:
        raise _too_large(what, status.st_size, max_bytes)


def _refusal(what: str, kind: int) -> UsageError:
    why = "symlinks are not followed" if kind == stat.S_IFLNK else "only plain files are read"
    return UsageError(f"{what} is {_KINDS.get(kind, 'a device')}", why=why, fix="put the file itself there")


def _too_large(what: str, size: int, limit: int) -> UsageError:
    return UsageError(f"{what}: {size} bytes are too many", why=f"at most {limit} are read", fix="check what it is")
