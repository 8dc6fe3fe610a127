"""Results of `pack`."""

from __future__ import annotations

__all__ = ["checked", "packed"]
