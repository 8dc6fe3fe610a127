"""Events that permit: what a merged request with enough approvals puts into the ledger instead of an allow (R37)."""

from __future__ import annotations

__all__ = ["consented"]
