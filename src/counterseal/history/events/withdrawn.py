"""A withdrawal: an allow that must be ignored."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.history.events.entry_reference import EntryReference


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Body of a withdrawal: an allow that must be ignored, and why."""

    decision: EntryReference
    reason: str
