"""`gate --preview`: what is known before the merge, on the terminal and as one comment kept up to date.

A GitLab job's token may write no comments: there the preview is the job's log and summary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli.report import Report
from counterseal.errors import UsageError
from counterseal.formats import wire
from counterseal.gate import preview
from counterseal.model import FindingOutcome
from counterseal.render import escape, findings, markdown, text

if TYPE_CHECKING:
    import argparse

    from counterseal.wiring import Wiring


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the preview."""
    wiring = wiring.at_home()
    number = options.number or wiring.surroundings.change_request_number()
    if number is None:
        raise UsageError("which change request?", why="this event is about none", fix="name it with --number")
    with wiring.surroundings.work_folder() as work:
        sources, store = wiring.preview(work)
        found = preview.run(sources, store, number)
        about = findings.About(found.stage, found.path, found.host, found.number)
        body = "\n".join(_lines(found, about))
        shown = f"{escape.verbatim(body)}\n{markdown.table(found.findings, about)}"
        if wiring.surroundings.can_comment:
            preview.comment(sources, number, shown)
    data = {
        "schema": "counterseal.preview/v1",
        "number": found.number,
        "head": found.head,
        "stage": found.stage,
        "manifest": found.manifest,
        "findings": wire.encode(found.findings),
    }
    return Report(body, data, markdown=shown)


def _lines(found: preview.Preview, about: findings.About) -> list[str]:
    head = (
        f"Preview, not a decision · {found.stage} · {escape.plain(found.tag)} · manifest sha256:{found.manifest[:12]}…"
    )
    passed = text.earlier(found.history, found.stage)
    rows = [head, *([f"  ✓ {passed}"] if passed else [])]
    for each in found.findings:
        if each.rule != "previous-stage-passed" or each.outcome is FindingOutcome.VIOLATED:
            rows += text.marked(each, about)
    return rows
