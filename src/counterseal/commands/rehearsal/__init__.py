"""`sandbox --for`: a copy of a clone in a sandbox, with the policy's people, to rehearse a promotion with."""

from __future__ import annotations

from counterseal.commands.rehearsal.plan import Rehearsal, RehearsalInputs, plan
from counterseal.commands.rehearsal.start import Running, run

__all__ = ["Rehearsal", "RehearsalInputs", "Running", "plan", "run"]
