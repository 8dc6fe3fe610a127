"""Writes what docs/threat-model.md takes from the code: where requirements are named, and the scenarios of the tests.

A requirement is a row `| R14 | what holds |` that people write; its other cells are the modules, scripts and workflows
that name the number, and the tests. A scenario is a comment at the top of a test:

    # 27 | what happens | B | deny | R21        B: both forges, GH: GitHub, GL: GitLab
    # 27 | (relative) a variant of it           counts as a test of scenario 27
    # R21 | what the test is about              a test of that requirement

`--check` writes nothing and exits with 1 if the page would change.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tools import one_page

from counterseal.evaluation import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "threat-model.md"
NUMBER = re.compile(r"\bR\d\d\b")
CODE = ("src/*.py", "sandbox/src/*.py", "actions", "gitlab-templates", ".github")
ROW = re.compile(r"^\| (R\d\d) \| (.+?) \|.*$", re.MULTILINE)
SCENARIO = re.compile(r"^ *# (\d+) \| (.+)$")
ABOUT = re.compile(r"^ *# (R\d\d.*?) \| ")
FORGES = {"B": "both", "GH": "GitHub", "GL": "GitLab"}
#: Which rules have a finding's code; a code of many rules says nothing.
RULES_BY_CODE: dict[str, list[str]] = defaultdict(list)
for _rule in RULES.values():
    for _code in _rule.codes:
        RULES_BY_CODE[_code].append(_rule.name)


@dataclass(frozen=True)
class Test:
    """A test: where it is, what its comments say, and the codes that it asks for."""

    file: str
    name: str
    comments: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass
class Scenario:
    """A scenario and its tests; `cells` are what happens, forges, outcome and requirements."""

    number: int
    cells: list[str] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    files: set[str] = field(default_factory=set)


@cache
def tracked(*patterns: str) -> tuple[str, ...]:
    """Return the files that are or will be committed and match a pattern, sorted."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return tuple(sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file()))


@cache
def tests() -> tuple[Test, ...]:
    """Return every test function of the project."""
    functions = []
    for file in tracked("tests/*.py"):
        text = (ROOT / file).read_text()
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = [line for line in lines[node.lineno : node.end_lineno] if line.lstrip().startswith("#")]
                functions.append(Test(file, node.name, tuple(said), tuple(_codes(node))))
    return tuple(functions)


def _codes(test: ast.FunctionDef) -> Iterator[str]:
    """Yield the codes of findings that a test names, with their rule; if there are none, the exit code."""
    named = [node.value for node in ast.walk(test) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    codes = [code for code in dict.fromkeys(named) if code in RULES_BY_CODE]
    for code in codes:
        rules = RULES_BY_CODE[code]
        yield f"`{rules[0]}`: `{code}`" if len(rules) == 1 else f"`{code}`"
    ends = [keyword for node in ast.walk(test) if isinstance(node, ast.Call) for keyword in node.keywords]
    if not codes:
        for keyword in ends:
            if keyword.arg == "code" and isinstance(keyword.value, ast.Constant) and keyword.value.value:
                yield f"exit {keyword.value.value!r}"


def scenarios() -> list[Scenario]:
    """Return the scenarios in the order of their numbers."""
    by_number: dict[int, Scenario] = {}
    for test in tests():
        for match in filter(None, map(SCENARIO.match, test.comments)):
            scenario = by_number.setdefault(int(match[1]), Scenario(int(match[1])))
            scenario.tests.append(test)
            cells = [cell.strip() for cell in match[2].split(" | ")]
            if len(cells) == 4 and (not scenario.cells or ("..." in scenario.cells[0] and "..." not in cells[0])):
                scenario.cells = cells
    for file in tracked("tests/*.py"):
        for number in re.findall(r"\b[Ss]cenario (\d+)\b", _docstring(file)):
            by_number[int(number)].files.add(file)
    return [by_number[number] for number in sorted(by_number)]


def named_in(patterns: Iterable[str]) -> dict[str, list[str]]:
    """Return which files name each requirement; pages that were made from others say nothing of their own."""
    files: dict[str, list[str]] = defaultdict(list)
    for file in tracked(*patterns):
        if not file.endswith(".md"):
            for number in sorted(set(NUMBER.findall((ROOT / file).read_text()))):
                files[number].append(file)
    return files


def render(page: str) -> str:
    """Return the page with both tables made anew."""
    where, listed = named_in(CODE), scenarios()
    page = _block("requirements").sub(
        lambda block: ROW.sub(lambda row: _requirement(row, where, listed), block[0]), page
    )
    table = ["| no. | what happens | forges | outcome | requirement | code | tests |", "|---|---|---|---|---|---|---|"]
    table += map(_row, listed)
    return _block("scenarios").sub(lambda _: "\n".join(["<!-- scenarios -->", *table, "<!-- end -->"]), page)


def _block(name: str) -> re.Pattern[str]:
    """Return the pattern of a block of the page."""
    return re.compile(rf"<!-- {name} -->\n.*?<!-- end -->", re.DOTALL)


def _requirement(row: re.Match[str], where: dict[str, list[str]], listed: list[Scenario]) -> str:
    number, files = row[1], where[row[1]]
    stops = [
        str(scenario.number) for scenario in listed if scenario.cells and number in NUMBER.findall(scenario.cells[3])
    ]
    about = [test for test in tests() for said in filter(None, map(ABOUT.match, test.comments)) if number in said[1]]
    mirrored = dict.fromkeys(test for file in files for test in _unit_tests(file))
    docstrings = [file for file in tracked("tests/*.py") if number in (_docstring(file))]
    cells = [
        *([f"scenario{'s' * (len(stops) > 1)} {', '.join(stops)}"] if stops else []),
        *(f"{_link(test.file, test.name)}" for test in about),
        *(_link(file) for file in dict.fromkeys((*docstrings, *mirrored))),
    ]
    places = ", ".join(_link(file) for file in files)
    return f"| {number} | {row[2]} | {places or '–'} | {', '.join(cells) or '–'} |"


@cache
def _docstring(file: str) -> str:
    return ast.get_docstring(ast.parse((ROOT / file).read_text())) or ""


def _unit_tests(file: str) -> tuple[str, ...]:
    """Return the unit tests of a module, by their place."""
    path = Path(file)
    if path.parts[:2] != ("src", "counterseal"):
        return ()
    return tracked("/".join(("tests/unit", *path.parts[2:-1], f"test_{path.name}")))


def _row(scenario: Scenario) -> str:
    if not scenario.cells:
        raise SystemExit(
            f"scenario {scenario.number}: no test has `# {scenario.number} | what | forges | outcome | why`"
        )
    what, forges, outcome, why = scenario.cells
    codes = dict.fromkeys(code for test in scenario.tests for code in test.codes)
    links = [_link(test.file, test.name) for test in scenario.tests] + [_link(file) for file in sorted(scenario.files)]
    cells = (
        str(scenario.number),
        what,
        FORGES[forges],
        outcome,
        why,
        ", ".join(codes) or "–",
        ", ".join(dict.fromkeys(links)),
    )
    return f"| {' | '.join(cells)} |"


def _link(file: str, name: str = "") -> str:
    path = Path(file)
    shown = name or (path.name if path.name != "__init__.py" else f"{path.parent.name}/")
    return f"[`{shown}`](../{file})"


if __name__ == "__main__":
    sys.exit(one_page.main(PAGE, render))
