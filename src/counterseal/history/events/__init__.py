"""The other things that are recorded beside decisions, one kind a file, and the envelope that they share.

They say what happened and decide nothing. `hold` and `revocation` restrict, at once; `resume` and `reinstatement`
permit, by a merged request (`consent`).
"""

from __future__ import annotations

from counterseal.history.events import hold, revocation
from counterseal.history.events.audit import Audit, Moved, Swept, Waiting
from counterseal.history.events.consent import Consent, consent_of
from counterseal.history.events.entry_reference import EntryReference
from counterseal.history.events.event import Body, Event, EventKind, parse, payload
from counterseal.history.events.genesis import Genesis
from counterseal.history.events.hold import Hold
from counterseal.history.events.publication import Publication, PublishedAsset
from counterseal.history.events.reinstatement import Reinstatement
from counterseal.history.events.resume import Resume
from counterseal.history.events.revocation import Revocation
from counterseal.history.events.withdrawn import Withdrawn

__all__ = [
    "Audit",
    "Body",
    "Consent",
    "EntryReference",
    "Event",
    "EventKind",
    "Genesis",
    "Hold",
    "Moved",
    "Publication",
    "PublishedAsset",
    "Reinstatement",
    "Resume",
    "Revocation",
    "Swept",
    "Waiting",
    "Withdrawn",
    "consent_of",
    "hold",
    "parse",
    "payload",
    "revocation",
]
