"""A revocation: something does not count any more. One listed person makes it for some days, two for good."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from counterseal.history.events.consent import Consent
from counterseal.model import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.model import Revoked

#: What one person may revoke by a started run; other targets need a merged request.
AT_ONCE: Final = ("manifest", "artifact")
#: How long a provisional one lasts, and how many of them a person may make in a day.
PROVISIONAL: Final = timedelta(hours=72)
MOST_A_DAY: Final = 3
_DAY: Final = timedelta(days=1)
#: Within this time a second one of the same thing by the same person takes another person, as with holds.
MEMORY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Body of a revocation; without `consent` the person is the event's actor, and it is provisional.

    Attributes:
        target: What is revoked.
        since: From when it counts.
        until: When a provisional one ends by itself; None: for good.
        confirms: The entry id of the provisional one that this makes lasting; None: none.
        reason: The words of who asked.
        consent: Who agreed; None: one person, at once.
    """

    target: Target
    since: datetime
    until: datetime | None
    confirms: str | None
    reason: str
    consent: Consent | None


def remembered(revoked: Sequence[Revoked], at: datetime) -> tuple[Revoked, ...]:
    """Return the revocations that are in force or will be, and the provisional ones that a new one might renew."""
    return tuple(known for known in revoked if known.until is None or known.stands(at) or at - known.since < MEMORY)


def made(revoked: Sequence[Revoked], by: str, at: datetime) -> tuple[Revoked, ...]:
    """Return the provisional revocations that a person made within the last seven days, whatever became of them."""
    return tuple(known for known in revoked if known.by == by and known.until is not None and at - known.since < MEMORY)


def made_today(revoked: Sequence[Revoked], by: str, at: datetime) -> int:
    """Return how many of them are of the last day."""
    return sum(at - known.since < _DAY for known in made(revoked, by, at))


def without(revoked: Sequence[Revoked], entries: Sequence[str], at: datetime) -> tuple[Revoked, ...]:
    """Return the revocations of which some are not in force any more; those of one person stay known for a while."""
    return tuple(
        dataclasses.replace(known, ended=known.ended or at) if known.entry_id in entries else known
        for known in revoked
        if known.entry_id not in entries or known.until is not None
    )


def confirmed(revoked: Sequence[Revoked], body: Revocation, at: datetime) -> tuple[Revoked, ...]:
    """Return the revocations, without the provisional one if this lasting one takes its place."""
    return without(revoked, (body.confirms,) if body.confirms else (), at)
