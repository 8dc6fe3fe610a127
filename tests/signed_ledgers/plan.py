"""What a ledger is to be made of: its parameters, and what each entry says. Nothing is signed or written here.

One release after another is asked for, decided in both stages, sometimes denied and asked for again, and then published
or withdrawn. The same parameters give the same plan.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from counterseal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

#: When the last entry was made; all of it lies in the past, so that a gate of today can go on.
END: Final = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
#: Between two entries: 100,000 of them are of two years.
STEP: Final = timedelta(minutes=10)
#: How often a request is denied, and how often an allow of production is withdrawn and not published.
DENIED, WITHDRAWN = 0.15, 0.05


@dataclass(frozen=True, slots=True)
class Parameters:
    """What decides over every byte, but for keys and the random part of signatures.

    Attributes:
        entries: How long the ledger is.
        commits: How long the source branch is, at least 3.
        policies: How many policies that branch had, one after the other.
        evidence: Whether the document that a decision rests on lies beside it.
        after: How many entries are younger than the newest audit; None: there are no audits, which have no format yet.
        port: Of the sandbox whose gate signs: its address stands in each certificate.
        seed: Of what differs from release to release.
    """

    entries: int
    commits: int = 10_000
    policies: int = 50
    evidence: bool = True
    after: int | None = None
    port: int = 28_470
    seed: int = 1

    def __post_init__(self) -> None:
        if self.entries < 1 or self.commits < 3 or not 1 <= self.policies < self.commits:
            raise ValueError(f"no ledger can be made of {self}")
        if self.after is not None:
            raise ValueError("no ledger has audits yet")

    @property
    def name(self) -> str:
        """Return a name for files."""
        beside, audit = "evidence" if self.evidence else "bare", "" if self.after is None else f"after-{self.after}-"
        return f"{self.entries}-{self.commits}-{self.policies}-{beside}-{audit}{self.port}-{self.seed}"

    @property
    def url(self) -> str:
        """Return where the sandbox is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def begin(self) -> datetime:
        """Return a moment before everything."""
        return self.moment(-144)

    def moment(self, sequence: int) -> datetime:
        """Return when an entry is made."""
        return END - (self.entries - 1 - sequence) * STEP

    def commit(self, sequence: int) -> int:
        """Return the place on the source branch of the commit whose run makes an entry; its last one is nobody's."""
        return 1 + sequence * (self.commits - 2) // self.entries


class Kind(StrEnum):
    """What an entry is."""

    GENESIS = "genesis"
    DECISION = "decision"
    PUBLICATION = "publication"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Step:
    """One entry.

    Attributes:
        sequence: Its place.
        kind: What it is.
        release: The number of the release that it is about.
        stage: Of a decision, or of the decision that an event is about.
        outcome: Of a decision.
        request: The number of the request that is decided.
        about: The entry that it stands on: of an event its decision, of a decision for production that for staging.
        first: The first entry about this release.
    """

    sequence: int
    kind: Kind
    release: int = 0
    stage: str = ""
    outcome: Outcome = Outcome.DENY
    request: int = 0
    about: int = 0
    first: int = 0


def plan(parameters: Parameters) -> Iterator[Step]:
    """Yield all entries in their order; at the end no allow waits for its publication."""
    yield Step(0, Kind.GENESIS)
    steps = _releases(random.Random(parameters.seed))
    for step in steps:
        if step.sequence == parameters.entries:
            return
        last = step.sequence == parameters.entries - 1
        if last and step.stage == "production" and step.outcome is Outcome.ALLOW and step.kind is Kind.DECISION:
            yield replace(step, outcome=Outcome.DENY)
        else:
            yield step


def _releases(chance: random.Random) -> Iterator[Step]:
    """Yield what one release after the other needs, for ever."""
    sequence, request, release = 1, 0, 0
    while True:
        release, first, staged = release + 1, sequence, 0
        for stage in ("staging", "production"):
            outcome = Outcome.DENY
            while outcome is Outcome.DENY:
                request += 1
                outcome = Outcome.DENY if chance.random() < DENIED else Outcome.ALLOW
                yield Step(sequence, Kind.DECISION, release, stage, outcome, request, staged, first)
                sequence += 1
            staged = sequence - 1
        kind = Kind.WITHDRAWN if chance.random() < WITHDRAWN else Kind.PUBLICATION
        yield Step(sequence, kind, release, "production", Outcome.ALLOW, request, staged, first)
        sequence += 1
