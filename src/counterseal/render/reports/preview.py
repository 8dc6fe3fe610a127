"""What is known before the merge: for the terminal, and as one comment kept up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ALLOWED, COULD_NOT_DECIDE, DENIED
from counterseal.formats import wire
from counterseal.model import FindingOutcome
from counterseal.render import escape, failure, findings, inventories, markdown, text
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.errors import CountersealError
    from counterseal.gate import preview


def report(known: preview.Preview, *, exit_code: bool = False) -> Report:
    """Return the preview; its Markdown is the comment.

    Args:
        known: What is known before the merge.
        exit_code: It ends as a gate would, and not with 0 whatever it found: it decides nothing.
    """
    data = {
        "schema": "counterseal.preview/v1",
        "number": known.number,
        "head": known.head,
        "stage": known.stage,
        "manifest": known.manifest,
        "findings": wire.encode(known.findings),
        "compared": wire.encode(known.compared),
        "stops": [failure.data(stop) for stop in known.stops],
        "unseen": list(known.unseen),
    }
    code = _exit_code(known) if exit_code else ALLOWED
    return Report("\n".join(lines(known)), data, exit_code=code, markdown=comment(known))


def _exit_code(known: preview.Preview) -> int:
    """Return 10 if something is against it, else 1 if a rule could not be judged; what nobody sees yet is neither."""
    outcomes = {finding.outcome for finding in known.findings}
    if known.stops or FindingOutcome.VIOLATED in outcomes:
        return DENIED
    return COULD_NOT_DECIDE if FindingOutcome.ERROR in outcomes else ALLOWED


def comment(known: preview.Preview) -> str:
    """Return what the change request's comment says."""
    body = "\n".join(lines(known))
    return f"{escape.verbatim(body)}\n{markdown.table(known.findings, about(known))}"


def lines(known: preview.Preview) -> list[str]:
    """Return the preview in lines for people."""
    what = f"{known.stage} · {escape.plain(known.tag)} · manifest sha256:{known.manifest[:12]}…"
    head = f"Preview, not a decision · {what if known.manifest else escape.plain(known.path)}"
    passed = text.earlier(known.history, known.stage)
    rows = [head, *(row for stop in known.stops for row in _stop(stop)), *([f"  ✓ {passed}"] if passed else [])]
    for finding in known.findings:
        if finding.rule != "previous-stage-passed" or finding.outcome is FindingOutcome.VIOLATED:
            rows += text.marked(finding, about(known))
    rows += [f"  – not seen with this token: {escape.plain(unseen)}" for unseen in known.unseen]
    return rows + ([f"  {line}" for line in inventories.compared(known.compared)] if known.compared else [])


def _stop(problem: CountersealError) -> list[str]:
    """Return why no gate would decide after the merge, and what to do first."""
    why = f": {escape.plain(problem.why, 1000)}" if problem.why else ""
    return [
        f"  ✗ the gate would stop: {escape.plain(problem.what, 1000)}{why}",
        f"      fix: {escape.plain(problem.fix, 1000)}",
    ]


def about(known: preview.Preview) -> findings.About:
    """Return what the findings of a preview are about."""
    return findings.About(known.stage, known.path, known.host, known.number, merged=False)
