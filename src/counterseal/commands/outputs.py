"""Puts what a verb made into the output folder: complete, or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def place(folder: Path, files: Mapping[str, bytes], *, replaced: Iterable[Path] = ()) -> None:
    """Write files into a folder so that a reader never sees a part of one, and the last one only after all others.

    Args:
        folder: The output folder; made if it is not there.
        files: Content by name. The last one is the mark that the others are complete.
        replaced: Files of an earlier run that go away first.

    Raises:
        UsageError: The folder is a symlink or cannot be written.
    """
    if folder.is_symlink():
        raise UsageError(f"{folder} is a symlink", why="symlinks are not followed", fix="remove it")
    placed: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
            for name, content in files.items():
                (Path(unfinished) / name).write_bytes(content)
            for old in replaced:
                old.unlink(missing_ok=True)
            for name in files:
                # Not `extend`: what was placed before a failure has to be known.
                placed.append((Path(unfinished) / name).replace(folder / name))  # noqa: PERF401 - see above
    except OSError as error:
        for path in placed:
            path.unlink(missing_ok=True)
        raise UsageError(
            f"{folder} cannot be written", why=f"{error.strerror}: {error.filename}", fix="check its permissions"
        ) from error
