"""The README stays what a stranger reads in two minutes: short, in narrow lines, with the words that decide first."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES, WIDTH = 120, 120


def lines() -> list[str]:
    """Return the lines of the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def typed() -> list[str]:
    """Return the lines that somebody wrote: outside of tables and of generated blocks."""
    kept, generated = [], False
    for line in lines():
        generated = generated or line.startswith("<!-- generated")
        if not generated and not line.startswith("|"):
            kept.append(line)
        generated = generated and not line.startswith("<!-- end")
    return kept


def test_it_is_short() -> None:
    assert len(lines()) <= LINES


def test_no_line_has_to_be_scrolled_for() -> None:
    assert [line for line in typed() if len(line) > WIDTH] == []


def test_its_order_is_that_of_a_first_visit() -> None:
    heads = [line.removeprefix("## ") for line in typed() if line.startswith("## ")]
    wanted = ["Twelve lines of YAML", "What *no* looks like, and *yes*", "Verify a release", "See it", "Where to go"]
    assert heads[: len(wanted)] == wanted
