"""The other things that are recorded beside decisions, one kind a file, and the envelope that they share.

They say what happened and decide nothing.
"""

from __future__ import annotations

from counterseal.history.events.audit import Audit, Swept, Waiting
from counterseal.history.events.entry_reference import EntryReference
from counterseal.history.events.event import Body, Event, EventKind, parse, payload
from counterseal.history.events.genesis import Genesis
from counterseal.history.events.publication import Publication, PublishedAsset
from counterseal.history.events.withdrawn import Withdrawn

__all__ = [
    "Audit",
    "Body",
    "EntryReference",
    "Event",
    "EventKind",
    "Genesis",
    "Publication",
    "PublishedAsset",
    "Swept",
    "Waiting",
    "Withdrawn",
    "parse",
    "payload",
]
