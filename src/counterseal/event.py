"""The other things that are recorded beside decisions → statement, and back. It decides nothing.

`event/v1` is {kind, occurredAt, actor, policy, body, ledger} (docs/formats.md#event). An unknown
kind is an error: a hold that an old reader skipped over would not hold anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from counterseal import statement as statements
from counterseal import wire
from counterseal.decision import PolicyUse
from counterseal.errors import FormatError
from counterseal.identifiers import EVENT
from counterseal.model import Actor, LedgerLink, Statement, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence


class EventKind(StrEnum):
    """Every kind that this version knows."""

    GENESIS = "genesis"
    PUBLICATION = "publication"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Genesis:
    """Body of entry 0: which ledger begins, under which policy (sha256)."""

    ledger_id: str
    policy_digest: str


@dataclass(frozen=True, slots=True)
class EntryReference:
    """An entry that is already pushed: its id, place, and the sha256 of its line."""

    entry_id: str
    sequence: int
    line: str


@dataclass(frozen=True, slots=True)
class PublishedAsset:
    """A file of the release as it was read back."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Publication:
    """Body of a publication: these assets, and no others but the ledger proof, are the release (it is sealed)."""

    stage: str
    tag: str
    manifest: str
    decision: EntryReference
    release: int
    assets: tuple[PublishedAsset, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Body of a withdrawal: an allow that must be ignored, and why."""

    decision: EntryReference
    reason: str


Body = Genesis | Publication | Withdrawn
_BODIES: dict[EventKind, type[Body]] = {
    EventKind.GENESIS: Genesis,
    EventKind.PUBLICATION: Publication,
    EventKind.WITHDRAWN: Withdrawn,
}


@dataclass(frozen=True, slots=True)
class Event:
    """An event, complete but for its place in the ledger."""

    kind: EventKind
    occurred_at: datetime
    actor: Actor
    policy: PolicyUse
    body: Body


@dataclass(frozen=True, slots=True)
class _Envelope:
    kind: str
    occurred_at: datetime
    actor: Actor
    policy: PolicyUse
    body: dict[str, Any]


def payload(event: Event, about: Sequence[Subject], link: LedgerLink) -> bytes:
    """Return the canonical bytes of the event statement at its place in the ledger."""
    return statements.build(about, EVENT, {**wire.encode(event), "ledger": wire.encode(link)})


def parse(statement: Statement, what: str) -> Event:
    """Return the event in a statement; unknown fields are ignored, an unknown kind is not.

    Raises:
        FormatError: It is no event, or of a kind that this version does not know.
    """
    statements.check_critical(statement.predicate, (*wire.keys(Event), "ledger"), what)
    found = wire.decode_lenient(_Envelope, dict(statement.predicate), what)
    try:
        kind = EventKind(found.kind)
    except ValueError:
        raise FormatError(f"{what}: unknown kind of event {found.kind!r}", fix="upgrade counterseal") from None
    body = wire.decode_lenient(_BODIES[kind], found.body, f"{what} ({kind})")
    return Event(kind, found.occurred_at, found.actor, found.policy, body)
