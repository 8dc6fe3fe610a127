"""Bytes ⇄ model, strict, with the path of what is wrong. One format a file; JSON Schemas of ours beside them.

It reads and writes no file, and knows nothing of what a value means for a promotion.
"""

from __future__ import annotations

__all__ = [
    "bundle",
    "checksums",
    "digests",
    "event_request",
    "inputs",
    "junit",
    "manifest",
    "names",
    "pin",
    "provenance",
    "rebuilding",
    "statement",
    "subject",
    "visible",
    "wire",
    "yaml",
]
