"""A hold: a listed person stops promotions into a stage, at once. It ends by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.model import Held

#: What a hold stops.
PROMOTE, ALL = "promote", "all"
#: Within this time a second hold of the same by the same person is a renewal, for which it takes another person.
MEMORY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Hold:
    """Body of a hold; the person is the event's actor.

    Attributes:
        stage: The stage; None: every stage.
        stops: `promote`, or `all`: then a rollback waits, too.
        until: When it ends by itself.
        reason: The person's words.
    """

    stage: str | None
    stops: str
    until: datetime
    reason: str


def renewed(holds: Sequence[Held], stage: str | None, by: str, at: datetime) -> Held | None:
    """Return the hold by the same person that a new one would renew, or None: of the same stage, or of every stage."""
    same = (held for held in holds if held.stage in (None, stage) and held.by == by and at - held.since < MEMORY)
    return max(same, key=lambda held: held.sequence, default=None)


def remembered(holds: Sequence[Held], at: datetime) -> tuple[Held, ...]:
    """Return the holds that are in force, or that a new one might renew."""
    return tuple(held for held in holds if held.stands(at) or at - held.since < MEMORY)
