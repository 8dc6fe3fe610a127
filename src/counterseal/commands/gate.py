"""`gate`: decides what waits, then publishes what is allowed, in one run and with one exit code.

A run that somebody started to stop or take back something does that, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import errors
from counterseal.errors import UsageError
from counterseal.gate import deciding
from counterseal.gate.emergency import restricting
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


#: What a run can be started for, beside deciding.
ACTIONS: Final = ("hold", "revoke")
#: The longest number of hours that is read at all; the policy says the real bound.
_MAX_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody started a run for, as they wrote it; empty: not filled in."""

    action: str
    stage: str = ""
    reason: str = ""
    target: str = ""
    hours: str = ""


def restrict(opened: opening.Gate, wanted: Wanted) -> restricting.Restricted:
    """Record the hold or revocation that somebody started this run for.

    Args:
        opened: The gate, opened for an emergency.
        wanted: What they filled in.

    Raises:
        UsageError: It is not usable, or they may not.
        LedgerError: The ledger is not what it was.
    """
    if wanted.action == "hold":
        stops = {"": "promote"}.get(wanted.target, wanted.target)
        return restricting.hold(opened, wanted.stage or None, stops, _hours(wanted.hours), wanted.reason)
    if wanted.action == "revoke":
        for name, value in (("stage", wanted.stage), ("hours", wanted.hours)):
            if value:
                why = "it counts in every stage, and for as long as one person may"
                raise UsageError(f"a revocation has no {name}", why=why, fix="leave it empty")
        kind, _, value = wanted.target.partition(":")
        return restricting.revoke(opened, kind, value, wanted.reason)
    raise UsageError(
        f"no action {wanted.action[:40]!r}", why=f"a run can be started for {' or '.join(ACTIONS)}", fix="name one"
    )


def _hours(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise UsageError(f"hours: {text[:40]!r} is no whole number", why="a hold lasts hours", fix="write digits only")
    return int(text)
