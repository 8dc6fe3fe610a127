"""What a build says of itself: watched (`observe`), handed to `sign`, shown and compared (`inputs`)."""

from __future__ import annotations

__all__ = ["comparing", "observing", "own_word", "reading", "recorded"]
