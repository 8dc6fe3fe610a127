"""What a request is called, and how long it is valid; the rest of the command is told by the flow tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from counterseal.commands import request
from counterseal.formats.manifest import MAX_VALID, check_tag
from counterseal.render.reports import request as request_report


@pytest.mark.parametrize(
    ("tag", "called"),
    [("v1.2.0", "Promote v1.2.0 to staging"), ("x/@everyone", "Promote x/(at)everyone to staging")],
)
def test_a_title_calls_nobody(tag: str, called: str) -> None:
    check_tag(tag)
    assert request_report.title(tag, "staging") == called


@pytest.mark.parametrize("days", [1, 7, 89, 90])
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_a_request_is_never_valid_for_longer_than_the_rule_allows(days: int, hour: int) -> None:
    now = datetime(2026, 11, 24, hour, 59, 59, tzinfo=timezone(timedelta(hours=5)))
    until = request._valid_until(now, timedelta(days=days))
    assert until - now <= MAX_VALID
    assert until - now >= min(timedelta(days=days), MAX_VALID - timedelta(days=1))
    assert (until.tzinfo, until.time().isoformat()) == (UTC, "00:00:00")
