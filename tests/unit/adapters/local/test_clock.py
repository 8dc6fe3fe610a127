"""The clock tells the time, in UTC, and says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from counterseal.adapters.local.clock import SystemClock

if TYPE_CHECKING:
    from counterseal.ports import Clock


def test_now_is_aware_and_of_this_moment() -> None:
    clock: Clock = SystemClock()
    before, now, after = datetime.now(UTC), clock.now(), datetime.now(UTC)
    assert before <= now <= after
    assert now.utcoffset() == timedelta(0)
