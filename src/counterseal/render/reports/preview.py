"""What is known before the merge: for the terminal, and as one comment kept up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import wire
from counterseal.model import FindingOutcome
from counterseal.render import escape, markdown, text
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.gate import preview


def report(found: preview.Preview) -> Report:
    """Return the preview; its Markdown is the comment."""
    data = {
        "schema": "counterseal.preview/v1",
        "number": found.number,
        "head": found.head,
        "stage": found.stage,
        "manifest": found.manifest,
        "findings": wire.encode(found.findings),
    }
    return Report("\n".join(lines(found)), data, markdown=comment(found))


def comment(found: preview.Preview) -> str:
    """Return what the change request's comment says."""
    body = "\n".join(lines(found))
    return f"{escape.verbatim(body)}\n{markdown.findings(found.findings)}"


def lines(found: preview.Preview) -> list[str]:
    """Return the preview in lines for people."""
    head = (
        f"Preview, not a decision · {found.stage} · {escape.plain(found.tag)} · manifest sha256:{found.manifest[:12]}…"
    )
    passed = text.earlier(found.history, found.stage)
    rows = [head, *([f"  ✓ {passed}"] if passed else [])]
    for finding in found.findings:
        if finding.rule != "previous-stage-passed" or finding.outcome is FindingOutcome.VIOLATED:
            rows += text.marked(finding)
    rows.append("  The candidate's bytes are read at the merge.")
    return rows
