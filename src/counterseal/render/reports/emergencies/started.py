"""What `hold` and `revoke` started, and what the gate's run recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import wire
from counterseal.render import escape, restrictions, text
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands import emergency


def report(done: emergency.Started) -> Report:
    """Return the entry; without one the run, and without that what would be started."""
    order, run, recorded = done.order, done.run, done.entry
    named = [f"  {escape.plain(order.tag)} is {order.target.replace(':', ' ')}"] if order.tag else []
    if recorded is not None:
        sequence, body = recorded.entry.link.sequence, recorded.event.body
        head = f"{restrictions.headline(body)} (entry {sequence})"
        rows = [head, *named, f"  {restrictions.way_out(body, sequence)}", text.entry(recorded)]
    elif run is not None:
        rows = [f"started: {run.page}", *named, "  next: counterseal status, once it is over"]
    else:
        told = (f"  {name}: {escape.plain(value, 2000)}" for name, value in order.inputs.items())
        place = f"{done.place.file} on {done.place.ref.removeprefix('refs/heads/')}"
        rows = [f"would start {escape.plain(place)} with", *told, *named]
    data = {
        "schema": f"counterseal.{order.action}/v1",
        "file": done.place.file,
        "ref": done.place.ref,
        "inputs": dict(order.inputs),
        "run": run.page if run else None,
        "entry": recorded.entry.link.sequence if recorded else None,
        "entryId": recorded.entry.link.entry_id if recorded else None,
        "event": wire.encode(recorded.event) if recorded else None,
    }
    return Report("\n".join(rows), data)
