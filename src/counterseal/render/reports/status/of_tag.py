"""The way of one tag: candidate, requests with their decisions, publication, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal import forges
from counterseal.formats import wire
from counterseal.history import RecordedDecision
from counterseal.history.events import Publication, Reinstatement, Revocation, Withdrawn
from counterseal.model import Reason
from counterseal.render import escape, findings, restrictions
from counterseal.render.escape import plain
from counterseal.render.report import Report
from counterseal.render.reports import log
from counterseal.render.reports.status import parts
from counterseal.render.reports.status.parts import Row, Section

if TYPE_CHECKING:
    from counterseal.commands import status
    from counterseal.history import RecordedEvent
    from counterseal.model import Release


def way(known: status.Way) -> Report:
    """Return the way of a tag."""
    rows = [
        *(_release(release) for release in known.releases),
        *([Row(f"… {known.more} earlier entries: counterseal log")] if known.more else []),
        *(
            _decision(step, known.host) if isinstance(step, RecordedDecision) else _event(step)
            for step in known.recorded
        ),
        *(_waiting("merged, not decided yet", parts.merged(request)) for request in known.merged),
        *(_waiting("open request", parts.opened(request, known.host)) for request in known.opened),
    ]
    sections = [Section(f"the way of {plain(known.tag)}", rows), parts.unseen(known.unseen)]
    proven = parts.proven(known.proven)
    foot = "  \n".join(escape.markdown(line) for line in proven)
    data = {
        **parts.data(known.proven, known.unseen),
        "tag": known.tag,
        "releases": wire.encode(known.releases),
        "steps": [_step(step) for step in known.recorded],
        "more": known.more,
        "merged": [parts.merged_data(request) for request in known.merged],
        "requests": [parts.opened_data(request) for request in known.opened],
    }
    return Report(
        "\n".join((*parts.lines(sections), *proven)),
        data,
        markdown=f"{parts.markdown(sections)}\n{foot}\n",
    )


def _release(release: Release) -> Row:
    return Row(f"{'candidate' if release.draft else 'public release'} · {plain(release.url)}")


def _waiting(what: str, row: Row) -> Row:
    return Row(f"{what} · {row.head}", row.below)


def _decision(recorded: RecordedDecision, host: str) -> Row:
    """Return a decision with the request that it answers."""
    decision = recorded.decision
    asker, number = decision.responsible.requester, decision.request.number
    who = plain(asker.login, 40) if asker else "somebody"
    request = f"request {forges.change_name(host, number)}" if number else "a request without a change request"
    reason = f": {plain(decision.reason)}" if decision.reason else ""
    withdrawn = " (withdrawn since)" if recorded.withdrawn else ""
    head = f"{parts.when(decision.decided_at)} · {decision.outcome}{withdrawn} · {plain(decision.stage)}"
    below = [f"{request} by {who}, approved by {parts.approvers(recorded)}{reason}"]
    return Row(f"{head} · entry {recorded.sequence}", [*below, *parts.violations(decision)])


def _event(recorded: RecordedEvent) -> Row:
    event, number = recorded.event, recorded.entry.link.sequence
    match event.body:
        case Publication() as body:
            said = (
                f"published · {len(body.assets)} files · entry {number}, of the allow in entry {body.decision.sequence}"
            )
        case Withdrawn() as body:
            why = plain(findings.withdrawal(Reason(body.code, body.data)))
            said = f"withdrawn · entry {number}, the allow in entry {body.decision.sequence}: {why}"
        case Revocation() | Reinstatement() as body:
            who = restrictions.agreed(body) or f"by {plain(event.actor.login, 40)}"
            said = f"{restrictions.headline(body)} · entry {number}, {who}: {plain(body.reason)}"
        case _:
            said = f"{event.kind} · entry {number}"
    return Row(f"{parts.when(event.occurred_at)} · {said}")


def _step(recorded: RecordedDecision | RecordedEvent) -> dict[str, Any]:
    if isinstance(recorded, RecordedDecision):
        return {"kind": "decision", **log.row(recorded)}
    kind, sequence = str(recorded.event.kind), recorded.entry.link.sequence
    return {"kind": kind, "sequence": sequence, "event": wire.encode(recorded.event)}
