"""What `pack --check` found in each archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import ALLOWED, USAGE, worst
from counterseal.render import escape
from counterseal.render.escape import plain
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.archives import Flaw
    from counterseal.commands.archives import checking

SCHEMA: Final = "counterseal.pack-check/v1"
_MARKS: Final = {True: "✗", False: "?"}
_MOST: Final = 1000


def report(result: checking.CheckResult) -> Report:
    """Return what varies in which archive; 2 if something does for sure, 1 if one could not be read."""
    blocks = [(_head(each), list(_rows(each))) for each in result.archives]
    lines, markdown = [], []
    for head, rows in blocks:
        # what an outsider wrote never begins a line, where a runner could take it for a command
        lines += [plain(head, _MOST), *(f"  {line}" for row in rows for line in _indented(row))]
        items = (f"- {'<br>'.join(escape.markdown(line, _MOST) for line in row)}\n" for row in rows)
        markdown.append(f"**{escape.markdown(head, _MOST)}**\n\n{''.join(items)}")
    return Report(
        "\n".join(lines),
        {"schema": SCHEMA, "epoch": result.epoch, "archives": [_data(each) for each in result.archives]},
        exit_code=worst(_code(each) for each in result.archives),
        markdown="\n".join(markdown),
        errors=tuple(_errors(result)),
    )


def _code(checked: checking.CheckedArchive) -> int:
    if checked.problem is not None:
        return checked.problem.exit_code
    return USAGE if checked.certain else ALLOWED


def _head(checked: checking.CheckedArchive) -> str:
    path = str(checked.path)
    if checked.problem is not None:
        return f"pack --check: {path} could not be read"
    maker = f" by {checked.maker}" if checked.maker else ""
    inside = f", {plural(checked.members, 'member')}" if checked.members else ""
    found = f"{checked.certain} of {len(checked.flaws)} found vary for sure" if checked.flaws else "nothing found"
    if checked.flaws and not checked.certain:
        found = "nothing that varies for sure"
    return f"pack --check: {path} · {checked.kind}{maker}{inside} · {found}"


def _rows(checked: checking.CheckedArchive) -> Iterator[list[str]]:
    if (problem := checked.problem) is not None:
        yield [f"✗ {problem.what}", *_named(("why", problem.why), ("fix", problem.fix))]
    for flaw in checked.flaws:
        more = flaw.count - len(flaw.samples)
        at = ", ".join(flaw.samples) + (f" and {more} more" if more else "")
        yield [f"{_MARKS[flaw.certain]} {flaw.what}", *_named(("at", at), ("why", flaw.why), ("fix", flaw.fix))]


def _named(*named: tuple[str, str]) -> list[str]:
    return [f"{name}: {text}" for name, text in named if text]


def _indented(row: list[str]) -> Iterator[str]:
    head, *below = row
    yield plain(head, _MOST)
    yield from (f"    {plain(line, _MOST)}" for line in below)


def _errors(result: checking.CheckResult) -> Iterator[tuple[str, str]]:
    for each in result.archives:
        if each.problem is not None:
            yield "pack --check", f"{each.path.name}: {each.problem.what}"
        yield from ((flaw.code, f"{each.path.name}: {flaw.what}") for flaw in each.flaws if flaw.certain)


def _data(checked: checking.CheckedArchive) -> dict[str, Any]:
    problem = checked.problem
    return {
        "path": str(checked.path),
        "kind": checked.kind or None,
        "maker": checked.maker or None,
        "members": checked.members,
        "findings": [flaw_data(flaw) for flaw in checked.flaws],
        "error": problem and {"message": problem.what, "why": problem.why or None, "fix": problem.fix or None},
    }


def flaw_data(flaw: Flaw) -> dict[str, Any]:
    """Return what varies, for programs."""
    return {
        "code": flaw.code,
        "certain": flaw.certain,
        "what": flaw.what,
        "why": flaw.why,
        "fix": flaw.fix,
        "count": flaw.count,
        "samples": list(flaw.samples),
    }
