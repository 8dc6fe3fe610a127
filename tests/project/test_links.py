"""Links in our own pages lead somewhere: the file is there, and so is the heading."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from tests.project.source_tree import ROOT, relative, tracked

from counterseal import __version__
from counterseal.evaluation.rules import RULES
from counterseal.identifiers import page

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


def test_headings_that_comments_name_are_there() -> None:
    named = re.compile(r"\b(docs/[\w/-]+\.md)#([\w-]+)")
    found = {each for path in tracked("src/counterseal/*.py") for each in named.findall(path.read_text())}
    assert ("docs/formats.md", "decision") in found
    assert [f"{name}#{anchor}" for name, anchor in found if anchor not in anchors(ROOT / name)] == []


def test_pages_that_messages_name_are_there_and_can_be_opened_by_those_who_have_no_checkout() -> None:
    bare, named = [], set()
    for path in tracked("src/counterseal/*.py"):
        tree = ast.parse(path.read_text())
        own = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "page":
                named.add(re.sub(r"^f?['\"]|['\"]$", "", ast.unparse(node.args[0])))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in own:
                bare += [f"{relative(path)}: {node.value}"] if re.search(r"(?<![/.])\bdocs/", node.value) else []
    # the demo runs in a checkout, and the script is run from there; code owners may stand there in any repository
    assert [each for each in bare if not each.endswith("docs/CODEOWNERS")] == [
        "src/counterseal/render/reports/demo.py:  bash docs/verify-without-us/verify-with-cosign.sh "
    ]
    assert {"how-to-gitlab.md#3-settings", "rules.md#{finding.rule}", "policy-reference.md"} <= named
    named |= {f"rules.md#{rule}" for rule in RULES}
    for file, _, anchor in (name.partition("#") for name in named - {"rules.md#{finding.rule}"}):
        assert not anchor or anchor in anchors(ROOT / "docs" / file), f"{file}#{anchor}"
        assert (ROOT / "docs" / file).is_file()
    assert page("rules.md").startswith(f"https://github.com/counterseal/counterseal/blob/v{__version__}/docs/")
