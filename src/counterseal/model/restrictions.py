"""What stops promotions or takes an allow back, as it is in force after an entry of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: By so much the clocks of two gates may differ: what one recorded, another must not take for a thing to come.
SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Held:
    """A hold: nothing goes into a stage (None: into any) from `since` until `until`, or until it was ended before.

    `stops` is `promote`, or `all`: then a rollback waits, too. `by` is whose hold it is: host and number of the person
    as `github.com/1001`. `ended` is when a resume ended it (None: none did).
    """

    entry_id: str
    sequence: int
    stage: str | None
    stops: str
    since: datetime
    until: datetime
    by: str
    ended: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Return whether it is in force at a moment."""
        return self.since - at <= SKEW and at < self.until and self.ended is None

    def covers(self, stage: str) -> bool:
        """Return whether it is about a stage."""
        return self.stage in (None, stage)


@dataclass(frozen=True, slots=True)
class Target:
    """What is revoked: its kind, and which one.

    | kind | value |
    |---|---|
    | `manifest` | sha256 of a manifest |
    | `artifact` | sha256 of a file |
    | `run` | URL of a builder's run |
    | `gate` | revision of a gate |
    | `identity` | SAN of a certificate: what it signed between `since` and `until` of the window (None: open) |
    """

    kind: str
    value: str
    window_since: datetime | None = None
    window_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revoked:
    """A revocation: its target does not count from `since` on; a provisional one ends at `until` (None: for good).

    `by` is whose it is, as of a hold. `ended` is when people took it back or confirmed it (None: nobody did).
    """

    entry_id: str
    sequence: int
    target: Target
    since: datetime
    until: datetime | None
    by: str
    ended: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Return whether it is in force at a moment."""
        return self.since - at <= SKEW and (self.until is None or at < self.until) and self.ended is None
