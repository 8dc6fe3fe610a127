"""docs/performance.md is what docs/performance.json gives, and says of goals what is so."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from bench import measuring, performance_page, results
from bench.measuring import FailedError
from bench.results import Measured, Results, Times

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = {"processors": "2"}


def page(*measured: Measured) -> str:
    return performance_page.page(Results("2026-11-27", MACHINE, measured))


def remains(text: str) -> str:
    return text.partition("## What remains\n")[2]


def test_the_page_is_what_the_results_give() -> None:
    assert performance_page.PAGE.read_text() == performance_page.page(results.read()), "fix: make docs"


def test_results_survive_their_file(tmp_path: Path) -> None:
    measured = (
        Measured("append", 10, 64, Times((0.1, 0.25), 50.5), Times((0.05,))),
        Measured("append, bytes", 10, ours=Times((0.3,), fetched=181_065)),
        Measured("log", 100_000, problem="too large"),
    )
    there = results.here(measured)
    results.write(there, tmp_path / "file.json")
    assert results.read(tmp_path / "file.json") == there
    assert set(there.machine) >= {"processors", "Python", "git"}


def test_a_missed_goal_is_named_with_its_cause() -> None:
    text = page(Measured("append", 10_000, ours=Times((3.2, 3.1, 3.3)), beside=Times((1.0, 1.1, 0.9))))
    assert "| 10,000 | 3,100 ms / 3,200 ms | 900 ms / 1,000 ms | 3.2 × | ≤ 3 ×: missed |" in text
    assert "- An append, 10,000 entries: the goal is ≤ 3 ×, it is 3.20 ×. The tree is brought" in remains(text)


def test_how_far_the_newest_audit_is_has_a_column() -> None:
    rows = [Measured("gate", 1_000, after, Times((1.0 + after,)), Times((1.0,))) for after in (0, 64)]
    text = page(*rows)
    assert "| entries | after the audit |" in text
    assert "| 1,000 | 64 | 65.0 s / 65.0 s |" in text
    assert "- A gate that finds nothing to do, 1,000 entries, 64 of them after the audit: the goal is" in remains(text)
    assert "| A gate that finds nothing to do | 1.0 |" in text, "growth is told of ledgers that end with an audit"


def test_what_meets_its_goal_does_not_remain() -> None:
    text = page(Measured("append", 10_000, ours=Times((2.9,)), beside=Times((1.0,))))
    assert "≤ 3 ×: met" in text
    assert "Every goal is met." in remains(text)


def test_what_could_not_be_measured_remains() -> None:
    text = page(Measured("log", 100_000, problem="exit code 1: too large"))
    assert "| 100,000 | none: exit code 1: too large |" in text
    assert "100,000 entries: exit code 1: too large." in remains(text)


@pytest.mark.parametrize(
    ("measured", "met"),
    [
        (Measured("append", 10, ours=Times((4.0,)), beside=Times((1.0,))), True),
        (Measured("append", 10, ours=Times((4.1,)), beside=Times((1.0,))), False),
        (Measured("append", 100_000, ours=Times((3.1,)), beside=Times((1.0,))), False),
        (Measured("append", 1_000, ours=Times((9.0,)), beside=Times((1.0,))), None),
        (Measured("append, bytes", 10_000, ours=Times((1.0,), fetched=1_000_000)), True),
        (Measured("append, bytes", 10_000, ours=Times((1.0,), fetched=1_000_001)), False),
        (Measured("gate", 10, ours=Times((1.0,))), None),
        (Measured("gate", 100_000, ours=Times((1.6,)), beside=Times((1.0,))), False),
        (Measured("gate", 100, ours=Times((1.5,)), beside=Times((1.0,))), True),
        (Measured("log", 10_000, ours=Times((10.0,))), True),
        (Measured("log", 100_000, ours=Times((101.0,))), False),
        (Measured("log again", 10_000, ours=Times((1.1,))), False),
        (Measured("verify", 1, ours=Times((0.42,)), beside=Times((0.35,))), True),
        (Measured("verify", 1, ours=Times((0.44,)), beside=Times((0.35,))), False),
        (Measured("verify, many", 1_000, ours=Times((1.3,)), beside=Times((0.42,))), False),
    ],
)
def test_goals(measured: Measured, met: bool | None) -> None:
    goal = performance_page.WORKS[measured.work].goal(measured)
    assert (goal and goal.met) == met


def test_one_file_is_compared_by_what_it_takes_more() -> None:
    text = page(Measured("verify", 1, ours=Times((0.8,)), beside=Times((0.5,))))
    assert "- `verify`, one file: the goal is ≤ that + 80 ms, it is that + 300 ms. It imports" in remains(text)


def test_growth_is_told_in_multiples_of_the_smallest_size() -> None:
    rows = [
        Measured("append", size, ours=Times((seconds,)), beside=Times((1.0,))) for size, seconds in ((10, 2), (100, 5))
    ]
    bytes_of = [Measured("append, bytes", size, ours=Times((1.0,), fetched=size)) for size in (10, 100)]
    text = page(*rows, *bytes_of)
    assert "| An append | 1.0 | 2.5 |\n| Bytes that come for an append | 1.0 | 10.0 |" in text


def test_works_take_turns_and_a_first_round_does_not_count() -> None:
    said: list[str] = []

    def work(name: str) -> int:
        said.append(name)
        return len(said)

    assert measuring.in_turns(lambda: work("a"), lambda: work("b"), rounds=2) == [[3, 5], [4, 6]]
    assert said == ["a", "b"] * 3


def test_a_long_first_round_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ENOUGH", 0.0)
    assert measuring.in_turns(lambda: "once") == [["once"]]


def test_a_process_that_fails_is_no_measurement() -> None:
    program = "import sys; print('error: no ledger\\n  why: it is gone', file=sys.stderr); sys.exit(11)"
    with pytest.raises(FailedError, match=r"exit code 11: error: no ledger; why: it is gone"):
        measuring.whole([sys.executable, "-c", program], {})
    ended = measuring.whole([sys.executable, "-c", "b = bytearray(100 << 20); print('out')"], {})
    assert ended.mebibytes > 100
    assert ended.words == "out\n"
