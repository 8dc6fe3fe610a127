"""`pin`: writes down whom a consumer believes of a project: its number, gate and ledger, and how far that was seen.

What is pinned first is believed because it was looked at then; later pins of the same project have to fit it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.commands import outputs
from counterseal.commands.verify import question
from counterseal.errors import UsageError
from counterseal.formats import pin as pins
from counterseal.verification import Known, knowledge

if TYPE_CHECKING:
    from counterseal.commands.verify import Question, VerifyPorts
    from counterseal.verification import Asked


@dataclass(frozen=True, slots=True)
class PinResult:
    """What is pinned now, what was before (None: nothing), in which file, and of when the state is that it follows."""

    pin: pins.Pin
    before: pins.Pin | None
    path: Path
    seen: str
    written: bool


def run(asked: Question, ports: VerifyPorts, path: Path, *, max_age: str | None, dry_run: bool) -> PinResult:
    """Pin a project by the state of its ledger.

    Args:
        asked: Which project, and by what gate; its `pins` are those of the file.
        ports: Verify the state, which they bring.
        path: The file of pins; made if it is not there.
        max_age: How old knowledge may be; None: as it was pinned, else seven days.
        dry_run: Write nothing.

    Raises:
        UsageError: There is no state, the age is none, or the pin that there is says otherwise.
        VerificationError: The state is not of this project, or from before what was pinned.
    """
    what = question.read(asked, ports.trust)
    if ports.told is None:
        raise UsageError("pin needs --state", why="it pins what a ledger's state says", fix=f"add {knowledge.NEWEST}")
    before = pins.find(asked.pins, what.host, what.repository)
    age = pins.age_of(max_age) if max_age else before.max_age if before else pins.MAX_AGE
    if age is None:
        raise UsageError(
            f"--max-age {max_age!r} is no age", why="days or hours are meant", fix="write it like 7d or 12h"
        )
    what, now = dataclasses.replace(what, max_age=age), ports.clock.now()
    known = knowledge.read(what, ports.told(what), ports.verifier, ports.trust)
    knowledge.check_alone(what, known, now)
    pin = _pin(asked, what, known)
    if not dry_run:
        outputs.place(path.parent, {path.name: pins.text(pins.put(asked.pins, pin))})
    return PinResult(pin, before, path, knowledge.as_of(known, now), written=not dry_run)


def _pin(asked: Question, what: Asked, known: Known) -> pins.Pin:
    own = asked.own_gate
    pinned = pins.find(asked.pins, what.host, what.repository)
    gate = pins.PinnedGate(what.revisions, own.identity if own else None, own.issuer if own else None)
    return pins.Pin(
        what.host,
        what.repository,
        int(known.attestation.certificate.source_id or ""),
        pinned.gate if pinned else gate,
        known.entry.link.id,
        known.sequence,
        what.max_age or pins.MAX_AGE,
    )
