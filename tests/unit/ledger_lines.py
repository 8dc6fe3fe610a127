"""A ledger whose lines are bare statements where signed bundles would be: signatures are another room's work.

Everything here is about bytes, places and trees. `Book` writes one entry after the other into any store; each is what a
gate writes: decisions with their evidence, withdrawals, publications, audits.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests import evidence_samples as samples

from counterseal import ledger
from counterseal.evaluation import PolicyUse
from counterseal.evaluation import decision as decisions
from counterseal.evaluation.decision import Decision
from counterseal.formats import digests, statement
from counterseal.gate.ledger import LedgerReader, Tip
from counterseal.history import events
from counterseal.history.events import (
    Audit,
    EntryReference,
    Event,
    EventKind,
    Genesis,
    Publication,
    PublishedAsset,
    Withdrawn,
)
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Attestation, Certificate, DigestSet, DocumentDigest, Outcome, Statement, Subject

if TYPE_CHECKING:
    from counterseal.model import Entry, NewCommit, Pushed
    from counterseal.ports import LedgerStore

LEDGER = "github.com/777/5d1c"
FIRST = datetime(2026, 11, 24, 9, 10, 44, tzinfo=UTC)
_POLICY = PolicyUse(POLICY_PATH, DigestSet("aa" * 32), "bb" * 20, "refs/heads/main")
_ABOUT = [Subject(POLICY_PATH, "aa" * 32)]
_DECISION = decisions.decide(samples.evidence(), [])


class Verifier:
    """Takes every statement for one that the gate signed in a run that `trigger` started."""

    def __init__(self, trigger: str = "push") -> None:
        self.trigger = trigger
        self.asked = 0

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:
        self.asked += 1
        content = statement.parse(bundle, what)
        predicate = content.predicate
        said = predicate["body"]["trigger"] if predicate.get("kind") == EventKind.AUDIT else self.trigger
        by = Certificate(san="https://ca.example/gate", issuer="https://ca.example", trigger=said)
        moment = predicate.get("decidedAt") or predicate.get("occurredAt")
        at = datetime.fromisoformat(str(moment))
        return Attestation(content, bundle, by, at, 0, bundle, digests.sha256(bundle))


class Judge:
    """Lets everybody sign."""

    def __call__(self, attestation: Attestation, what: str) -> None:
        """Accept."""

    def check(
        self, certificate: Certificate, signed: Statement, what: str, *, signed_at: datetime | None = None
    ) -> None:
        """Accept."""

    def is_older(self, revision: str | None, other: str | None) -> bool:  # noqa: ARG002 - as the real one
        return False

    def world(self) -> str:
        return "a branch"


def reader(ledger_id: str = LEDGER) -> LedgerReader:
    """Return a reader that believes every line."""
    return LedgerReader(ledger_id, Verifier(), Judge())  # type: ignore[arg-type]


def identifier(name: str) -> str:
    """Return an entry id."""
    return ledger.entry_id("decision", LEDGER, f"promotions/production/{name}.json")


def evidence_of(name: str) -> bytes:
    """Return the stand-in for what a decision rests on."""
    return b'{"evidence":"%s"}' % name.encode()


def decision(name: str, **changes: Any) -> Decision:
    """Return an allow with these fields instead, which publishes, of a manifest and a revision of its own."""
    document = evidence_of(name)
    named = digests.sha256(name.encode())
    assert _DECISION.source is not None
    fields: dict[str, Any] = {
        "outcome": Outcome.ALLOW,
        "findings": (),
        "publishes": True,
        "manifest": DigestSet(named),
        "source": dataclasses.replace(_DECISION.source, revision=named[:40], tag=f"v{name}", merged=True),
        "evidence_digest": DocumentDigest(digests.sha256(document), digests.git_object("blob", document)),
    }
    return dataclasses.replace(_DECISION, **{**fields, **changes})


def event(kind: EventKind, body: Any, at: datetime = FIRST) -> Event:
    """Return an event."""
    return Event(kind, at, samples.RUN.actor, _POLICY, body)


def payload(tip: Tip, content: Decision | Event, entry_id: str) -> bytes:
    """Return a statement for the next place in a ledger."""
    link = tip.next_link(entry_id, content)
    if isinstance(content, Decision):
        return decisions.payload(content, _ABOUT, link)
    return events.payload(content, _ABOUT, link)


def entry(line: bytes) -> Entry:
    """Return the entry in a line, taken on trust."""
    return reader().entry(line, "a stand-in")


class Book:
    """Writes a ledger into a store.

    Args:
        store: The store.
        since: When the first entry is made; each is a minute after the one before.
    """

    def __init__(self, store: LedgerStore, since: datetime = FIRST) -> None:
        self.store = store
        self.reader = reader()
        self.entries: list[Entry] = []
        self.at = since

    def tip(self) -> Tip:
        """Return the ledger as the store has it."""
        return self.reader.read(self.store)

    def commit(
        self, content: Decision | Event, entry_id: str, tip: Tip | None = None, evidence: bytes = b""
    ) -> NewCommit:
        """Return the commit of an entry, not pushed."""
        tip = tip or self.tip()
        line = payload(tip, content, entry_id)
        return tip.appended(self.reader.entry(line, "a stand-in"), f"{tip.size} entry", evidence)[0]

    def write(self, content: Decision | Event, entry_id: str, evidence: bytes = b"") -> Pushed:
        """Record an entry."""
        tip = self.tip()
        line = payload(tip, content, entry_id)
        pushed = self.store.push(tip.appended(self.reader.entry(line, "a stand-in"), f"{tip.size} entry", evidence)[0])
        self.entries.append(self.reader.entry(line, "a stand-in"))
        self.at += timedelta(minutes=1)
        return pushed

    def begin(self) -> None:
        """Record the genesis."""
        body = Genesis(LEDGER, "aa" * 32)
        self.write(event(EventKind.GENESIS, body, self.at), ledger.entry_id("genesis", LEDGER))

    def decide(self, name: str, **changes: Any) -> Entry:
        """Record a decision."""
        made = decision(name, decided_at=self.at, **changes)
        self.write(made, identifier(name), evidence_of(name))
        return self.entries[-1]

    def publish(self, name: str) -> None:
        """Record the publication of an allow."""
        allow = self._of(name)
        made = decision(name)
        assert made.source is not None
        assert made.manifest is not None
        body = Publication(made.stage, made.source.tag, made.manifest.sha256, _reference(allow), 55, (_ASSET,))
        identified = ledger.entry_id("publication", LEDGER, allow.link.entry_id)
        self.write(event(EventKind.PUBLICATION, body, self.at), identified)

    def withdraw(self, name: str) -> None:
        """Record the withdrawal of an allow."""
        allow = self._of(name)
        made = decision(name)
        assert made.manifest is not None
        body = Withdrawn(made.stage, made.manifest.sha256, _reference(allow), "tag-moved", {})
        identified = ledger.entry_id("withdrawn", LEDGER, allow.link.entry_id)
        self.write(event(EventKind.WITHDRAWN, body, self.at), identified)

    def audit(self, trigger: str = "push", verified: int | None = None, swept: Any = None) -> None:
        """Record an audit of all that is there."""
        tip = self.tip()
        body = Audit(tip.size - 1 if verified is None else verified, trigger, swept)
        self.write(event(EventKind.AUDIT, body, self.at), ledger.entry_id("audit", LEDGER, str(tip.size)))

    def _of(self, name: str) -> Entry:
        return next(known for known in self.entries if known.link.entry_id == identifier(name))


_ASSET = PublishedAsset("app.whl", "cc" * 32, 5)


def _reference(known: Entry) -> EntryReference:
    return EntryReference(known.link.entry_id, known.link.sequence, digests.sha256(known.line))


def book(store: LedgerStore, decided: int) -> Book:
    """Return a ledger with a genesis and so many decisions."""
    written = Book(store)
    written.begin()
    for number in range(decided):
        written.decide(str(number))
    return written
