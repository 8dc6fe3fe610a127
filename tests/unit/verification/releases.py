"""A release as verification sees it: a decision and its publication, signed by whomever a test says, and their proof.

Signatures are the verifier's work; here it hands out whatever the test says was signed. Everything else is real.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.unit import frozen

from counterseal import ledger
from counterseal.evaluation import Decision, decision
from counterseal.formats import digests, statement
from counterseal.history import events
from counterseal.history.events import EntryReference, Event, Publication
from counterseal.identifiers import GATE_ID
from counterseal.model import Attestation, Certificate, OwnGate, Subject, Trust
from counterseal.verification import Asked, Verdict, prove

if TYPE_CHECKING:
    from counterseal.model import Entry, LedgerLink
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
TRUST = Trust({frozen.HOST: frozen.RUN.issuer}, released=(GATE,), withdrawn=(), sandbox=False)


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


def verify(wanted: Wanted, proof: bytes, *, verifier: BundleVerifier, trust: Trust, now: datetime) -> Verdict:
    """Return the verdict on one file."""
    asked = Asked(**{each.name: getattr(wanted, each.name) for each in dataclasses.fields(Asked)})
    return prove(asked, proof, verifier=verifier, trust=trust, now=now).verdict(wanted.file_name, wanted.digest)


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

    def proof(self) -> bytes:
        """Return the `ledger-proof.json` of the release."""
        chain = ledger.Chain(frozen.LEDGER)
        self._append(chain, "genesis", lambda link: events.payload(frozen.GENESIS, frozen.POLICY_FILE, link))
        entry = self._append(chain, frozen.PATH, lambda link: decision.payload(self.decision, self.about, link))
        reference = self.reference(EntryReference(entry.link.entry_id, 1, entry.attestation.digest))
        event, body = self.publication, self.publication.body
        if isinstance(body, Publication):
            event = dataclasses.replace(event, body=dataclasses.replace(body, decision=reference))
        sealed = self._append(chain, "publication", lambda link: events.payload(event, self.about, link))
        return chain.proof(entry, sealed)

    def _append(self, chain: ledger.Chain, name: str, payload: Callable[[LedgerLink], bytes]) -> Entry:
        certificate, at = (self.signer, self.signed_at) if name == frozen.PATH else (self.sealer, self.sealed_at)
        before = frozen.revision(str(chain.size)) if chain.size else None
        link = chain.link(ledger.entry_id("decision", frozen.LEDGER, name), before, before, frozen.digest("state"))
        line = self.signed.sign(payload(link), certificate, at)
        entry = ledger.entry_of(line, self.signed.lines[line])
        chain.add(entry)
        return entry

    def verify(self, wanted: Wanted = WANTED, trust: Trust = TRUST) -> Verdict:
        return verify(wanted, self.proof(), verifier=self.signed, trust=trust, now=NOW)


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
