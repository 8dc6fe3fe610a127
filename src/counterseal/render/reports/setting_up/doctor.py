"""What `doctor` found: by topic, what was not seen at the end; and the calls that `--fix` proposes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import ALLOWED, USAGE
from counterseal.project.checks import Mark
from counterseal.render import escape
from counterseal.render.escape import plain
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.commands.doctor import Diagnosis
    from counterseal.model import SettingCall
    from counterseal.project.checks import Observation

SCHEMA: Final = "counterseal.doctor/v1"
_MARKS: Final = {Mark.WELL: "✓", Mark.FAULT: "✗", Mark.WARNING: "!", Mark.UNSEEN: "?"}
_COUNTED: Final = {Mark.FAULT: "fault", Mark.WARNING: "warning", Mark.UNSEEN: "not seen", Mark.WELL: "well"}
_MOST: Final = 1000


def diagnosis(found: Diagnosis) -> Report:
    """Return what all checks said; 2 if there is a fault."""
    head = f"{found.name or 'this clone'} at {found.host}: {_counts(found)}"
    topics = [(topic, list(_seen(said))) for topic, said in found.topics]
    topics = [*((topic, rows) for topic, rows in topics if rows), *_unseen(found)]
    count = len(found.repairable)
    foot = [f"counterseal doctor --fix offers to change {count} of these, call by call"] if count else []
    lines = [plain(head), *(line for topic, rows in topics for line in (topic, *_lines(rows))), *foot]
    blocks = (f"#### {topic}\n\n{_items(rows)}" for topic, rows in topics)
    return Report(
        "\n".join(lines),
        _data(found),
        exit_code=USAGE if found.count(Mark.FAULT) else ALLOWED,
        markdown="\n".join((f"**{escape.markdown(head)}**\n", *blocks)),
        errors=tuple((each.check, each.what) for each in found.observations if each.mark is Mark.FAULT),
    )


def _counts(found: Diagnosis) -> str:
    counted = ((found.count(mark), word) for mark, word in _COUNTED.items())
    return ", ".join(f"{count} {word}{_plural(count, word)}" for count, word in counted if count)


def _plural(count: int, word: str) -> str:
    return "s" if word in ("fault", "warning") and count != 1 else ""


def _seen(said: Iterable[Observation]) -> Iterator[list[str]]:
    for each in said:
        if each.mark is not Mark.UNSEEN:
            head = f"{_MARKS[each.mark]} {each.what}"
            yield [head, *_below(("why", each.why), ("fix", each.fix), ("page", each.page))]


def _below(*named: tuple[str, str]) -> list[str]:
    return [f"{name}: {text.strip()}" for name, text in named if text]


def _unseen(found: Diagnosis) -> list[tuple[str, list[list[str]]]]:
    """Return what was not seen, together where it is for the same reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in found.observations:
        if each.mark is Mark.UNSEEN:
            reasons.setdefault((each.why, each.fix), []).append(each.what)
    rows = [
        [f"{_MARKS[Mark.UNSEEN]} {'; '.join(what)}", *_below(("why", why), ("fix", fix))]
        for (why, fix), what in reasons.items()
    ]
    return [("not seen", rows)] if rows else []


def _lines(rows: Iterable[list[str]]) -> Iterator[str]:
    # what an outsider wrote never begins a line, where a runner could take it for a command
    for head, *below in rows:
        yield f"  {plain(head, _MOST)}"
        yield from (f"      {plain(line, _MOST)}" for line in below)


def _items(rows: Iterable[list[str]]) -> str:
    return "".join(f"- {'<br>'.join(escape.markdown(line, _MOST) for line in row)}\n" for row in rows)


def _data(found: Diagnosis) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "host": found.host,
        "repository": found.name or None,
        "counts": {str(mark): found.count(mark) for mark in Mark},
        "findings": [_finding(topic, each) for topic, said in found.topics for each in said],
    }


def _finding(topic: str, each: Observation) -> dict[str, Any]:
    return {
        "topic": topic,
        "check": each.check,
        "mark": str(each.mark),
        "what": each.what,
        "why": each.why or None,
        "fix": each.fix or None,
        "page": each.page or None,
        "repair": each.repair and str(each.repair),
    }


def proposal(observation: Observation, call: SettingCall, api: str) -> str:
    """Return a call that would repair something, as it is shown before it is made."""
    body = [] if call.body is None else json.dumps(call.body, indent=2, ensure_ascii=True).split("\n")
    lines = (
        f"{_MARKS[observation.mark]} {observation.what}",
        f"  {call.what}",
        f"  {call.method} {api}{call.path}",
        *(f"  {line}" for line in body),
    )
    return "\n".join(plain(line, _MOST) for line in lines)
