"""Which files a command wrote, and their digests: those whose inode changed after it began (`st_ctime`).

That time follows the kernel's clock and not what a program sets, so an unpacked or renamed file counts as well.
Everything is bounded: how many entries are looked at, how many files are listed, how much is read. Links are not
followed, and not listed.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import plain_file
from counterseal.errors import UsageError
from counterseal.model import DigestSet, WrittenFile, Wrote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.adapters.local.secret_values import Published

MAX_SEEN: Final = 300_000
MAX_LISTED: Final = 200
MAX_NAME: Final = 200
MAX_READ: Final = 4 << 30
#: The clock that files get their times from goes in steps, of 10 ms at most.
_TICK: Final = 0.02
_CHUNK: Final = 1 << 20
_SKIPPED: Final = ".git"


class Looking:
    """Looks for what is written from now on.

    Args:
        roots: Files and folders to look at, or below.
        skipped: A folder whose files are not of the command.
    """

    def __init__(self, roots: Sequence[Path], skipped: Path) -> None:
        self._roots = [Path(os.path.abspath(root)) for root in roots]  # noqa: PTH100 - a link stays one
        self._skipped = os.path.abspath(skipped)  # noqa: PTH100 - as above
        self._here = f"{Path.cwd()}/"
        self._since = _now(Path.cwd())
        self._seen = 0

    def wrote(self, words: Published) -> Wrote:
        """Return what was written since.

        Args:
            words: Makes paths fit to be published.
        """
        self._seen = 0
        found: dict[str, str] = {}
        for root in self._roots:
            found |= {path.removeprefix(self._here): path for path in self._changed(root)}
        complete = self._seen < MAX_SEEN
        listed: list[WrittenFile] = []
        left = MAX_READ
        for name in sorted(found)[:MAX_LISTED]:
            file = _read(Path(found[name]), left) if len(name) <= MAX_NAME else None
            if file is None:
                complete = False
                continue
            left -= file[0]
            listed.append(WrittenFile(words.text(name), file[0], DigestSet(file[1])))
        return Wrote(tuple(listed), len(found), complete and len(found) <= MAX_LISTED)

    def _changed(self, root: Path) -> Iterator[str]:
        """Yield the plain files below a place that changed since, as long as not too much lies there."""
        try:
            status = root.lstat()
        except OSError:
            return
        if not stat.S_ISDIR(status.st_mode):
            if stat.S_ISREG(status.st_mode) and status.st_ctime_ns > self._since:
                yield str(root)
            return
        waiting = [str(root)]
        while waiting and self._seen < MAX_SEEN:
            folder = waiting.pop()
            if folder == self._skipped:
                continue
            for path, mode, changed in self._entries(folder):
                if stat.S_ISDIR(mode) and os.path.basename(path) != _SKIPPED:  # noqa: PTH119 - of a text
                    waiting.append(path)
                elif stat.S_ISREG(mode) and changed > self._since:
                    yield path

    def _entries(self, folder: str) -> Iterator[tuple[str, int, int]]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._seen += 1
                    if self._seen >= MAX_SEEN:
                        return
                    status = entry.stat(follow_symlinks=False)
                    yield entry.path, status.st_mode, status.st_ctime_ns
        except OSError:
            return  # it is gone again, or nobody may look into it


def _now(folder: Path) -> int:
    """Return a time before which everything in a folder was written, by the clock that its files have."""
    for place in (folder, None):
        try:
            with tempfile.TemporaryFile(prefix=".counterseal-", dir=place) as mark:
                moment = os.fstat(mark.fileno()).st_ctime_ns
        except OSError:
            continue
        time.sleep(_TICK)
        return moment
    return time.time_ns()


def _read(path: Path, left: int) -> tuple[int, str] | None:
    """Return size and sha256 of a file; None if it is too large for what is left, or changes while it is read."""
    digest = hashlib.sha256()
    try:
        with plain_file.opened(path, max_bytes=left) as stream:
            before = os.fstat(stream.fileno())
            remaining = before.st_size
            while remaining and (part := stream.read(min(_CHUNK, remaining))):
                digest.update(part)
                remaining -= len(part)
            after = os.fstat(stream.fileno())
    except (UsageError, OSError):
        return None
    same = (before.st_size, before.st_ctime_ns) == (after.st_size, after.st_ctime_ns)
    return (before.st_size, digest.hexdigest()) if same and not remaining else None
