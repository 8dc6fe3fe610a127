"""How an event names an entry of the ledger that is already pushed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EntryReference:
    """An entry that is already pushed: its id, place, and the sha256 of its line."""

    entry_id: str
    sequence: int
    line: str
