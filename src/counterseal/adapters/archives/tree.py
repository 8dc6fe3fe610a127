"""Files and folders of this machine → what is to be packed, whatever order the file system gives them in.

No link is followed, neither a file's nor a folder's on its way: what is packed lies below the folder that was named.
"""

from __future__ import annotations

import os
import stat
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.archives import limits, naming
from counterseal.errors import UsageError
from counterseal.model import Packable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAGIC: Final = frozenset("*?[")
_KINDS: Final = {stat.S_IFLNK: "a symlink", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


class Tree:
    """Finds what is to be packed.

    Args:
        root: The folder that all names are relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def collect(self, sources: Sequence[str], prefix: str, made: Sequence[Path]) -> tuple[Packable, ...]:
        """See `ports.Packer.collect`."""
        if prefix:
            naming.check(prefix)
        paths = [path for source in sources for path in self._sources(source)]
        self._check_apart(paths, made)
        found = (file for path in paths for file in self._walk(path, prefix))
        return naming.ordered(found)

    def _check_apart(self, paths: Sequence[Path], made: Sequence[Path]) -> None:
        """Return if nothing that is made lies in what is packed: the next time it would be packed as well."""
        packed = {self._root / path for path in paths}
        for file in (path.absolute().parent.resolve() / path.name for path in made):
            if not packed.isdisjoint((file, *file.parents)):
                why = "the next time it would be packed, too, and the bytes would be others"
                raise UsageError(f"{file.name} would lie in what is packed", why=why, fix="put it into another folder")

    def _sources(self, source: str) -> Iterator[Path]:
        """Yield the paths that a source names, relative to the root."""
        asked = Path(source)
        if asked.is_absolute() or ".." in asked.parts or "\0" in source or not source:
            raise UsageError(
                f"{source!r} is not below the folder that is packed from",
                why="names in an archive are relative",
                fix="name its folder with --from, and what is in it relative to that",
            )
        if not _MAGIC.intersection(source):
            yield asked
            return
        matches = sorted(islice(self._root.glob(str(asked)), limits.MAX_MEMBERS + 1))
        if not matches:
            raise UsageError(
                f"{source!r} matches nothing", why=f"in {self._root}", fix="build first, or name the files"
            )
        yield from (path.relative_to(self._root) for path in matches)

    def _walk(self, path: Path, prefix: str) -> Iterator[Packable]:
        """Yield what is at a path and below it; the way to it is looked at part by part."""
        for above in [*path.parents, path][::-1]:
            status = self._status(above)
            if above != path and not stat.S_ISDIR(status.st_mode):
                raise _refused(above, status)
        todo = [path]
        while todo:
            each = todo.pop()
            status = self._status(each)
            name = "/".join((*prefix.split("/"), *each.parts)) if prefix else "/".join(each.parts)
            if stat.S_ISDIR(status.st_mode):
                inner = self._list(each)
                todo += [each / entry for entry in inner]
                if not inner and name:
                    yield Packable(name, self._root / each, folder=True)
            elif stat.S_ISREG(status.st_mode):
                yield Packable(name, self._root / each, executable=bool(status.st_mode & stat.S_IXUSR))
            else:
                raise _refused(each, status)

    def _list(self, path: Path) -> list[str]:
        try:
            return os.listdir(self._root / path)  # noqa: PTH208 - names alone are wanted
        except OSError as error:
            raise _unreadable(path, error) from error

    def _status(self, path: Path) -> os.stat_result:
        try:
            return os.lstat(self._root / path)
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError | ValueError) -> UsageError:
    if isinstance(error, FileNotFoundError):
        return UsageError(f"there is no {str(path)!r}", why="it was to be packed", fix="build first, or name another")
    why = getattr(error, "strerror", None) or str(error)
    return UsageError(f"{str(path)!r} cannot be read", why=why, fix="look at its permissions")


def _refused(path: Path, status: os.stat_result) -> UsageError:
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no file and no folder")
    why = (
        "what a link leads to differs from machine to machine"
        if stat.S_ISLNK(status.st_mode)
        else "only files are packed"
    )
    return UsageError(f"{str(path)!r} is {kind}", why=why, fix="put the file itself there, or leave it out")
