"""Decide every merged promotion request that has no decision; record, and publish what is allowed.

Only inputs and outputs can be chosen here. Trust, policy, identities, clock and sandbox follow from
the run's OIDC identity and the policy on the protected branch.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from counterseal.cli.report import Report
from counterseal.cli.verbs import preview, publish
from counterseal.formats import wire
from counterseal.gate import deciding
from counterseal.gate.publication import publishing
from counterseal.model import FindingOutcome, Outcome
from counterseal.render import escape, findings, markdown, text

if TYPE_CHECKING:
    import argparse

    from counterseal.gate import opening
    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--stage", help="only requests for this stage")
    parser.add_argument("--request", help="only this request file; one decided before is shown again")
    parser.add_argument("--preview", action="store_true", help="judge an open change request; decide nothing")
    parser.add_argument("--number", type=int, help="with --preview: the change request (default: the event's)")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    if options.preview:
        return preview.run(options, wiring)
    wiring.surroundings.refuse_influence({"stage", "request", "preview", "number", "format"})
    with wiring.surroundings.work_folder() as work:
        opened = wiring.gate(work)
        result = deciding.run(opened, stage=options.stage, request=options.request)
        published = publishing.run(opened, stage=options.stage)
    return _report(result, published, opened)


def _report(result: deciding.GateResult, published: publishing.PublishResult, opened: opening.Gate) -> Report:
    parts = [
        text.decision(each.decision, each.entry.link.sequence, each.entry.attestation.digest, fresh=each.fresh)
        + ("\n  withdrawn since: this allow counts for nothing (counterseal log)" if each.withdrawn else "")
        for each in result.decided
    ]
    rest = [*(text.error(each.error) for each in result.failed), *publish.lines(published, opened)]
    parts += rest
    if not parts:
        parts = rest = ["nothing to decide: every merged request has its decision"]
    if result.sandbox:
        parts.append(text.SANDBOX_NOTE)
    return Report(
        text="\n".join(parts),
        data={
            "schema": "counterseal.gate/v1",
            "decisions": [_decided(each) for each in result.decided],
            "failed": [{"request": each.path, "error": str(each.error)} for each in result.failed],
            "published": publish.data(published),
            "sandbox": result.sandbox,
        },
        exit_code=result.exit_code or published.exit_code,
        markdown="\n".join(
            [
                *(
                    markdown.decision(each.decision, each.entry.link.sequence, sandbox=result.sandbox)
                    for each in result.decided
                ),
                *([escape.verbatim("\n".join(rest))] if rest else []),
            ]
        ),
        outputs={
            "decisions": json.dumps([_short(each) for each in result.decided]),
            "published": json.dumps([each.tag for each in published.published]),
        },
        errors=_errors(result, published),
        warnings=result.warnings,
    )


def _errors(result: deciding.GateResult, published: publishing.PublishResult) -> tuple[tuple[str, str], ...]:
    denied = [each.decision for each in result.decided if each.decision.outcome is Outcome.DENY]
    found = [
        (each.rule, "\n".join(text.finding(each, findings.of_decision(decision))))
        for decision in denied
        for each in decision.findings
        if each.outcome is FindingOutcome.VIOLATED
    ]
    found += [("could not decide", str(each.error)) for each in result.failed]
    found += [("not published", publish.stopped(each)) for each in published.stopped]
    return tuple(found)


def _short(each: deciding.Decided) -> dict[str, Any]:
    tag = each.decision.source.tag if each.decision.source else None
    return {
        "request": each.path,
        "stage": each.decision.stage,
        "tag": tag,
        "outcome": each.decision.outcome.value,
        "sequence": each.entry.link.sequence,
        "withdrawn": each.withdrawn,
    }


def _decided(each: deciding.Decided) -> dict[str, Any]:
    return {
        **_short(each),
        "fresh": each.fresh,
        "bundle": each.entry.attestation.digest,
        "decision": wire.encode(each.decision),
        "sentences": text.sentences(each.decision),
    }
