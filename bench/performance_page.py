"""Writes docs/performance.md from docs/performance.json; judges what was measured by the goals, and measures nothing.

python -m bench.performance_page
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.results import PAGES, Measured, Results, Times, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE: Final = PAGES / "performance.md"

_HEAD: Final = """\
# Performance

What grows with a ledger, and what does not. `make bench WRITE=1` measures it and writes this page; `make bench
SIZES=10,1000` takes some two minutes and writes nothing.

The ledgers are of real signed entries, whose lines have some 16 kB as those of real decisions have, beside a branch of
10,000 commits with 50 policies and all the requests that were decided. "After the audit" is how many entries lie after
the newest audit, where a gate begins to read: none at best, and 64 at most. Works that stand in one row were done in
turns: compare these with each other, and less so rows of different days. Times are minimum / median of some rounds
after one that does not count, five if half a minute was enough for them. Memory is the peak of the largest process.
"""
_TAIL: Final = """\
Not measured: the time that a real forge takes to answer, and the way to it, since remotes and forge are on this
machine.
"""


@dataclass(frozen=True)
class Goal:
    """What a work may take at a size: whether it does, what that is in words, and in the same words what it took."""

    met: bool
    words: str
    reached: str


@dataclass(frozen=True)
class Work:
    """A work that is measured at several sizes.

    Attributes:
        title: Its heading.
        about: What it is.
        beside: The name of what is beside it.
        goal: What it may take; None where there is no goal at a size.
        why: Why it takes more, while it does.
        unit: What is counted.
    """

    title: str
    about: str
    beside: str
    goal: Callable[[Measured], Goal | None]
    why: str
    unit: str = "entries"


def ratio(measured: Measured) -> float:
    """Return how many times the median of what is beside it a work takes."""
    assert measured.ours is not None
    assert measured.beside is not None
    return measured.ours.median / measured.beside.median


def _more(measured: Measured) -> float:
    """Return how many seconds more the median is than that of what is beside it."""
    assert measured.ours is not None
    assert measured.beside is not None
    return measured.ours.median - measured.beside.median


def _times_goal(measured: Measured, most: float) -> Goal:
    return Goal(ratio(measured) <= most, f"≤ {most} ×", f"{ratio(measured):.2f} ×")


def _append(measured: Measured) -> Goal | None:
    most = 4 if measured.size == 10 else 3 if measured.size >= 10_000 else None
    return None if most is None else _times_goal(measured, most)


def _gate(measured: Measured) -> Goal | None:
    return _times_goal(measured, 1.5) if measured.beside else None


def _bytes(measured: Measured) -> Goal | None:
    if measured.size != 10_000 or measured.ours is None:
        return None
    fetched = measured.ours.fetched or 0
    return Goal(fetched <= 1_000_000, "≤ 1 MB", _size(fetched))


def _signed(times: Times | None) -> str:
    return f"{_signatures(times)} signatures, {_time(times.median)}" if times else ""


def _signatures(times: Times | None) -> int:
    return (times.signatures or 0) if times else 0


def _log(measured: Measured) -> Goal | None:
    if measured.size < 10_000 or measured.ours is None:
        return None
    speed = measured.size / measured.ours.median
    return Goal(speed >= 1_000, "≥ 1,000 a second on two cores", f"{speed:,.0f}")


def _log_again(measured: Measured) -> Goal | None:
    if measured.size != 10_000 or measured.ours is None:
        return None
    return Goal(measured.ours.median <= 1, "≤ 1 s", _time(measured.ours.median))


_STEPS: Final = "the tree is brought level by level, and each step is a fetch that starts git anew on both sides"
WORKS: Final = {
    "append": Work(
        "An append",
        "From an empty folder to the confirmed push of a decision with its evidence, with nothing signed or verified, "
        "beside a `git notes append` of a line in a warm clone, with its fetch and its push.",
        "`git notes append`",
        _append,
        _STEPS,
    ),
    "append, bytes": Work(
        "Bytes that come for an append",
        "What the remote answers by http for one append from an empty folder, and for that of git.",
        "`git notes append`",
        _bytes,
        "the lines after the newest audit come, and the notes that they and the new entry touch",
    ),
    "gate": Work(
        "A gate that finds nothing to do",
        "A whole run, which verifies what it believes, beside one at a ledger of ten entries that ends with an audit.",
        "at 10 entries",
        _gate,
        "the lines after the newest audit are verified, and the requests that came since then are looked up; that it "
        "grows with the branch of 10,000 decided requests was measured and is not explained yet",
    ),
    "log": Work(
        "`log verify`, the first time",
        "Every line of a ledger in a clone, verified.",
        "",
        _log,
        "signatures are most of it: sigstore-python takes some 1.3 ms of a core for one bundle with its timestamp, "
        "reading and placing the entry as much again",
    ),
    "log again": Work(
        "`log verify`, again",
        "The same on the same machine, which remembers how far that was.",
        "",
        _log_again,
        "what came since is verified like the rest",
    ),
    "writers": Work(
        "Many writers at once",
        "One append each over http, 0.3 s of it for signing, as the shipped workflows run them: seven of eight "
        "are gates, of which the concurrency group lets one write at a time, the others hold or revoke and wait for "
        "nobody. Beside them as many without a group. All entries are recorded, each once, and the ledger is whole.",
        "without a group",
        lambda each: Goal(_signatures(each.ours) <= 1.5 * each.size, "≤ 1.5 an entry", f"{_signatures(each.ours)}"),
        "whoever is overtaken signs again",
        unit="writers",
    ),
    "verify": Work(
        "`verify`, one file",
        "A file of a release, beside a Python that only imports `sigstore.verify`.",
        "the import",
        lambda each: Goal(_more(each) <= 0.08, "≤ that + 80 ms", f"that + {_time(_more(each))}"),
        "it imports more than it needs",
        unit="files",
    ),
    "verify, many": Work(
        "`verify`, many files and one proof",
        "One call, beside one of the files.",
        "one file",
        lambda each: _times_goal(each, 3),
        "each file is verified for itself",
        unit="files",
    ),
    "verify, proofs": Work(
        "`verify`, many files, each with a proof beside it",
        "The same, but that there are as many proofs to read as files.",
        "one file",
        lambda _: None,
        "",
        unit="files",
    ),
}


def write(results: Results | None = None) -> None:
    """Write the page."""
    PAGE.write_text(page(results or read()), encoding="utf-8")


def page(results: Results) -> str:
    """Return the whole page."""
    machine = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    parts = [_HEAD, f"Measured on {results.date}: {machine}.\n"]
    for name, work in WORKS.items():
        measured = [each for each in results.measured if each.work == name]
        if measured:
            parts.append("\n".join([f"## {work.title}\n", f"{work.about}\n", *_table(work, measured), ""]))
    if any(WORKS[each.work].unit == "entries" for each in results.measured):
        parts.append("\n".join(["## Growth\n", *_growth(results), ""]))
    parts.append("\n".join(["## What remains\n", *_remaining(results), ""]))
    return "\n".join([*parts, _TAIL])


def row(measured: Measured) -> str:
    """Return one measurement as text."""
    return " | ".join([f"{measured.work:<14}", *_cells(WORKS[measured.work], measured)])


def _table(work: Work, measured: Sequence[Measured]) -> Iterator[str]:
    columns = [work.unit, "after the audit", "counterseal", work.beside or "a second", "ratio", "memory", "goal"]
    rows = [_cells(work, each) for each in measured]
    kept = [place for place in range(len(columns)) if place in (0, 2) or any(cells[place] for cells in rows)]
    yield f"| {' | '.join(columns[place] for place in kept)} |"
    yield f"|{'---|' * len(kept)}"
    yield from (f"| {' | '.join(cells[place] for place in kept)} |" for cells in rows)


def _cells(work: Work, measured: Measured) -> list[str]:
    """Return what stands in the columns of a row."""
    first = [f"{measured.size:,}", "" if measured.after is None else f"{measured.after}"]
    ours, beside = measured.ours, measured.beside
    if ours is None:
        return [*first, f"none: {measured.problem}", "", "", "", ""]
    goal = work.goal(measured)
    if ours.signatures is not None:
        shown, second = (
            f"{_signatures(times)} signatures, {_time(times.median)}" if times else "" for times in (ours, beside)
        )
        compared = f"{ours.signatures / measured.size:.2f} an entry"
    elif ours.fetched is not None:
        second, compared = (_size(beside.fetched) if beside and beside.fetched is not None else ""), ""
        shown = _size(ours.fetched)
    else:
        shown = _span(ours)
        second = _span(beside) if beside else f"{measured.size / ours.median:,.0f}" if not work.beside else ""
        compared = f"{ratio(measured):.1f} ×" if beside else ""
    memory = f"{ours.mebibytes:.0f} MiB" if ours.mebibytes else ""
    return [*first, shown, second, compared, memory, _verdict(goal)]


def _verdict(goal: Goal | None) -> str:
    return "" if goal is None else f"{goal.words}: {'met' if goal.met else 'missed'}"


def _span(times: Times) -> str:
    return f"{_time(times.least)} / {_time(times.median)}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def _size(count: int) -> str:
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def _growth(results: Results) -> Iterator[str]:
    """Yield how medians grow (of bytes: the number), as multiples of those at the smallest size."""
    sizes = sorted({each.size for each in results.measured if WORKS[each.work].unit == "entries"})
    yield "Medians (of bytes: the number) as multiples of those at the smallest size.\n"
    yield f"| | {' | '.join(f'{size:,}' for size in sizes)} |"
    yield f"|---|{'---|' * len(sizes)}"
    for name, work in WORKS.items():
        same = [each for each in results.measured if each.work == name and not each.after]
        known = {each.size: each.ours for each in same if each.ours}
        if work.unit == "entries" and known:
            start = _amount(known[min(known)])
            cells = [f"{_amount(known[size]) / start:,.1f}" if size in known else "–" for size in sizes]
            yield f"| {work.title} | {' | '.join(cells)} |"


def _amount(times: Times) -> float:
    return times.median if times.fetched is None else times.fetched


def _remaining(results: Results) -> Iterator[str]:
    """Yield what misses its goal, or could not be measured, and why."""
    missed = {each: said for each in results.measured if (said := _missed(each))}
    for each, said in missed.items():
        work = WORKS[each.work]
        after = f", {each.after} of them after the audit" if each.after else ""
        where = f", {each.size:,} entries{after}" if work.unit == "entries" else ""
        yield f"- {work.title}{where}: {said}. {work.why[:1].upper()}{work.why[1:]}."
    if not missed:
        yield "Every goal is met."


def _missed(measured: Measured) -> str:
    if measured.ours is None:
        return measured.problem
    goal = WORKS[measured.work].goal(measured)
    return "" if goal is None or goal.met else f"the goal is {goal.words}, it is {goal.reached}"


if __name__ == "__main__":
    write()
