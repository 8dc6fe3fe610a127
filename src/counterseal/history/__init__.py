"""The fold of a ledger: what is where, who said so, when and why. `events/` has one kind of event a file.

It believes the entries that it is given; whether they are signed and chained is known by then.
"""

from __future__ import annotations

from counterseal.history.brief import Brief, brief, mentions, slim
from counterseal.history.fold import History, RecordedDecision, RecordedEvent, Told, ToldEvent, content_of, label, said
from counterseal.history.past import Past
from counterseal.history.sums import Sums

__all__ = [
    "Brief",
    "History",
    "Past",
    "RecordedDecision",
    "RecordedEvent",
    "Sums",
    "Told",
    "ToldEvent",
    "brief",
    "content_of",
    "events",
    "label",
    "mentions",
    "places",
    "rests",
    "said",
    "slim",
    "standing",
    "state",
]
