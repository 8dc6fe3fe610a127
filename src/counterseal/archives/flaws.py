"""What in an archive another build would make differently, why, and what to do about it.

One archive cannot show that two builds agree. What is certain to vary (the clock's time, an owner's number) is a flaw;
what may be right or wrong, depending on how it was made, is told as such and counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.archives import advice, makers, members, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.archives.said import Said
    from counterseal.model import Archive

SAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that varies.

    Attributes:
        code: What it is, for programs.
        certain: Whether it varies for sure; if not, the archive alone does not tell.
        what: What was seen, with numbers.
        why: Where it comes from.
        fix: What to do.
        count: At how many members.
        samples: The first of them.
    """

    code: str
    certain: bool
    what: str
    why: str
    fix: str
    count: int
    samples: tuple[str, ...]


def find(archive: Archive, epoch: int | None) -> tuple[Flaw, ...]:
    """Return what varies, certain things first.

    Args:
        archive: What was seen of it.
        epoch: SOURCE_DATE_EPOCH of its build, if it is known.
    """
    maker = makers.of(archive)
    said = [*members.look(archive, epoch, sorts=maker in makers.SORTING), *whole.look(archive, epoch)]
    return tuple(sorted(_flaws(said, maker, archive.kind), key=lambda flaw: not flaw.certain))


def _flaws(said: Iterable[Said], maker: str, kind: str) -> Iterable[Flaw]:
    for each in said:
        fix = advice.of(each.code, maker, kind)
        count = len(each.where)
        yield Flaw(each.code, each.certain, each.what, each.why, fix, count, tuple(each.where[:SAMPLES]))
