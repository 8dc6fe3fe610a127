"""The other things that are recorded beside decisions → statement, and back. It decides nothing.

`event/v1` is {kind, occurredAt, actor, policy, body, ledger} (docs/formats.md#event). An unknown
kind is an error: a hold that an old reader skipped over would not hold anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from counterseal.errors import FormatError
from counterseal.evaluation import PolicyUse
from counterseal.formats import statement as statements
from counterseal.formats import wire
from counterseal.history.events.audit import Audit
from counterseal.history.events.genesis import Genesis
from counterseal.history.events.hold import Hold
from counterseal.history.events.publication import Publication
from counterseal.history.events.reinstatement import Reinstatement
from counterseal.history.events.resume import Resume
from counterseal.history.events.revocation import Revocation
from counterseal.history.events.withdrawn import Withdrawn
from counterseal.identifiers import EVENT
from counterseal.model import Actor, LedgerLink, Statement, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence


class EventKind(StrEnum):
    """Every kind that this version knows."""

    GENESIS = "genesis"
    PUBLICATION = "publication"
    WITHDRAWN = "withdrawn"
    AUDIT = "audit"
    HOLD = "hold"
    RESUME = "resume"
    REVOCATION = "revocation"
    REINSTATEMENT = "reinstatement"


Body = Genesis | Publication | Withdrawn | Audit | Hold | Resume | Revocation | Reinstatement
_BODIES: dict[EventKind, type[Body]] = {
    EventKind.GENESIS: Genesis,
    EventKind.PUBLICATION: Publication,
    EventKind.WITHDRAWN: Withdrawn,
    EventKind.AUDIT: Audit,
    EventKind.HOLD: Hold,
    EventKind.RESUME: Resume,
    EventKind.REVOCATION: Revocation,
    EventKind.REINSTATEMENT: Reinstatement,
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
    envelope = wire.decode_lenient(_Envelope, dict(statement.predicate), what)
    try:
        kind = EventKind(envelope.kind)
    except ValueError:
        raise FormatError(f"{what}: unknown kind of event {envelope.kind!r}", fix="upgrade counterseal") from None
    body = wire.decode_lenient(_BODIES[kind], envelope.body, f"{what} ({kind})")
    return Event(kind, envelope.occurred_at, envelope.actor, envelope.policy, body)
