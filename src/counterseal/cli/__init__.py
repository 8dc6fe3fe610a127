"""The command line: command table, one file a verb, how words become options, what is shown where, exit codes."""

from __future__ import annotations

__all__ = ["main"]
