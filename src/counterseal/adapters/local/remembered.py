"""Keeps what was verified in a file of the user's cache folder (port `Memory`, R55).

Caches are copied, restored and shared, so what lies there is believed only with a code (HMAC-SHA256) that needs a key
from the user's state folder, which is none: whoever can write to the cache alone gains nothing. Whoever can do all that
the user can, can change this program, too. Whatever is wrong with either, nothing is remembered, and the work is done
anew.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_KEY: Final = 32
_CODE: Final = 32
#: More than what is kept of a million entries.
_MAX_BYTES: Final = 1 << 30


class FileMemory:
    """A `Memory` in one file.

    Args:
        folder: Where the file lies; made if it is not there.
        name: The file's name: of what it is about, and by whom that was verified.
        state: Where the key lies; made if it is not there.
    """

    def __init__(self, folder: Path, name: str, state: Path) -> None:
        self._folder, self._name, self._state = folder, name, state

    def read(self) -> bytes | None:
        """Return what was kept, or None: nothing, or something that we did not keep."""
        with contextlib.suppress(OSError):
            key, path = self._key(), self._folder / self._name
            _check_folder(self._folder)
            written = _read(path, _MAX_BYTES)
            code, data = written[:_CODE], written[_CODE:]
            if hmac.compare_digest(code, self._code(key, data)):
                return data
        return None

    def keep(self, data: bytes) -> None:
        """Keep this in place of what was there; whoever reads meanwhile gets either whole."""
        with contextlib.suppress(OSError):
            key = self._key()
            _own_folder(self._folder)
            _put(self._folder / self._name, self._code(key, data) + data)

    def _code(self, key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, self._name.encode() + b"\0" + data, "sha256")

    def _key(self) -> bytes:
        """Return the key; the first time it is made.

        Raises:
            OSError: There is none that is ours alone.
        """
        path = self._state / "memory.key"
        if not path.exists():
            _own_folder(self._state)
            with contextlib.suppress(FileExistsError):
                _put(path, secrets.token_bytes(_KEY), anew=True)
        key = _read(path, _KEY)
        if len(key) != _KEY:
            raise PermissionError(f"{path} is not a key")
        return key


def _put(path: Path, data: bytes, *, anew: bool = False) -> None:
    """Write a file that is ours alone, whole or not at all.

    Raises:
        FileExistsError: It is there already, and it is to be made anew.
        OSError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if anew:
            os.link(draft, path)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path, limit: int) -> bytes:
    """Return a file that is ours alone.

    Raises:
        OSError: It is not there, something else, too large, or others may read or write it.
    """
    _check(path, stat.S_IFREG, others=0o077)
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise PermissionError(f"{path} is larger than anything that we keep")
    return data


def _own_folder(folder: Path) -> None:
    """Make a folder that is ours alone.

    Raises:
        OSError: It is not, or cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _check_folder(folder)


def _check_folder(folder: Path) -> None:
    """Require that others can put nothing into a folder, nor another in its place."""
    _check(folder.parent, stat.S_IFDIR, others=0o022)
    _check(folder, stat.S_IFDIR, others=0o077)


def _check(path: Path, kind: int, *, others: int) -> None:
    seen = os.lstat(path)
    if stat.S_IFMT(seen.st_mode) != kind or seen.st_uid != os.geteuid() or seen.st_mode & others:
        raise PermissionError(f"{path} is a link, somebody else's, or open to others")
