"""Links in our own pages lead somewhere: the file is there, and so is the heading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.project.source_tree import ROOT, relative, tracked

if TYPE_CHECKING:
    from pathlib import Path

PAGES = tracked("*.md")
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
OUTSIDE = re.compile(r"[a-z]+:")


def prose(path: Path) -> str:
    """Return a page without its code, where brackets mean something else."""
    text = re.sub(r"^(```|~~~).*?^\1", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^(```|~~~).*?^\1", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        if OUTSIDE.match(link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if (
            not target.exists()
            or not target.is_relative_to(ROOT)
            or (anchor and target.suffix == ".md" and anchor not in anchors(target))
        ):
            broken.append(link)
    assert broken == []


def test_headings_that_messages_and_comments_name_are_there() -> None:
    named = re.compile(r"\b(docs/[\w/-]+\.md)#([\w-]+)")
    found = {each for path in tracked("src/counterseal/*.py") for each in named.findall(path.read_text())}
    assert ("docs/how-to-gitlab.md", "3-settings") in found
    assert [f"{name}#{anchor}" for name, anchor in found if anchor not in anchors(ROOT / name)] == []
