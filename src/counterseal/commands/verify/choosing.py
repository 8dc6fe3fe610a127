"""Which files are meant: named ones, all of a folder, what a glob matches, what a `SHA256SUMS` among them lists.

Nothing that lies there is passed over: what is handed on afterwards was looked at.
"""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import plain_file
from counterseal.errors import CountersealError, FormatError, UsageError, VerificationError
from counterseal.formats import checksums
from counterseal.identifiers import CHECKSUMS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file to look at.

    Attributes:
        path: As it is shown.
        place: The same file whatever it was called: its folder without links, and its name.
        listed: Its digest as a `SHA256SUMS` has it; None if none lists it.
        problem: What is known to be wrong with it before it is read.
    """

    path: Path
    place: Path
    listed: str | None = None
    problem: CountersealError | None = None


def choose(given: Sequence[Path]) -> list[Chosen]:
    """Return the files, each once, in the order given; those that a list names after it.

    Raises:
        UsageError: A file is not there, a glob matches nothing, or a folder has none or another in it.
    """
    folder_of = cache(os.path.realpath)
    chosen: dict[Path, Chosen] = {}
    for path in _expanded(given):
        if not os.path.lexists(path):
            raise UsageError(f"no file {path}", why="there is nothing to verify", fix="download it first")
        place = Path(folder_of(path.parent)) / path.name
        if place in chosen:
            continue
        chosen[place] = Chosen(path, place)
        if path.name == CHECKSUMS_FILE:
            _add_listed(chosen, place)
    return list(chosen.values())


def _expanded(given: Iterable[Path]) -> Iterator[Path]:
    """Yield files: of a folder all in it, of a glob those that it matches, hidden ones too (in CI no shell does)."""
    for path in given:
        pattern = str(path)
        if os.path.lexists(path) or not glob.has_magic(pattern):
            yield from _of_folder(path)
            continue
        matched = sorted(glob.glob(pattern, include_hidden=True))  # noqa: PTH207 - `Path` takes no absolute one
        if not matched:
            raise UsageError(
                f"no file matches {pattern}", why="so there is nothing to verify", fix="download them first"
            )
        for each in matched:
            yield from _of_folder(Path(each))


def _of_folder(path: Path) -> list[Path]:
    """Return all that lies in a folder; of a file itself."""
    if not path.is_dir():
        return [path]
    inside = sorted(path.iterdir())
    if not inside or any(each.is_dir() and not each.is_symlink() for each in inside):
        raise UsageError(
            f"{path} is not a folder of release files",
            why="it is empty" if not inside else "it has a folder in it, and what is in that would not be looked at",
            fix="download the release into a folder of its own, or name the files",
        )
    return inside


def _add_listed(chosen: dict[Path, Chosen], place: Path) -> None:
    """Add every file of a list; of a list that is not in order none, and it is refused itself."""
    sums = chosen[place]
    try:
        listed = checksums.parse(plain_file.read(place, max_bytes=checksums.MAX_BYTES), CHECKSUMS_FILE)
    except (FormatError, UsageError) as error:
        problem = VerificationError(f"not verified: {error.what}", why=error.why, fix=error.fix)
        chosen[place] = replace(sums, problem=problem)
        return
    for name, digest in listed.items():
        of_list = place.with_name(name)
        known = chosen.get(of_list) or Chosen(sums.path.with_name(name), of_list)
        missing = None if os.path.lexists(of_list) else _missing(name)
        chosen[of_list] = replace(known, listed=digest, problem=known.problem or missing)


def _missing(name: str) -> VerificationError:
    return VerificationError(
        f"not verified: {name} is not there",
        why=f"{CHECKSUMS_FILE} lists it, and is verified with all that it lists",
        fix=f"download it, too; or name the files that you want to use, without {CHECKSUMS_FILE}",
    )
