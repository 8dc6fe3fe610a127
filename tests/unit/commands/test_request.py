"""How long a request is valid; the rest of the command is told by the flow tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from counterseal.commands import request
from counterseal.formats.manifest import MAX_VALID


@pytest.mark.parametrize("days", [1, 7, 89, 90])
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_a_request_is_never_valid_for_longer_than_the_rule_allows(days: int, hour: int) -> None:
    now = datetime(2026, 11, 24, hour, 59, 59, tzinfo=timezone(timedelta(hours=5)))
    until = request.valid_until(now, timedelta(days=days))
    assert until - now <= MAX_VALID
    assert until - now >= min(timedelta(days=days), MAX_VALID - timedelta(days=1))
    assert (until.tzinfo, until.time().isoformat()) == (UTC, "00:00:00")
