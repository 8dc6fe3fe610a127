"""The same results as Markdown, for step summaries, comments and job artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.history import label
from counterseal.identifiers import EVENT_STAGE
from counterseal.model import Outcome
from counterseal.render import findings as findings_room
from counterseal.render.escape import markdown as safe
from counterseal.render.text import MARKS
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation import Decision
    from counterseal.model import Finding
    from counterseal.render.findings import About


def decision(decision: Decision, sequence: int, *, sandbox: bool) -> str:
    """Return a decision as a section with a table of its findings."""
    may = "may" if decision.outcome is Outcome.ALLOW else "may **not**"
    what = f"{safe(label(decision))} {may} enter {safe(decision.stage)}"
    if decision.stage == EVENT_STAGE:
        what = f"what {safe(decision.request.file, 300)} asks for {may} be done"
    head = f"### {decision.outcome}: {what}"
    note = f"\n\n> {SANDBOX_NOTE}" if sandbox else ""
    return (
        f"{head}\n\n{table(decision.findings, findings_room.of_decision(decision))}\n\nLedger: entry {sequence}{note}\n"
    )


def table(findings: Sequence[Finding], about: About) -> str:
    """Return findings as a table."""
    rows = ["| | rule | finding |", "|---|---|---|"]
    rows += [f"| {MARKS[finding.outcome]} | {finding.rule} | {_cell(finding, about)} |" for finding in findings]
    return "\n".join(rows)


def _cell(finding: Finding, about: About) -> str:
    parts = [safe(findings_room.reason(finding, about), 1000)]
    if finding.counted:
        parts.append("counted: " + ", ".join(safe(findings_room.counted(person)) for person in finding.counted))
    if finding.dismissed:
        left_out = map(findings_room.not_counted, finding.dismissed)
        parts.append("not counted: " + "; ".join(f"{safe(who)} ({safe(why)})" for who, why in left_out))
    if fix := findings_room.fix(finding, about):
        parts.append(f"**fix:** {safe(fix, 1000)}")
    return "<br>".join(parts)
