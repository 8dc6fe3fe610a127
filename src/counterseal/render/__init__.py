"""Results as text, JSON and Markdown. Nothing is decided here."""

from __future__ import annotations

__all__ = ["consumer", "escape", "findings", "markdown", "text"]
