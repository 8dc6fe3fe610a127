"""What one listed person started at once, and what came of it."""

from __future__ import annotations

from counterseal.render.reports.emergencies.started import report

__all__ = ["report"]
