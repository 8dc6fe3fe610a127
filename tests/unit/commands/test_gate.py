"""One run of the gate has one exit code: that of deciding, and only if that went well the one of publishing."""

from __future__ import annotations

import pytest
from tests.unit import frozen

from counterseal.commands.gate import GateRun
from counterseal.errors import CountersealError, LedgerError, ServiceError
from counterseal.gate.deciding import Failed, GateResult
from counterseal.gate.publication.publishing import NotPublished, PublishResult


def run(undecided: CountersealError | None, stopped: tuple[CountersealError | None, ...]) -> GateRun:
    failed = (Failed("promotions/staging/x.json", undecided),) if undecided else ()
    published = tuple(NotPublished("v1.2.0", "production", None, error=error) for error in stopped)
    return GateRun(GateResult((), failed, (), sandbox=False), PublishResult((), published), frozen.RUN, frozen.POLICY)


@pytest.mark.parametrize(
    ("undecided", "stopped", "code"),
    [
        (None, (), 0),
        (ServiceError("x"), (), 1),
        (None, (None,), 10),
        (None, (LedgerError("x"),), 11),
        (None, (None, ServiceError("x")), 1),
        (ServiceError("x"), (LedgerError("x"),), 1),
        (LedgerError("x"), (None,), 11),
    ],
)
def test_the_exit_code(
    undecided: CountersealError | None, stopped: tuple[CountersealError | None, ...], code: int
) -> None:
    assert run(undecided, stopped).exit_code == code
