"""What a run of the gate decided and published; or, of one that a person started for it, held or revoked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from counterseal.formats import wire
from counterseal.model import FindingOutcome, Outcome
from counterseal.render import escape, failure, findings, markdown, restrictions, text
from counterseal.render.report import Report
from counterseal.render.reports import publish
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from counterseal.commands import gate
    from counterseal.gate import deciding
    from counterseal.gate.emergency import restricting
    from counterseal.gate.permitting import consented
    from counterseal.history.events import Event
    from counterseal.model import Entry

_NOTHING = "nothing to decide: every merged request has its decision"


def report(done: gate.GateRun) -> Report:
    """Return every decision, what could not be decided, and what was published."""
    result, published = done.decided, done.published
    decisions = [*map(restrictions.permitted, result.permitted), *map(_text, result.decided)]
    rest = [*(failure.text(failed.error) for failed in result.failed), *publish.lines(published, done.run, done.policy)]
    if not decisions and not rest:
        rest = [_NOTHING]
    tables = [escape.verbatim(restrictions.permitted(known)) for known in result.permitted]
    tables += [
        markdown.decision(decided.decision, decided.entry.link.sequence, sandbox=result.sandbox)
        for decided in result.decided
    ]
    return Report(
        text="\n".join([*decisions, *rest, *([SANDBOX_NOTE] if result.sandbox else [])]),
        data={
            "schema": "counterseal.gate/v1",
            "decisions": [_data(decided) for decided in result.decided],
            "events": [_event(known) for known in result.permitted],
            "failed": [{"request": failed.path, "error": str(failed.error)} for failed in result.failed],
            "published": publish.data(published),
            "sandbox": result.sandbox,
        },
        exit_code=done.exit_code,
        markdown="\n".join([*tables, *([escape.verbatim("\n".join(rest))] if rest else [])]),
        outputs={
            "decisions": json.dumps([_short(decided) for decided in result.decided]),
            "published": json.dumps([release.tag for release in published.published]),
            "events": json.dumps(
                [_told(known.event, known.entry, known.path) for known in result.permitted if known.fresh]
            ),
        },
        errors=_errors(done),
        warnings=result.warnings,
    )


def _text(decided: deciding.Decided) -> str:
    entry = decided.entry
    shown = text.decision(decided.decision, entry.link.sequence, entry.attestation.digest, fresh=decided.fresh)
    note = "\n  withdrawn since: this allow counts for nothing (counterseal log)"
    return shown + (note if decided.withdrawn else "")


def _errors(done: gate.GateRun) -> tuple[tuple[str, str], ...]:
    denied = [request.decision for request in done.decided.decided if request.decision.outcome is Outcome.DENY]
    violated = [
        (finding.rule, "\n".join(text.finding_lines(finding, findings.of_decision(decision))))
        for decision in denied
        for finding in decision.findings
        if finding.outcome is FindingOutcome.VIOLATED
    ]
    undecided = [("could not decide", str(failed.error)) for failed in done.decided.failed]
    return (*violated, *undecided, *publish.errors(done.published))


def _event(known: consented.Permitted) -> dict[str, Any]:
    sequence = known.entry.link.sequence
    return {"request": known.path, "kind": known.event.kind.value, "sequence": sequence, "fresh": known.fresh}


def _told(event: Event, entry: Entry, request: str | None) -> dict[str, Any]:
    """Return what other jobs are told of an event: enough for a title, and where to look further."""
    what = restrictions.headline(event.body)
    return {"kind": event.kind.value, "sequence": entry.link.sequence, "request": request, "what": what}


def _short(decided: deciding.Decided) -> dict[str, Any]:
    decision = decided.decision
    return {
        "request": decided.path,
        "stage": decision.stage,
        "tag": decision.source.tag if decision.source else None,
        "outcome": decision.outcome.value,
        "sequence": decided.entry.link.sequence,
        "withdrawn": decided.withdrawn,
    }


def _data(decided: deciding.Decided) -> dict[str, Any]:
    return {
        **_short(decided),
        "fresh": decided.fresh,
        "bundle": decided.entry.attestation.digest,
        "decision": wire.encode(decided.decision),
        "sentences": text.sentences(decided.decision),
    }


def restricted(done: restricting.Restricted) -> Report:
    """Return what was recorded, how it ends, and what others have to know of it."""
    sequence, event = done.entry.link.sequence, done.event
    head, ends = restrictions.headline(event.body), restrictions.way_out(event.body, sequence)
    recorded = "recorded" if done.fresh else "recorded before, not once more"
    by = f"{escape.plain(event.actor.login)} ({event.actor.id})"
    rows = [
        head,
        f"  by {by}: {escape.plain(restrictions.reason(event.body), 2000)}",
        f"  ledger: entry {sequence} ({event.kind} {recorded}) · sha256:{done.entry.attestation.digest[:12]}…",
        f"  {ends}",
        *(
            ["  whose click it was is the word of your own gate: no certificate names the person"]
            if done.own_gate
            else []
        ),
        *([SANDBOX_NOTE] if done.sandbox else []),
    ]
    return Report(
        text="\n".join(rows),
        data={
            "schema": "counterseal.emergency/v1",
            "entry": sequence,
            "entryId": done.entry.link.entry_id,
            "fresh": done.fresh,
            "event": wire.encode(event),
            "sandbox": done.sandbox,
        },
        outputs={
            "entry": str(sequence),
            "decisions": "[]",
            "published": "[]",
            "events": json.dumps([_told(event, done.entry, None)] if done.fresh else []),
        },
        notices=((str(event.kind), f"{head}\nby {by}: {escape.plain(restrictions.reason(event.body), 2000)}"),),
        warnings=done.warnings,
    )
