"""The formats of a second build: what the source declares, what came out, what a comparison says."""

from __future__ import annotations

__all__ = ["build_file", "result"]
