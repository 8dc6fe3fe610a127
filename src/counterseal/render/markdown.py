"""The same results as Markdown, for step summaries, comments and job artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.history import label
from counterseal.model import Outcome
from counterseal.render import findings
from counterseal.render.escape import markdown as safe
from counterseal.render.text import MARKS, SANDBOX_NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation import Decision
    from counterseal.model import Finding
    from counterseal.render.findings import About


def decision(found: Decision, sequence: int, *, sandbox: bool) -> str:
    """Return a decision as a section with a table of its findings."""
    may = "may" if found.outcome is Outcome.ALLOW else "may **not**"
    head = f"### {found.outcome}: {safe(label(found))} {may} enter {safe(found.stage)}"
    note = f"\n\n> {SANDBOX_NOTE}" if sandbox else ""
    return f"{head}\n\n{table(found.findings, findings.of_decision(found))}\n\nLedger: entry {sequence}{note}\n"


def table(found: Sequence[Finding], about: About) -> str:
    """Return findings as a table."""
    rows = ["| | rule | finding |", "|---|---|---|"]
    rows += [f"| {MARKS[each.outcome]} | {each.rule} | {_cell(each, about)} |" for each in found]
    return "\n".join(rows)


def _cell(found: Finding, about: About) -> str:
    parts = [safe(findings.reason(found, about), 1000)]
    if found.counted:
        parts.append("counted: " + ", ".join(safe(findings.counted(each)) for each in found.counted))
    if found.dismissed:
        left_out = map(findings.not_counted, found.dismissed)
        parts.append("not counted: " + "; ".join(f"{safe(who)} ({safe(why)})" for who, why in left_out))
    if fix := findings.fix(found, about):
        parts.append(f"**fix:** {safe(fix, 1000)}")
    return "<br>".join(parts)
