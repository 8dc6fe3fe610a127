"""What a terminal shows: the words of the plain text, coloured at the start of a line; tables as wide as it is."""

from __future__ import annotations

import re

import pytest
from tests.unit import frozen
from tests.unit.render.test_golden import HOSTILE, RESULTS, told

from counterseal.commands.log import LogResult
from counterseal.render import Report, terminal
from counterseal.render.reports import log

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def bare(shown: str) -> str:
    return COLOUR.sub("", shown)


@pytest.mark.parametrize("name", [name for name in RESULTS if name.endswith(".txt")])
def test_colour_changes_no_word(name: str) -> None:
    """However long a line is: a terminal breaks it itself, and what is copied from there is whole."""
    assert bare(terminal.lines(RESULTS[name]())) == RESULTS[name]()


def test_colours() -> None:
    shown = terminal.lines("deny: app\n  rule: x\n    fix: y\n  ✓ well\n  ✗ bad\n  SANDBOX: z\nwarning: w")
    assert shown.split("\n") == [
        "\x1b[1;31mdeny\x1b[0m: app",
        "  rule: x",
        "    \x1b[1;36mfix\x1b[0m: y",
        "  \x1b[32m✓\x1b[0m well",
        "  \x1b[31m✗\x1b[0m bad",
        "  \x1b[1;33mSANDBOX: z\x1b[0m",
        "\x1b[1;33mwarning\x1b[0m: w",
    ]


def test_nothing_from_outside_acts() -> None:
    shown = bare(terminal.lines(f"deny: {HOSTILE}\r[red]x[/red] :smile:\a\x9b31m"))
    assert "[red]x[/red] :smile:" in shown
    assert not set(shown) & set("\x1b\r\a\x9b\u202e")


def _log() -> Report:
    decisions = (told(frozen.ALLOW, 1), told(frozen.ALLOW, 3, withdrawn=True), told(frozen.DENY, 4))
    return log.listed(LogResult("github.com/777/1", 5, "12" * 20, decisions, False))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_a_table_is_as_wide_as_the_terminal_and_loses_nothing(width: int) -> None:
    report = _log()
    rows = report.text.split("\n")
    *table, last = bare(terminal.report(report, width)).split("\n")
    assert last == rows[-1]
    assert len(table) > len(rows) - 1
    assert max(map(len, table)) <= width
    letters = sorted("".join(rows[:-1]))
    assert sorted("".join(table).replace(" ", "")) == [letter for letter in letters if letter != " "]


def test_a_table_breaks_no_word_if_there_is_room() -> None:
    report = _log()
    *table, _ = bare(terminal.report(report, 120)).split("\n")
    assert {word for row in report.table for cell in row for word in cell.split()} <= set(" ".join(table).split())


def test_a_table_with_room_is_the_plain_one() -> None:
    rows = _log().text.split("\n")
    wide = bare(terminal.report(_log(), None)).split("\n")
    assert [row.split() for row in wide] == [row.split() for row in rows]


def test_outcomes_in_a_table_have_their_colour() -> None:
    shown = terminal.report(_log(), 300)
    assert re.findall(r"\x1b\[(\d+)m((?:allow|deny)[^\x1b]*?) *\x1b", shown) == [
        ("32", "allow"),
        ("33", "allow (withdrawn)"),
        ("31", "deny"),
    ]


def test_a_cell_is_no_markup() -> None:
    report = Report("a\n[red]x[/red]\x1b[1m\nend", {}, table=(("a",), ("[red]x[/red]\x1b[1m",)))
    shown = bare(terminal.report(report, 80))
    assert "[red]x[/red]" in shown
    assert "\x1b" not in shown
