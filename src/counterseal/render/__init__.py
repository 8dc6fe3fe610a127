"""Results as text, JSON and Markdown: one file a verb in `reports/`. Nothing is decided here, and nothing printed."""

from __future__ import annotations

from counterseal.render.report import Report

__all__ = [
    "Report",
    "change_request",
    "consumer",
    "escape",
    "failure",
    "findings",
    "inventories",
    "markdown",
    "reports",
    "terminal",
    "text",
    "verdict",
    "versions",
]
