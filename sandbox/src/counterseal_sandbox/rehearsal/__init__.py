"""A copy of somebody's repository in the sandbox, and routes by which a shell becomes its people and its CI jobs."""

from __future__ import annotations

from counterseal_sandbox.rehearsal.plan import Job, Plan
from counterseal_sandbox.rehearsal.stage import Rehearsal

__all__ = ["Job", "Plan", "Rehearsal"]
