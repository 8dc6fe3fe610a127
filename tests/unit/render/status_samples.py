"""What `status` may say, with hostile words wherever outsiders have theirs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.unit import frozen

from counterseal.commands.status import Candidate, InForce, Merged, Opened, Proven, StageState, Status, Unseen, Way
from counterseal.evaluation.approvals import Approvals
from counterseal.gate.preview import Preview
from counterseal.history import RecordedEvent, ToldEvent
from counterseal.history.events import Hold, Revocation
from counterseal.model import Held, OpenChange, Release, Revoked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.evaluation.decision import Decision
    from counterseal.history import RecordedDecision
    from counterseal.model import Finding

PROVEN = Proven("github.com/777/5d1c", 5, "1234567890abcdef" * 2, sandbox=True)
NO_LEDGER = Proven("github.com/777/5d1c", None, None, sandbox=False)


class Samples:
    """Answers of `status`.

    Args:
        hostile: What an outsider writes.
        recorded: Puts a decision into a ledger.
        deny: A denied decision.
        lacking: Findings of an open request, most of which it lacks.
    """

    def __init__(
        self,
        hostile: str,
        recorded: Callable[..., RecordedDecision],
        deny: Decision,
        lacking: Sequence[Finding],
    ) -> None:
        self.hostile, self.lacking = hostile, tuple(lacking)
        self.allow, self.deny = recorded(frozen.ALLOW, 1), recorded(deny, 2)
        self.withdrawn = recorded(frozen.ALLOW, 3, withdrawn=True)
        self.malformed = recorded(frozen.DENY, 4)
        self.draft = Release(55, hostile, draft=True, assets=(), url=f"https://x/{hostile}")
        self.content = dataclasses.replace(frozen.REQUEST, reason=hostile)

    def opened(self, number: int, findings: Sequence[Finding] = (), problem: Unseen | None = None) -> Opened:
        nobody = Approvals((), (), ())
        known = Preview(
            *(number, frozen.HOST, frozen.PATH, "8d1e07b", "production", "ab" * 32, self.hostile),
            *(tuple(findings), nobody, ()),
        )
        change = OpenChange(number, f"https://github.com/{self.hostile}", inside=problem is None, branch=self.hostile)
        return Opened(change, (frozen.PATH,), None if problem else known, problem)

    def restricted(self) -> tuple[ToldEvent, ...]:
        """Return what is kept in mind of `restricting`."""
        entries = (known.entry.link for known in self.restricting())
        events = (known.event for known in self.restricting())
        return tuple(
            ToldEvent(link.sequence, link.entry_id, event) for link, event in zip(entries, events, strict=True)
        )

    def restricting(self) -> tuple[RecordedEvent, ...]:
        """Return a hold, a provisional revocation and a lasting one, with an outsider's words."""
        events = []
        for event in (frozen.HOLD, frozen.AT_ONCE, frozen.BY_TWO):
            assert isinstance(event.body, Hold | Revocation)
            events.append(dataclasses.replace(event, body=dataclasses.replace(event.body, reason=self.hostile)))
        entries = (self.allow.entry, self.deny.entry, self.malformed.entry)
        return tuple(RecordedEvent(entry, event) for entry, event in zip(entries, events, strict=True))

    def standing(self) -> tuple[InForce, ...]:
        held, at_once, by_two = self.restricted()
        hold, revoked = held.event.body, at_once.event.body
        by = f"{frozen.HOST}/1001"
        assert isinstance(hold, Hold)
        assert isinstance(revoked, Revocation)
        return (
            InForce(Held("a", 1, hold.stage, hold.stops, held.event.occurred_at, hold.until, by), held),
            InForce(Revoked("b", 2, revoked.target, revoked.since, revoked.until, by), at_once),
            InForce(Revoked("c", 4, revoked.target, revoked.since, None, by), by_two),
        )

    def requests(self) -> tuple[Opened, ...]:
        lost = Unseen(self.hostile, self.hostile, self.hostile)
        return self.opened(20, self.lacking), self.opened(19), self.opened(18, problem=lost)

    def merged(self) -> tuple[Merged, ...]:
        return (
            Merged(frozen.PATH, "3e49e01" * 5, self.content),
            Merged(f"promotions/{self.hostile}", "3e49e02" * 5, None),
            Merged("promotions@3e49e03", "3e49e03" * 5, None, strays=2),
        )

    def status(self) -> Status:
        return Status(
            proven=PROVEN,
            host=frozen.HOST,
            stages=(
                StageState("staging", publishes=False, known=None),
                StageState("production", True, self.allow, revoked=self.standing()[1], instead=self.malformed),
                StageState("canary", publishes=False, known=self.allow, listed=False, revoked=self.standing()[1]),
            ),
            candidates=(Candidate(self.draft, ()), Candidate(self.draft, ("staging", "canary"))),
            opened=self.requests(),
            merged=self.merged(),
            denied=(self.malformed, self.withdrawn, self.deny),
            unseen=(Unseen(self.hostile, self.hostile, self.hostile),),
            more={"candidates": 3, "merged": 2, "denied": 1},
            standing=self.standing(),
        )

    def empty(self) -> Status:
        """Return what is told of a project whose gate never ran, without a token."""
        gap = Unseen("candidates and open requests: no token for the forge", "GITHUB_TOKEN is not set", "set it")
        stages = (StageState("staging", publishes=False, known=None),)
        return Status(NO_LEDGER, frozen.HOST, stages, None, None, (), (), (gap,), {"merged": 0, "denied": 0})

    def nothing_waits(self) -> Status:
        return dataclasses.replace(self.empty(), candidates=(), opened=(), unseen=())

    def way(self) -> Way:
        events = (frozen.PUBLICATION, frozen.WITHDRAWN)
        return Way(
            proven=PROVEN,
            host=frozen.HOST,
            tag=self.hostile,
            releases=(self.draft, dataclasses.replace(self.draft, draft=False)),
            recorded=(
                *(self.deny, self.withdrawn),
                *(RecordedEvent(self.malformed.entry, event) for event in events),
                *self.restricting()[1:],
            ),
            merged=self.merged()[:1],
            opened=self.requests()[:2],
            unseen=(Unseen(self.hostile),),
            more=7,
        )
