"""The same results as Markdown, for step summaries, comments and job artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.history import label
from counterseal.model import FindingOutcome, Outcome
from counterseal.render.escape import markdown as safe
from counterseal.render.text import MARKS, SANDBOX_NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation import Decision
    from counterseal.model import Finding


def decision(found: Decision, sequence: int, *, sandbox: bool) -> str:
    """Return a decision as a section with a table of its findings."""
    may = "may" if found.outcome is Outcome.ALLOW else "may **not**"
    head = f"### {found.outcome}: {safe(label(found))} {may} enter {safe(found.stage)}"
    note = f"\n\n> {SANDBOX_NOTE}" if sandbox else ""
    return f"{head}\n\n{findings(found.findings)}\n\nLedger: entry {sequence}{note}\n"


def findings(found: Sequence[Finding]) -> str:
    """Return findings as a table."""
    rows = ["| | rule | finding |", "|---|---|---|"]
    rows += [f"| {MARKS[each.outcome]} | {each.rule} | {_cell(each)} |" for each in found]
    return "\n".join(rows)


def _cell(found: Finding) -> str:
    parts = [safe(found.reason, 1000)]
    if found.counted:
        parts.append("counted: " + ", ".join(safe(each.who) for each in found.counted))
    if found.dismissed:
        parts.append("not counted: " + "; ".join(f"{safe(each.who)} ({safe(each.why)})" for each in found.dismissed))
    if found.fix and found.outcome is not FindingOutcome.SATISFIED:
        parts.append(f"**fix:** {safe(found.fix, 1000)}")
    return "<br>".join(parts)
