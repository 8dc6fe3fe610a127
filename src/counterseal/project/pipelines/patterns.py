"""Patterns of refs in workflow files, held against those of a policy: as GitHub reads the first, as we read the second.

Source: docs.github.com, "Workflow syntax", filter pattern cheat sheet.
"""

from __future__ import annotations

import re
from typing import Final

from counterseal import forges

_TAGS: Final = "refs/tags/"


def is_of_tags(pattern: str) -> bool:
    """Return whether a pattern lets pushes of tags start a workflow; one with `!` takes them away."""
    return pattern.startswith(_TAGS) and not pattern.startswith(f"{_TAGS}!")


def meet(started: str, accepted: str) -> bool:
    """Return whether there is a ref that fits a pattern of GitHub's and one of a policy's, as far as samples tell."""
    theirs = re.compile(_as_expression(started))
    if any(theirs.fullmatch(sample) for sample in forges.samples(accepted)):
        return True
    plain = re.sub(r"\[([^\]])[^\]*\][+?]?", r"\1", started).replace("**", "*")
    return any(forges.ref_matches(accepted, sample) for sample in forges.samples(plain))


def _as_expression(pattern: str) -> str:
    """Return a filter pattern as an expression."""
    parts = re.findall(r"\*\*|\*|\[[^\]]*\]|[+?]|.", pattern, re.DOTALL)
    known = {"**": ".*", "*": "[^/]*"}
    return "".join(
        known.get(part, part if part in ("+", "?") or re.fullmatch(r"\[[\w-]+\]", part) else re.escape(part))
        for part in parts
    )
