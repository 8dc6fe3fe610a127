"""What the verbs of second builds found."""

from __future__ import annotations

__all__ = ["built", "compared", "varied"]
