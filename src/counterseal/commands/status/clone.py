"""What a clone says: its ledger, verified as a whole, the policy of its branch, and what was merged there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from counterseal import ledger as ledgers
from counterseal.commands import log
from counterseal.errors import CountersealError, UsageError
from counterseal.formats import manifest
from counterseal.gate import collect, selection
from counterseal.history import History
from counterseal.model import Policy, PromotionRequest
from counterseal.ports import SourceRepository

if TYPE_CHECKING:
    from counterseal.gate import reading
    from counterseal.model import StoredLedger


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
    """How far the ledger is proven; `entries` None: the clone has none."""

    ledger_id: str
    entries: int | None
    head: str | None
    mirror: bool
    sandbox: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged request without a decision; `content` None: it cannot be read, or is (`strays`) files that are none."""

    path: str
    revision: str
    content: PromotionRequest | None
    strays: int = 0


@dataclass(frozen=True, slots=True)
class Clone:
    """What a clone has: the tips of notes and mirror and of its branch, and what stands there.

    `unread` are the paths of merged requests without a decision beyond `MAX_READ`.
    """

    proven: Proven
    policy: Policy
    history: History
    merged: tuple[Merged, ...]
    tips: tuple[str | None, str | None]
    head: str
    repository: SourceRepository
    unseen: tuple[Unseen, ...] = ()
    unread: tuple[str, ...] = ()


def read(reader: reading.LedgerReader, stored: StoredLedger) -> Clone:
    """Return what a clone has.

    Raises:
        LedgerError: Its ledger is not what it was.
    """
    repository, head, unseen = reader.judge.repository, reader.judge.head, []
    policy, _ = collect.read_policy(repository, head)
    ledger, there = ledgers.check([], policy.ledger_id), stored.notes is not None or stored.mirror is not None
    try:
        ledger = log.read(reader, stored)
    except UsageError as error:  # there is none, which is right as long as no gate ran
        unseen = [Unseen(error.what, f"{error.why}; if no gate ran yet, that is right", error.fix)]
    proven = Proven(
        policy.ledger_id,
        len(ledger.entries) if there else None,
        ledger.head,
        stored.mirror is not None,
        reader.judge.trust.sandbox,
    )

    def is_decided(path: str) -> bool:
        return ledger.find(ledgers.entry_id("decision", ledger.id, path)) is not None

    merged = selection.undecided(collect.merged_requests(repository, head), is_decided)
    return Clone(
        proven,
        policy,
        History(ledger.entries),
        tuple(_merged(repository, request) for request in merged[:MAX_READ]),
        (stored.notes, stored.mirror),
        head,
        repository,
        tuple(unseen),
        tuple(request.path for request in merged[MAX_READ:]),
    )


def _merged(repository: SourceRepository, request: collect.MergedRequest) -> Merged:
    content = None if request.strays else content_of(repository, request.revision, request.path)
    return Merged(request.path, request.revision, content, len(request.strays))


def content_of(repository: SourceRepository, revision: str, path: str) -> PromotionRequest | None:
    """Return what the request file at a revision says, or None if it says nothing."""
    try:
        data = repository.read_file(revision, path)
        return None if data is None else manifest.parse_request(data, path)
    except CountersealError:
        return None
