"""The page by which a project is set up leads all the way: its files, its policy, and its first promotion (P1)."""

from __future__ import annotations

import re

from tests.project.source_tree import ROOT


def test_whoever_reads_to_the_end_knows_what_to_do_next() -> None:
    page = (ROOT / "docs" / "how-to-github.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.*)$", page, re.MULTILINE)
    policy, first = (
        next(number for number, title in enumerate(sections) if word in title) for word in ("policy", "first promotion")
    )
    assert policy < first
    told = page[page.index(f"## {sections[first]}") :]
    steps = [told.index(word) for word in ("git tag", "counterseal request --stage", "approves it", "merge it")]
    assert steps == sorted(steps)
