"""What there is in a ledger, in all: told without its entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from counterseal.evaluation import Decision
from counterseal.history.events import Audit, Event, Genesis, Moved
from counterseal.model import Predecessor

#: What decisions are counted as; events are by their kind.
DECISION: Final = "decision"


@dataclass(slots=True)
class Sums:
    """What there is in all.

    Attributes:
        kinds: How many entries there are of each kind.
        stages: Those that decisions are about, by their first ones.
        newest: When the last decision was made.
        follows: The ledger that the genesis says this one comes after.
        moved: How its branch was moved otherwise than by appends, as audits say.
    """

    kinds: dict[str, int] = field(default_factory=dict)
    stages: list[str] = field(default_factory=list)
    newest: datetime | None = None
    follows: Predecessor | None = None
    moved: list[Moved] = field(default_factory=list)

    def add(self, content: Decision | Event) -> None:
        """Take the next entry."""
        kind = DECISION if isinstance(content, Decision) else str(content.kind)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if isinstance(content, Decision):
            if content.stage not in self.stages:
                self.stages.append(content.stage)
            self.newest = max(self.newest or content.decided_at, content.decided_at)
        elif isinstance(content.body, Genesis):
            self.follows = content.body.predecessor
        elif isinstance(content.body, Audit):
            self.moved += content.body.moved or ()
