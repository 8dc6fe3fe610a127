"""The fold of a ledger: what is where, who said so, when and why. `events/` has one kind of event a file.

It believes the entries that it is given; whether they are signed and chained is known by then.
"""

from __future__ import annotations

from counterseal.history.fold import History, RecordedDecision, RecordedEvent, content_of, label
from counterseal.history.past import Past

__all__ = [
    "History",
    "Past",
    "RecordedDecision",
    "RecordedEvent",
    "content_of",
    "events",
    "label",
    "places",
    "rests",
    "standing",
    "state",
]
