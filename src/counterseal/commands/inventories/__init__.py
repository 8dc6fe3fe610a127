"""What reads SBOMs: how two differ, what one lacks, in which releases a component is."""

from __future__ import annotations

__all__ = ["comparing", "finding", "reading", "scoring"]
