"""A consumer's verdict as lines for people. It needs nothing of the other results: verifying has to start quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import wire
from counterseal.render.escape import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.verification import Step, Verdict

SANDBOX_NOTE = "SANDBOX: signed under a sandbox root, proves nothing to anybody"


def head(verdict: Verdict, name: str) -> str:
    """Return the first line of a verdict, on the file or files that are called `name`."""
    return f"verified: {plain(name)}, {verdict.stage}, decided {wire.timestamp(verdict.decided_at)}"


def steps(looks: Sequence[Step]) -> list[str]:
    """Return numbered steps of a verdict."""
    return [f"  {step.look.number} {step.look:<20} {plain(step.result)}" for step in looks]
