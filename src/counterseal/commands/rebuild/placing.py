"""Copies what a second build made into the output folder, hashing it on the way: complete, or not at all."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal import plain_file
from counterseal.errors import UsageError
from counterseal.formats import digests, subject
from counterseal.identifiers import REBUILD_BUNDLE, REBUILD_LOG, REBUILD_RESULT
from counterseal.model import DigestSet, RebuiltFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.ports import Cell

_CHUNK: Final = 1 << 20


class Placing:
    """A folder beside the output folder's files, whose files go there together at the end.

    Args:
        output: The output folder; made if it is not there.

    Raises:
        UsageError: It is a symlink or cannot be written.
    """

    def __init__(self, output: Path) -> None:
        if output.is_symlink():
            raise UsageError(f"{output} is a symlink", why="symlinks are not followed", fix="remove it")
        self._output = output
        try:
            output.mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=output))
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageError(f"{output} cannot be written", why=why, fix="check its permissions") from error

    def bring(self, cell: Cell, files: Sequence[Path]) -> tuple[RebuiltFile, ...]:
        """Copy the artifacts of a build.

        Raises:
            UsageError: One is no plain file, or its name cannot be released; or two have one name.
        """
        brought = []
        for file in files:
            if (self._work / file.name).exists():
                raise UsageError(
                    f"two outputs are called {file.name}",
                    why="artifacts are known by their names",
                    fix="name the outputs in the build file so that each name is there once",
                )
            digest, size = self._copy(file)
            subject.make(file.name, digest, size=size)
            brought.append(RebuiltFile(file.name, DigestSet(digest), cell.was_brought(digest)))
        return tuple(brought)

    def log(self, file: Path) -> DigestSet:
        """Copy what the commands printed; return its digest."""
        with plain_file.opened(file) as source, (self._work / REBUILD_LOG).open("wb") as target:
            shutil.copyfileobj(source, target)
        with (self._work / REBUILD_LOG).open("rb") as stream:
            return DigestSet(digests.sha256_of(stream))

    def log_alone(self, file: Path) -> None:
        """Leave what the commands printed, of a build that has no result."""
        if file.is_file():
            self.log(file)
            (self._work / REBUILD_LOG).replace(self._output / REBUILD_LOG)

    def finish(self, result: bytes) -> None:
        """Put everything into the output folder, the result last: where it stands, everything stands."""
        for name in (REBUILD_RESULT, REBUILD_BUNDLE):
            (self._output / name).unlink(missing_ok=True)
        for path in sorted(self._work.iterdir()):
            path.replace(self._output / path.name)
        (self._work / REBUILD_RESULT).write_bytes(result)
        (self._work / REBUILD_RESULT).replace(self._output / REBUILD_RESULT)

    def remove(self) -> None:
        """Remove what did not go into the output folder."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _copy(self, file: Path) -> tuple[str, int]:
        algorithm, size = hashlib.sha256(), 0
        opened = plain_file.opened(file, max_bytes=subject.MAX_FILE_BYTES)
        with opened as source, (self._work / file.name).open("wb") as target:
            while part := source.read(_CHUNK):
                algorithm.update(part)
                target.write(part)
                size += len(part)
        return algorithm.hexdigest(), size
