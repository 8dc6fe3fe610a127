"""What makes archives, and what checks existing ones."""

from __future__ import annotations

__all__ = ["checking", "packing"]
