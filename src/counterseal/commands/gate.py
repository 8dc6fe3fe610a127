"""`gate`: decides what waits, then publishes what is allowed, in one run and with one exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import errors
from counterseal.gate import deciding
from counterseal.gate.publication import publishing
from counterseal.model import Policy, Run

if TYPE_CHECKING:
    from counterseal.gate import opening


@dataclass(frozen=True, slots=True)
class GateRun:
    """What one run decided and published, and under which policy."""

    decided: deciding.GateResult
    published: publishing.PublishResult
    run: Run
    policy: Policy

    @property
    def exit_code(self) -> int:
        """Return the worse code of deciding and publishing."""
        return errors.worst((self.decided.exit_code, self.published.exit_code))


def decide_and_publish(opened: opening.Gate, *, stage: str | None = None, request: str | None = None) -> GateRun:
    """Decide merged requests, record, and publish what is allowed.

    Args:
        opened: The gate.
        stage: Only requests for this stage, and only allows of it.
        request: Only this request file.

    Raises:
        LedgerError: The ledger is not what it was.
    """
    decided = deciding.run(opened, stage=stage, request=request)
    return GateRun(decided, publishing.run(opened, stage=stage), opened.run, opened.policy)
