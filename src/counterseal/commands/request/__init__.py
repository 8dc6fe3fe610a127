"""`request`: opens the change request by which people decide about a promotion (one file, nothing else).

`asking.py` is the way of it, `draft.py` reads the candidate, `promotable.py` says what cannot pass before anybody
reviews it, `briefing.py` collects what reviewers are told.
"""

from __future__ import annotations

from counterseal.commands.request.asking import Asked, RequestPorts, RequestResult, days, run, valid_until
from counterseal.commands.request.briefing import Briefing, Outcomes, Since

__all__ = [
    "Asked",
    "Briefing",
    "Outcomes",
    "RequestPorts",
    "RequestResult",
    "Since",
    "days",
    "run",
    "valid_until",
]
