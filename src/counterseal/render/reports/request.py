"""What `request` opened, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.formats import wire
from counterseal.render import change_request, event_request, inventories
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands import request


def report(result: request.RequestResult, asked: request.Asked) -> Report:
    """Return the change request, and what comes next.

    Args:
        result: What was opened, or would be.
        asked: What was asked for.
    """
    until, told = wire.timestamp(result.valid_until), result.briefing
    what = f"{result.tag} into {asked.stage}"
    about = "".join(f"  {line}\n" for line in (*inventories.compared(told.compared), _needs(result, asked)))
    if result.dry_run:
        text = f"would request: {what}\n{about}  {result.path}\n{result.content.decode()}"
    else:
        head = "already open" if result.before else "requested"
        name = forges.change_name(told.repository.host, result.number or 0)
        text = (
            f"{head}: {what} · {name} {result.url}\n"
            f"  valid until {until} · {result.path}\n{about}"
            "  next: have it approved, then merge it; the merge starts the gate"
        )
    data = {
        "schema": "counterseal.request-result/v1",
        "tag": result.tag,
        "number": result.number,
        "url": result.url,
        "path": result.path,
        "validUntil": until,
        "dryRun": result.dry_run,
        "openBefore": result.before,
        **{key: value for key, value in wire.encode(told).items() if key not in ("repository", "byJob")},
    }
    outputs = {"number": str(result.number or ""), "url": result.url or "", "path": result.path}
    return Report(text, data, outputs=outputs)


def _needs(result: request.RequestResult, asked: request.Asked) -> str:
    return f"approvals: {change_request.approvals(result.briefing, asked.requester.login)}"


def event_report(result: request.EventResult) -> Report:
    """Return the change request for an event, and what comes next."""
    content, told = result.content, result.briefing
    title, until = event_request.title(content, told), wire.timestamp(content.valid_until)
    about = "".join(f"  entry {known.sequence}: {event_request.restriction(known)}\n" for known in told.named)
    about += f"  approvals: {event_request.approvals(told, content.requested_by.login)}\n"
    if result.number is None:
        text = f"would request: {title}\n{about}  {result.path}\n{result.data.decode()}"
    else:
        head = "already open" if result.before else "requested"
        text = (
            f"{head}: {title} · {forges.change_name(told.repository.host, result.number)} {result.url}\n"
            f"  valid until {until} · {result.path}\n{about}"
            "  next: have it approved, then merge it; the merge starts the gate"
        )
    data = {
        "schema": "counterseal.event-request-result/v1",
        "kind": content.kind,
        "number": result.number,
        "url": result.url,
        "path": result.path,
        "entries": [known.sequence for known in told.named],
        "target": wire.encode(content.target),
        "validUntil": until,
        "dryRun": result.number is None,
        "openBefore": result.before,
        "left": list(told.left),
    }
    outputs = {"number": str(result.number or ""), "url": result.url or "", "path": result.path}
    return Report(text, data, outputs=outputs)
