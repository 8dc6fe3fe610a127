"""What `make mutants` changes: everything that judges, and no word."""

from __future__ import annotations

import ast

import pytest
from tools import mutations

CASES = {
    "a == b": {"a != b"},
    "a < b": {"a >= b", "a <= b"},
    "a and b or c": {"(a and b) and c", "a and b", "c", "(a or b) or c", "b or c", "a or c"},
    "not a": {"a"},
    "[x for x in y if z]": {"[x for x in y]"},
    "f(1, True)": {"f(2, True)", "f(1, False)"},
    "any(a)": {"all(a)"},
    "(*f(), *g())": {"(*g(),)", "(*f(),)"},
    "Outcome.ALLOW": {"Outcome.DENY"},
    "g(x) if f(x) else x": {"g(x) if not f(x) else x"},
    "f'{a == b} {3}'": set(),
    "f('word')": set(),
}


def made(text: str) -> set[str]:
    return {ast.unparse(tree) for _, _, tree in mutations.mutants(ast.parse(text))}


@pytest.mark.parametrize("text", CASES)
def test_what_an_expression_becomes(text: str) -> None:
    start = f"def f():\n    return {text}"
    assert made(start) == {f"def f():\n    return {each}" for each in CASES[text]}


def test_a_check_that_is_not_made() -> None:
    start = "def f():\n    yield 'problem'\n    yield from g()\n    h()\n    return"
    assert len(made(start)) == 4
    assert all("pass" in each for each in made(start))


def test_what_is_not_judged_is_left_alone() -> None:
    assert made("if TYPE_CHECKING:\n    x = 1 == 2\ny: int = 3\nclass A:\n    z = 4\nraise E(5 == 6)") == set()
