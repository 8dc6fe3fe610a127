"""What is pinned of a project, and what to compare it with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterseal.formats import pin as pins
from counterseal.formats import wire
from counterseal.render import escape
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands import pin as pinning


def report(result: pinning.PinResult) -> Report:
    """Return the pin in words, with what a person has to look at: a first pin is believed for their word."""
    pin, path = result.pin, os.path.relpath(result.path)
    done = "pinned" if result.written else "would pin"
    lines = [
        f"{done}: {pin.name} in {escape.plain(path)}",
        f"  repository  {pin.repository_id}",
        f"  gate        {_gate(result)}",
        f"  ledger      {pin.ledger}",
        f"  seen        {result.seen}",
        f"  max-age     {pins.age_words(pin.max_age)}",
    ]
    if result.before is None:
        lines.append("  first pin: compare repository, gate and ledger with what the project names elsewhere")
    if result.written:
        lines.append(f"next: git add {escape.plain(path)}, and commit it")
    pinned = {
        "repository": pin.name,
        "id": pin.repository_id,
        "gate": wire.encode(pin.gate),
        "ledger": pin.ledger,
        "sequence": pin.sequence,
        "maxAge": pins.age_words(pin.max_age),
    }
    data = {"schema": "counterseal.pin/v1", "path": path, "pin": pinned, "written": result.written}
    return Report("\n".join(lines), data | {"first": result.before is None})


def _gate(result: pinning.PinResult) -> str:
    gate = result.pin.gate
    if gate.identity:
        return escape.plain(f"the project's own: {gate.identity} of {gate.issuer}")
    return f"counterseal's, at {', '.join(gate.revisions)}" if gate.revisions else "counterseal's released ones"
