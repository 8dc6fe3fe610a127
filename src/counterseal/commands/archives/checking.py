"""`pack --check`: what in existing archives another build would make differently."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import archives
from counterseal.archives import Flaw, makers
from counterseal.errors import CountersealError, UsageError
from counterseal.ports import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.ports import ArchiveReader


@dataclass(frozen=True, slots=True)
class CheckedArchive:
    """One archive: what it is, who seems to have made it, what varies; or why it could not be read."""

    path: Path
    kind: str = ""
    maker: str = ""
    members: int = 0
    flaws: tuple[Flaw, ...] = ()
    problem: CountersealError | None = None

    @property
    def certain(self) -> int:
        """Return how many flaws are certain."""
        return sum(flaw.certain for flaw in self.flaws)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All that were asked for, in that order, and the SOURCE_DATE_EPOCH that their times were held against."""

    archives: tuple[CheckedArchive, ...]
    epoch: int | None


def run(paths: Sequence[Path], reader: ArchiveReader, epoch: int | None, tell: Tell = silent) -> CheckResult:
    """Look into archives; one that cannot be read does not keep others from being looked at.

    Args:
        paths: The archives, or globs.
        reader: Looks into them.
        epoch: SOURCE_DATE_EPOCH of their build, if it is known.
        tell: Told which one it is at.

    Raises:
        UsageError: A glob matches nothing.
    """
    checked = []
    for path in _expanded(paths):
        tell(f"reading {path.name}")
        checked.append(_checked(path, reader, epoch))
    return CheckResult(tuple(checked), epoch)


def _expanded(given: Sequence[Path]) -> Iterator[Path]:
    """Yield each file that is named, or that a glob matches, once."""
    for path in dict.fromkeys(given):
        if os.path.lexists(path) or not glob.has_magic(str(path)):
            yield path
            continue
        matches = sorted(glob.glob(str(path)))  # noqa: PTH207 - a Path's own takes no absolute pattern
        if not matches:
            raise UsageError(f"{str(path)!r} matches nothing", why="there is nothing to check", fix="build first")
        yield from map(Path, matches)


def _checked(path: Path, reader: ArchiveReader, epoch: int | None) -> CheckedArchive:
    try:
        seen = reader.read(path)
    except CountersealError as problem:
        return CheckedArchive(path, problem=problem)
    return CheckedArchive(path, seen.kind, makers.of(seen), len(seen.members), archives.find(seen, epoch))
