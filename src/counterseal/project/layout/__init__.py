"""What a clone holds that matters to a gate: what builds it, what runs on its tags, how these are named.

It reads through the port `Clone` and decides nothing; file names, workflows and tags of a clone are foreign text.
"""

from __future__ import annotations

from counterseal.project.layout.builds import BUILDS, Build
from counterseal.project.layout.reading import Layout, Package, read
from counterseal.project.layout.tags import BARE_PATTERN, DEFAULT_PATTERN, next_tag, pattern_of
from counterseal.project.layout.workflows import Workflow, parse

__all__ = [
    "BARE_PATTERN",
    "BUILDS",
    "DEFAULT_PATTERN",
    "Build",
    "Layout",
    "Package",
    "Workflow",
    "next_tag",
    "parse",
    "pattern_of",
    "read",
]
