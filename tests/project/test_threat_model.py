"""No number in the code points outside of the repository: docs/threat-model.md has them all, and names what exists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.project.source_tree import ROOT, relative, tracked
from tools import threat_model

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = (ROOT / "docs" / "threat-model.md").read_text()
IN_FORCE, _, REST = PAGE.partition("\n## Not in force yet\n")
LATER = REST.partition("\n## ")[0]


def rows(text: str) -> set[str]:
    return set(re.findall(r"^\| (R\d\d) \|", text, re.MULTILINE))


def named(patterns: Iterable[str]) -> dict[str, list[str]]:
    return {number: files for number, files in threat_model.named_in(patterns).items() if number not in rows(IN_FORCE)}


def test_every_number_in_the_code_is_in_force() -> None:
    # A requirement that begins to hold moves its row from "not in force yet", or gets one.
    assert named(threat_model.CODE) == {}


def test_every_number_elsewhere_is_a_row() -> None:
    pages = [path for path in tracked("*.md", "tests/*.py", "tools/*", "bench/*") if path.name != "threat-model.md"]
    unknown = {
        (relative(path), number)
        for path in pages
        for number in threat_model.NUMBER.findall(path.read_text())
        if number not in rows(IN_FORCE) | rows(LATER)
    }
    assert unknown == set()


def test_a_row_is_in_force_or_not() -> None:
    assert rows(IN_FORCE) & rows(LATER) == set()


def test_the_page_is_up_to_date() -> None:
    assert threat_model.render(PAGE) == PAGE, "fix: make docs"


def test_the_page_names_tests_that_exist() -> None:
    functions = {each.name for each in threat_model.tests()}
    names = set(re.findall(r"\btest_\w+\b(?![*.])", PAGE))
    files = set(re.findall(r"\btests/[\w/]+\.py", PAGE))
    assert len(names) > 80
    assert names - functions == set()
    assert {name for name in files if not (ROOT / name).is_file()} == set()


def test_every_requirement_in_force_has_code_and_a_test() -> None:
    bare = [
        row
        for row in re.findall(r"^\| R\d\d \|.*$", IN_FORCE, re.MULTILINE)
        if row.endswith("| – |") or row.count(" | – | ")
    ]
    assert [row[2:5] for row in bare] == ["R23"], "what is never read is named by no code"
