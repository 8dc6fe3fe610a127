"""What a ledger is to be made of: its parameters, and what each entry says. Nothing is signed or written here.

One release after another is asked for, decided in both stages, sometimes denied and asked for again, and then published
or withdrawn. The same parameters give the same plan.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from counterseal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: When the last entry was made; all of it lies in the past, so that a gate of today can go on.
END: Final = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
#: Between two entries: 100,000 of them are of two years.
STEP: Final = timedelta(minutes=10)
#: How many entries there are between two audits: with one more, the next gate audits first.
BETWEEN: Final = 64
#: How often a request is denied, and how often an allow of production is withdrawn and not published.
DENIED, WITHDRAWN = 0.15, 0.05


@dataclass(frozen=True, slots=True)
class Parameters:
    """What decides over every byte, but for keys and the random part of signatures.

    Attributes:
        entries: How long the ledger is.
        commits: How long the source branch is, at least 3.
        policies: How many policies that branch had, one after the other.
        after: How many entries lie after the newest audit, or after the genesis where there is no room for an audit.
        port: Of the sandbox whose gate signs: its address stands in each certificate.
        seed: Of what differs from release to release.
    """

    entries: int
    commits: int = 10_000
    policies: int = 50
    after: int = 0
    port: int = 28_470
    seed: int = 1

    def __post_init__(self) -> None:
        if self.entries < 1 or self.commits < 3 or not 1 <= self.policies < self.commits:
            raise ValueError(f"no ledger can be made of {self}")
        if not 0 <= self.after <= BETWEEN:
            raise ValueError(f"a gate would audit before there are {self.after} entries after the newest audit")

    @property
    def name(self) -> str:
        """Return a name for files."""
        return f"{self.entries}-{self.commits}-{self.policies}-after-{self.after}-{self.port}-{self.seed}"

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
        return 1 + sequence * (self.commits - 3) // max(self.entries - 1, 1)

    def is_audit(self, sequence: int) -> bool:
        """Return whether an entry is an audit: the newest one, and each that is as far from the next as it may be."""
        before = self.entries - 1 - self.after - sequence
        return sequence > 0 and before >= 0 and before % (BETWEEN + 1) == 0


class Kind(StrEnum):
    """What an entry is."""

    GENESIS = "genesis"
    DECISION = "decision"
    PUBLICATION = "publication"
    WITHDRAWN = "withdrawn"
    AUDIT = "audit"


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
        trigger: What started the run that makes it. A schedule makes every other audit: once a day, at this pace.
    """

    sequence: int
    kind: Kind
    release: int = 0
    stage: str = ""
    outcome: Outcome = Outcome.DENY
    request: int = 0
    about: int = 0
    first: int = 0
    trigger: str = "push"


def plan(parameters: Parameters) -> Iterator[Step]:
    """Yield all entries in their order; at the end no allow waits for its publication."""
    yield Step(0, Kind.GENESIS)
    others = [sequence for sequence in range(1, parameters.entries) if not parameters.is_audit(sequence)]
    steps = _releases(random.Random(parameters.seed), others)
    triggers = itertools.cycle(("schedule", "push"))
    for sequence in range(1, parameters.entries):
        if parameters.is_audit(sequence):
            yield Step(sequence, Kind.AUDIT, trigger=next(triggers))
            continue
        step = next(steps)
        last = sequence == others[-1]
        if last and step.stage == "production" and step.outcome is Outcome.ALLOW and step.kind is Kind.DECISION:
            yield replace(step, outcome=Outcome.DENY)
        else:
            yield step


def _releases(chance: random.Random, sequences: Sequence[int]) -> Iterator[Step]:
    """Yield what one release after the other needs, at these places."""
    left = iter(sequences)
    request, release, sequence = 0, 0, next(left)
    while True:
        release, first, staged = release + 1, sequence, 0
        for stage in ("staging", "production"):
            outcome, decided = Outcome.DENY, 0
            while outcome is Outcome.DENY:
                request += 1
                outcome = Outcome.DENY if chance.random() < DENIED else Outcome.ALLOW
                yield Step(sequence, Kind.DECISION, release, stage, outcome, request, staged, first)
                decided, sequence = sequence, next(left)
            staged = decided
        kind = Kind.WITHDRAWN if chance.random() < WITHDRAWN else Kind.PUBLICATION
        yield Step(sequence, kind, release, "production", Outcome.ALLOW, request, staged, first)
        sequence = next(left)
