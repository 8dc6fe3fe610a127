"""What a clone says: its ledger, verified as a whole, the policy of its branch, and what was merged there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

from counterseal.commands import log
from counterseal.commands.status import in_force
from counterseal.commands.status.in_force import InForce
from counterseal.errors import CountersealError, UsageError
from counterseal.formats import event_request, manifest
from counterseal.gate import collect, request_files, selection
from counterseal.gate.ledger import ANYHOW, Asked, Whole
from counterseal.model import EventRequest, Policy, PromotionRequest
from counterseal.ports import SourceRepository

if TYPE_CHECKING:
    from counterseal.gate.ledger import LedgerReader, Tip
    from counterseal.history import History
    from counterseal.ports import LedgerSource


#: How many merged requests without a decision are read; one change may bring any number of files.
MAX_READ: Final = 200


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something that could not be seen, why, and how to see it."""

    what: str
    why: str = ""
    fix: str = ""

    @classmethod
    def of(cls, error: CountersealError) -> Self:
        """Return what an error kept from being seen."""
        return cls(error.what, error.why, error.fix)


@dataclass(frozen=True, slots=True)
class Proven:
    """How far the ledger is proven; `entries` None: the clone has none.

    `beat` is when a scheduled run audited it last; before the first one, when it began.
    """

    ledger_id: str
    entries: int | None
    head: str | None
    sandbox: bool
    beat: datetime | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged request without a decision; `content` None: it cannot be read, or is (`strays`) files that are none."""

    path: str
    revision: str
    content: PromotionRequest | EventRequest | None
    strays: int = 0


@dataclass(frozen=True, slots=True)
class Clone:
    """What a clone has: the tips of the ledger and of its branch, and what stands there.

    `unread` are the paths of merged requests without a decision beyond `MAX_READ`, `standing` the holds and revocations
    that are in force.
    """

    proven: Proven
    policy: Policy
    ledger: Whole
    merged: tuple[Merged, ...]
    tip: str | None
    head: str
    repository: SourceRepository
    unseen: tuple[Unseen, ...] = ()
    unread: tuple[str, ...] = ()
    standing: tuple[InForce, ...] = ()


def read(reader: LedgerReader, source: LedgerSource, at: datetime, how: Asked = ANYHOW) -> Clone:
    """Return what a clone has.

    Args:
        reader: Verifies the lines.
        source: Where the ledger lies.
        at: Now, by which it is told what is in force.
        how: Whom to tell, what is remembered.

    Raises:
        LedgerError: Its ledger is not what it was.
    """
    repository, head, unseen = reader.judge.repository, reader.judge.head, []
    policy, _ = collect.read_policy(repository, head)
    whole = reader.nothing(source)
    try:
        whole = log.read(reader, source, how)
    except UsageError as error:  # there is none, which is right as long as no gate ran
        unseen = [Unseen(error.what, f"{error.why}; if no gate ran yet, that is right", error.fix)]
    tip = whole.tip
    proven = Proven(
        policy.ledger_id,
        tip.size or None,
        tip.head,
        reader.judge.trust.sandbox,
        _beat(tip, whole.history),
    )
    requests = collect.merged_requests(repository, head)
    merged = selection.undecided(requests, selection.decided_on(tip, requests))
    return Clone(
        proven,
        policy,
        whole,
        tuple(_merged(repository, request) for request in merged[:MAX_READ]),
        tip.commit,
        head,
        repository,
        tuple(unseen),
        tuple(request.path for request in merged[MAX_READ:]),
        in_force.restrictions(whole.history, tip.state, at),
    )


def _beat(tip: Tip, history: History) -> datetime | None:
    if tip.state is not None and tip.state.heartbeat is not None:
        return tip.state.heartbeat.at
    return history.events[0].event.occurred_at if history.events else None


def _merged(repository: SourceRepository, request: collect.MergedRequest) -> Merged:
    content = None if request.strays else content_of(repository, request.revision, request.path)
    return Merged(request.path, request.revision, content, len(request.strays))


def content_of(repository: SourceRepository, revision: str, path: str) -> PromotionRequest | EventRequest | None:
    """Return what the request file at a revision says, or None if it says nothing."""
    try:
        data = repository.read_file(revision, path)
        if data is None:
            return None
        of_event = request_files.is_of_event(path)
        return event_request.parse(data, path) if of_event else manifest.parse_request(data, path)
    except CountersealError:
        return None
