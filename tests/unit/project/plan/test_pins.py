"""Every pin of counterseal moves, and nothing else of a file does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.project.plan import move

OLD, OTHER, NEW = "a" * 40, "b" * 40, "c" * 40
GATE = "counterseal/counterseal/.github/workflows/gate.yml"


def moved(text: str) -> tuple[str, tuple[str, ...]]:
    found = move("x.yml", text, NEW)
    return (found.content, found.before) if found else (text, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"    uses: {GATE}@{OLD}\n", f"    uses: {GATE}@{NEW}\n"),
        (f"      - uses: '{GATE}@{OLD}'\n", f"      - uses: '{GATE}@{NEW}'\n"),
        (f"      - uses: {GATE}@{OLD} # v1.2.0\r\n", f"      - uses: {GATE}@{NEW}\r\n"),
        (f"      - uses: {GATE}@{OLD} # our gate\n", f"      - uses: {GATE}@{NEW} # our gate\n"),
        (
            f"  - project: counterseal/counterseal\n    ref: {OLD}\n    inputs: {{revision: {OLD}, subjects: x}}\n",
            f"  - project: counterseal/counterseal\n    ref: {NEW}\n    inputs: {{revision: {NEW}, subjects: x}}\n",
        ),
        (
            f"  - ref: {OLD}\n    project: 'counterseal/counterseal'\n    inputs:\n      revision: {OLD}\n",
            f"  - ref: {NEW}\n    project: 'counterseal/counterseal'\n    inputs:\n      revision: {NEW}\n",
        ),
        (
            f"include:\n  project: counterseal/counterseal\n  ref: {OLD}\n",
            f"include:\n  project: counterseal/counterseal\n  ref: {NEW}\n",
        ),
    ],
    ids=["workflow", "quoted", "version", "comment", "include", "ref first", "one include"],
)
def test_a_pin_moves(before: str, after: str) -> None:
    assert moved(before) == (after, (OLD,))


@pytest.mark.parametrize(
    "text",
    [
        f"      - uses: actions/checkout@{OLD}\n",
        f"      - uses: evil/counterseal/counterseal/x@{OLD}\n",
        f"      - uses: counterseal/counterseal-fork/actions/sbom@{OLD}\n",
        "      - uses: counterseal/counterseal/actions/sbom@main\n",
        f"      - uses: counterseal/counterseal/actions/sbom@{OLD}0\n",
        f"      - run: echo counterseal/counterseal/x@{OLD}\n",
        f"  - project: other/project\n    ref: {OLD}\n    inputs: {{revision: {OLD}}}\n",
        f"revision: {OLD}\n",
    ],
    ids=["others", "prefix", "fork", "branch", "longer", "script", "project", "bare"],
)
def test_what_is_no_pin_of_ours_stays(text: str) -> None:
    assert move("x.yml", text, NEW) is None


def test_an_include_ends_where_the_next_begins() -> None:
    text = (
        f"include:\n  - project: other/one\n    ref: {OTHER}\n"
        f"  - project: counterseal/counterseal\n    # ours\n\n    ref: {OLD}\n"
        f"  - project: other/two\n    ref: {OTHER}\njob:\n  variables:\n    ref: {OTHER}\n"
    )
    content, before = moved(text)
    assert before == (OLD,)
    assert content == text.replace(OLD, NEW)


def test_several_pins_are_named_once_each() -> None:
    text = "".join(f"  - uses: counterseal/counterseal/actions/{n}@{pin}\n" for n, pin in enumerate((OLD, OTHER, OLD)))
    assert moved(text)[1] == (OLD, OTHER)


@given(st.lists(st.sampled_from(["\n", "a: b\n", f"- uses: {GATE}@{OLD}\n", "\t", "é\r\n", f"  ref: {OLD}\n", "- "])))
def test_lines_without_a_pin_are_as_they_were(parts: list[str]) -> None:
    text = "".join(parts)
    assert moved(text)[0].replace(NEW, OLD) == text
