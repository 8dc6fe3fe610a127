"""What each stage has, what waits and what it lacks; or the way of one tag."""

from __future__ import annotations

from counterseal.render.reports.status.of_tag import way
from counterseal.render.reports.status.today import overview

__all__ = ["overview", "way"]
