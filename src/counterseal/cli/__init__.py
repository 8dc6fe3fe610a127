"""The command line: command table, parser, one file a verb, reports and exit codes."""

from __future__ import annotations

__all__ = ["main"]
