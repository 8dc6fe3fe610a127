"""Results of the verbs that read SBOMs."""

from __future__ import annotations

__all__ = ["difference", "finding", "score"]
