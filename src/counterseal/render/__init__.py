"""Results as text, JSON and Markdown: one file a verb in `reports/`. Nothing is decided here, and nothing printed."""

from __future__ import annotations

from counterseal.render.report import Report

__all__ = [
    "Report",
    "change_request",
    "consumer",
    "escape",
    "event_request",
    "failure",
    "findings",
    "inventories",
    "markdown",
    "reports",
    "restrictions",
    "terminal",
    "text",
    "verdict",
    "versions",
    "withdrawals",
]
