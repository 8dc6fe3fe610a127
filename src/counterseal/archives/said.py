"""What is said of something that varies, before it is known what to do about it; and which times do not vary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

#: The first moment that a zip can hold.
ZIP_FIRST: Final = 315532800
#: What tools write instead of the time: nothing, zip's first moment (and Gradle's), npm, Cargo, hatchling, flit.
FIXED_TIMES: Final = frozenset({0, 1, ZIP_FIRST, 318211200, 499162500, 1153704088, 1580601600, 1451606400})
#: Of a member's fields: its extended header is called after a process; its name is in no known encoding.
PAX_PROCESS: Final = "pax name with a process number"
UNNAMED: Final = "name in no known encoding"
TOLD_ELSEWHERE: Final = frozenset({PAX_PROCESS, UNNAMED})


@dataclass(frozen=True, slots=True)
class Said:
    """A code, what and why, the members at which it is so, and whether it varies for sure."""

    code: str
    what: str
    why: str
    where: Sequence[str]
    certain: bool


def certain(code: str, what: str, why: str, where: Sequence[str] = ()) -> Said:
    """Return what varies for sure."""
    return Said(code, what, why, where, certain=True)


def perhaps(code: str, what: str, why: str, where: Sequence[str] = ()) -> Said:
    """Return what may vary, and may be right: the archive alone does not tell."""
    return Said(code, what, why, where, certain=False)


def allowed(epoch: int | None) -> frozenset[float]:
    """Return the times that do not vary; a zip holds even seconds, rounded down or up, and none before 1980."""
    if epoch is None:
        return frozenset(FIXED_TIMES)
    late = max(epoch, ZIP_FIRST)
    return frozenset({*FIXED_TIMES, epoch, late - late % 2, late + late % 2})


def moment(seconds: float) -> str:
    """Return a time as people write it; the number if it is beyond all calendars."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(seconds)
