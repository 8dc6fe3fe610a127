"""What `request` opened, and the words of the change request itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.formats import wire
from counterseal.render import escape, inventories
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands import request
    from counterseal.gate import sboms
    from counterseal.model import PromotionRequest


def report(result: request.RequestResult, stage: str, host: str) -> Report:
    """Return the change request, and what comes next.

    Args:
        result: What was opened, or would be.
        stage: The stage that is asked for.
        host: Of the forge; says what a change request is called there.
    """
    until = wire.timestamp(result.valid_until)
    components = "".join(f"  {line}\n" for line in inventories.compared(result.compared))
    if result.dry_run:
        text = f"would request: {result.tag} into {stage}\n{components}  {result.path}\n{result.content.decode()}"
    else:
        text = (
            f"requested: {result.tag} into {stage} · {forges.change_name(host, result.number or 0)} {result.url}\n"
            f"  valid until {until} · {result.path}\n{components}"
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
        "compared": wire.encode(result.compared),
    }
    outputs = {"number": str(result.number or ""), "url": result.url or "", "path": result.path}
    return Report(text, data, outputs=outputs)


def change(asked: PromotionRequest, compared: sboms.Comparison) -> tuple[str, str]:
    """Return title and body of the change request."""
    return title(asked.candidate.tag, asked.stage), (
        f"{escape.inert(asked.reason)}\n\n"
        f"Manifest `sha256:{asked.manifest}`. Approve this request at its last revision, then merge it.\n\n"
        f"{escape.inert(chr(10).join(inventories.compared(compared)))}"
    )


def title(tag: str, stage: str) -> str:
    """Return the title of a change request and its commit: nothing can be escaped there, and a tag may have `@`."""
    return f"Promote {tag.replace('@', '(at)')} to {stage}"
