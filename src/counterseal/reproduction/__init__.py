"""A second build beside the first: which inputs it has to have, how two artifacts differ and why. It runs nothing."""

from __future__ import annotations

__all__ = ["archives", "comparing", "conditions", "fixes", "inputs"]
