"""What a sandbox says once it answers: an empty one, or one with a copy of somebody's repository."""

from __future__ import annotations

from counterseal.render.reports.sandbox.empty import data, gone, ready
from counterseal.render.reports.sandbox.rehearsal import rehearsal

__all__ = ["data", "gone", "ready", "rehearsal"]
