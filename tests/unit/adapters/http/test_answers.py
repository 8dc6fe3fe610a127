"""What is read of an answer beside its body."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from counterseal.adapters.http.answers import date_of
from counterseal.adapters.http.transport import Answer
from counterseal.errors import ServiceError


def test_when_an_answer_was_given() -> None:
    answer = Answer(200, {"date": "Tue, 24 Nov 2026 09:10:44 GMT"}, b"{}")
    assert date_of(answer, "its time") == datetime(2026, 11, 24, 9, 10, 44, tzinfo=UTC)


@pytest.mark.parametrize("headers", [{}, {"date": "soon"}, {"date": "Tue, 99 Nov 2026 09:10:44 GMT"}])
def test_an_answer_without_a_date(headers: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="its time is not known"):
        date_of(Answer(200, headers, b"{}"), "its time")
