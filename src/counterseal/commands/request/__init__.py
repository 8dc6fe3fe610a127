"""`request`: opens the change request by which people decide about a promotion or an event (one file, nothing else).

`asking.py` is the way of it, `draft.py` reads the candidate, `promotable.py` says what cannot pass before anybody
reviews it, `briefing.py` collects what reviewers are told. `permitting.py` asks for an event instead.
"""

from __future__ import annotations

from counterseal.commands.request.asking import Asked, RequestPorts, RequestResult, days, run, valid_until
from counterseal.commands.request.briefing import Briefing, Outcomes, Since
from counterseal.commands.request.permitting import AskedEvent, EventBriefing, EventPorts, EventResult
from counterseal.commands.request.permitting import run as run_event

__all__ = [
    "Asked",
    "AskedEvent",
    "Briefing",
    "EventBriefing",
    "EventPorts",
    "EventResult",
    "Outcomes",
    "RequestPorts",
    "RequestResult",
    "Since",
    "days",
    "run",
    "run_event",
    "valid_until",
]
