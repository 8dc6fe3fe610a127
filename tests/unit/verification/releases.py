"""A release as verification sees it: a decision and its publication, signed by whomever a test says, and their proof.

Signatures are the verifier's work; here it hands out whatever the test says was signed. Everything else is real.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.unit import frozen

from counterseal import ledger
from counterseal.evaluation import Decision, decision
from counterseal.formats import digests, statement
from counterseal.history import events
from counterseal.history import state as states
from counterseal.history.events import EntryReference, Event, Publication
from counterseal.identifiers import GATE_ID
from counterseal.model import Attestation, Certificate, OwnGate, Subject, Trust
from counterseal.verification import Asked, Told, Verdict, knowledge, prove

if TYPE_CHECKING:
    from counterseal.history.state import State
    from counterseal.model import Entry
    from counterseal.ports import BundleVerifier

GATE, OTHER_GATE = frozen.revision("gate"), frozen.revision("another gate")
GATE_CERTIFICATE = dataclasses.replace(
    frozen.CERTIFICATE,
    san=f"{GATE_ID}@{GATE}",
    signer_uri=f"{GATE_ID}@{GATE}",
    signer_digest=GATE,
    source_revision=frozen.MERGE,
    source_ref=frozen.MAIN,
    config_uri=f"{frozen.SOURCE}/.github/workflows/promote.yml@{frozen.MAIN}",
    config_digest=frozen.MERGE,
)
OWN_SAN = f"{frozen.SOURCE}/.github/workflows/gate.yml@{frozen.MAIN}"
OWN_CERTIFICATE = dataclasses.replace(
    GATE_CERTIFICATE, san=OWN_SAN, signer_uri=OWN_SAN, signer_digest=frozen.MERGE, config_uri=OWN_SAN
)
TRUST = Trust({frozen.HOST: frozen.RUN.issuer}, released=(GATE,), withdrawn={}, sandbox=False)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A file and what is asked of it."""

    file_name: str
    digest: str
    stage: str
    host: str
    repository: str
    repository_id: int | None = None
    revisions: tuple[str, ...] | None = None
    own_gate: OwnGate | None = None
    ledger: str | None = None
    least: int | None = None
    max_age: timedelta | None = None
    current: bool = False

    @property
    def asked(self) -> Asked:
        """Return what is asked of every file."""
        return Asked(**{each.name: getattr(self, each.name) for each in dataclasses.fields(Asked)})


def verify(
    wanted: Wanted,
    proof: bytes,
    *,
    verifier: BundleVerifier,
    trust: Trust,
    now: datetime,
    told: Told | None = None,
) -> Verdict:
    """Return the verdict on one file."""
    asked = wanted.asked
    known = knowledge.read(asked, told, verifier, trust) if told else None
    proven = prove(asked, proof, verifier=verifier, trust=trust, now=now, known=known)
    return proven.verdict(wanted.file_name, wanted.digest)


WANTED = Wanted(frozen.WHEEL.name, frozen.WHEEL.digest, "production", frozen.HOST, frozen.HOME.name)
DECIDED_AT, PUBLISHED_AT = frozen.ALLOW.decided_at, frozen.PUBLICATION.occurred_at
NOW = PUBLISHED_AT + timedelta(hours=2, minutes=59)


class Signed:
    """Verifies nothing: it knows who signed which line, and when. A stand-in for the port `BundleVerifier`."""

    def __init__(self) -> None:
        self.lines: dict[bytes, Attestation] = {}

    def sign(self, payload: bytes, certificate: Certificate, at: datetime) -> bytes:
        """Return a line around a payload: the payload itself."""
        found = statement.parse(payload, "a line")
        self.lines[payload] = Attestation(found, payload, certificate, at, 1881, payload, digests.sha256(payload))
        return payload

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:  # noqa: ARG002 - as the port has it
        return self.lines[bundle]

    def verify_digest(self, bundle: bytes, digest: str, what: str) -> Certificate:
        raise NotImplementedError


def as_it_is(reference: EntryReference) -> EntryReference:
    return reference


@dataclasses.dataclass
class Release:
    """A decision and its publication, as the only entries after the first; change one thing, then verify."""

    decision: Decision = frozen.ALLOW
    about: tuple[Subject, ...] = frozen.ABOUT
    publication: Event = frozen.PUBLICATION
    reference: Callable[[EntryReference], EntryReference] = as_it_is
    signer: Certificate = GATE_CERTIFICATE
    sealer: Certificate = GATE_CERTIFICATE
    signed_at: datetime = DECIDED_AT + timedelta(seconds=3)
    sealed_at: datetime = PUBLISHED_AT + timedelta(seconds=3)

    def __post_init__(self) -> None:
        self.signed = Signed()
        self.chain = ledger.Chain(frozen.LEDGER)
        self.state: State | None = None
        self.newest: Entry | None = None

    def proof(self) -> bytes:
        """Return the `ledger-proof.json` of the release."""
        self.chain, self.state = ledger.Chain(frozen.LEDGER), None
        self.append(frozen.GENESIS, "genesis")
        entry = self.append(self.decision, frozen.PATH, self.signer, self.signed_at)
        reference = self.reference(EntryReference(entry.link.entry_id, 1, entry.attestation.digest))
        event, body = self.publication, self.publication.body
        if isinstance(body, Publication):
            event = dataclasses.replace(event, body=dataclasses.replace(body, decision=reference))
        sealed = self.append(event, "publication")
        return self.chain.proof(entry, sealed, self.note())

    def note(self) -> bytes:
        """Return the ledger's note of its state as it is now."""
        assert self.newest is not None
        assert self.state is not None
        return ledger.state_note(self.newest.line, states.document(self.state))

    def append(
        self, content: Decision | Event, name: str, certificate: Certificate | None = None, at: datetime | None = None
    ) -> Entry:
        """Append an entry to the ledger that the release is in; return it."""
        chain, identifier = self.chain, ledger.entry_id("decision", frozen.LEDGER, name)
        self.state = states.after(self.state, content, frozen.LEDGER, identifier)
        before = frozen.revision(str(chain.size)) if chain.size else None
        link = chain.link(identifier, before, before, states.digest(self.state))
        payload = (
            decision.payload(content, self.about, link)
            if isinstance(content, Decision)
            else events.payload(content, frozen.POLICY_FILE if chain.size == 0 else self.about, link)
        )
        line = self.signed.sign(payload, certificate or self.sealer, at or self.sealed_at)
        self.newest = ledger.entry_of(line, self.signed.lines[line])
        chain.add(self.newest)
        return self.newest

    def verify(
        self, wanted: Wanted = WANTED, trust: Trust = TRUST, told: Told | None = None, now: datetime = NOW
    ) -> Verdict:
        proof = self.proof() if told is None else self.sealed
        return verify(wanted, proof, verifier=self.signed, trust=trust, now=now, told=told)

    @functools.cached_property
    def sealed(self) -> bytes:
        """Return the proof of the release, made once; then entries can be appended to its ledger."""
        return self.proof()


def released(**changes: Any) -> Release:
    return Release(**changes)


def decided(**changes: Any) -> Decision:
    return dataclasses.replace(frozen.ALLOW, **changes)


def published(**changes: Any) -> Event:
    body = frozen.PUBLICATION.body
    assert isinstance(body, Publication)
    return dataclasses.replace(frozen.PUBLICATION, body=dataclasses.replace(body, **changes))


def by(start: Certificate = GATE_CERTIFICATE, **changes: Any) -> Certificate:
    return dataclasses.replace(start, **changes)
