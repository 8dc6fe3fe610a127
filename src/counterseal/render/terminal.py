"""Results on a terminal: the same lines with colour, tables as wide as it is, and progress of long work.

This is the only module that uses rich, and it is imported for terminals only. rich gets `Text` and never markup; what
acts on a terminal is made visible before.
"""

from __future__ import annotations

import io
import re
import threading
from typing import TYPE_CHECKING, Final, Self, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Column, Table
from rich.text import Text

from counterseal.render import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.render.report import Report

#: How the start of a line is shown; the first that fits.
STYLES: Final = tuple(
    (re.compile(pattern), style)
    for pattern, style in (
        (r" *(allow|verified|published|policy is usable)\b(?=:)", "bold green"),
        (r" *(deny|error|not verified|not published|withdrawn)(?=:)", "bold red"),
        (r" *(warning|Preview)\b", "bold yellow"),
        (r" *SANDBOX\b.*", "bold yellow"),
        (r" *(fix|next|Next)(?=:)", "bold cyan"),
        (r" *(why|page|ledger|rules|verify|without us)(?=:)", "dim"),
        (r" *✓", "green"),
        (r" *✗(?= )", "red"),
        (r" *!(?= )", "yellow"),
        (r" *[–?](?= )", "dim"),
    )
)
CELLS: Final = {"allow": "green", "deny": "red", "allow (withdrawn)": "yellow"}
#: Seconds before work says anything: what is done by then needs no bar.
PATIENCE: Final = 1.0


def lines(body: str) -> str:
    """Return lines of text with colour."""
    return _rendered([_line(row) for row in _visible(body).split("\n")], None)


def report(shown: Report, width: int | None) -> str:
    """Return a report with colour and its table laid out anew.

    Args:
        shown: The report; its text begins with the rows of its table.
        width: Columns of the terminal; None for as many as are needed.
    """
    if not shown.table:
        return lines(shown.text)
    rest = shown.text.split("\n")[len(shown.table) :]
    return "\n".join((_table(shown.table, width), lines("\n".join(rest))))


def _table(rows: Sequence[Sequence[str]], width: int | None) -> str:
    shown = [[_visible(cell) for cell in row] for row in rows]
    gap = 1 if width else 2
    columns = list(zip(*shown, strict=True))
    widths = _widths(columns, width - gap * (len(columns) - 1)) if width else [None] * len(columns)
    laid = Table(
        *(Column(cells[0], overflow="fold", width=wide) for cells, wide in zip(columns, widths, strict=True)),
        box=None,
        pad_edge=False,
        padding=(0, gap, 0, 0),
    )
    for row in shown[1:]:
        laid.add_row(*(Text(cell, CELLS.get(cell, "")) for cell in row))
    return _rendered([laid], width)


def _widths(columns: Sequence[Sequence[str]], room: int) -> Sequence[int | None]:
    """Return how wide each column is, so that words are not broken if there is room; rich breaks them as it comes.

    None where there is no room for that: then rich has its way.
    """
    wanted = [max(map(cell_len, cells)) for cells in columns]
    widths = [max(cell_len(word) for cell in cells for word in ("", *cell.split())) for cells in columns]
    if sum(widths) > room:
        return [None] * len(columns)
    for _ in range(min(room, sum(wanted)) - sum(widths)):
        shortest = max(range(len(widths)), key=lambda number: wanted[number] - widths[number])
        widths[shortest] += 1
    return widths


def _line(row: str) -> Text:
    shown = Text(row)
    for pattern, style in STYLES:
        if match := pattern.match(row):
            shown.stylize(style, match.start() + len(match[0]) - len(match[0].lstrip()), match.end())
            break
    return shown


def _visible(body: str) -> str:
    """Return text in which nothing acts on a terminal; it may have the names of outsiders' files in it."""
    return escape.job_log(body)


def _rendered(parts: Sequence[Text | Table], width: int | None) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream,
        force_terminal=True,
        color_system="standard",
        width=width or 10_000,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},  # what the environment says of colour was read in wiring/
    )
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))
    return stream.getvalue().removesuffix("\n")


class Progress:
    """How far long work is, on the last line of a terminal; nothing before it has taken a second, and nothing after it.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        console = Console(
            file=stream, force_terminal=True, color_system="standard", markup=False, emoji=False, _environ={}
        )
        what = TextColumn("{task.description}", markup=False)
        self._plain = (SpinnerColumn(), what)
        self._counted = (*self._plain, BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Bars(*self._plain, console=console, transient=True)
        self._task = self._bars.add_task("working", total=None)
        self._timer = threading.Timer(PATIENCE, self._bars.start)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self._bars.stop()

    def tell(self, what: str, done: int = 0, of: int | None = None) -> None:
        """Show what is being done, and how much of it is done."""
        self._bars.columns = self._plain if of is None else self._counted
        self._bars.update(self._task, description=escape.plain(what, 60), completed=done, total=of)
