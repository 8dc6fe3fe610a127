"""Results of the verbs about what a build says of itself."""

from __future__ import annotations

__all__ = ["difference", "observing", "showing"]
