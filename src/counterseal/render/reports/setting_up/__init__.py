"""Reports of the verbs by which a repository is set up."""

from __future__ import annotations

__all__ = ["doctor", "init", "pin"]
