"""What a gate appends to the ledger, with its signature: nothing that readers would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import ledger
from counterseal.errors import ServiceError
from counterseal.evaluation import PolicyUse, identity
from counterseal.formats import statement
from counterseal.gate import recording
from counterseal.history import events
from counterseal.history.events import Event, EventKind, Genesis
from counterseal.identifiers import POLICY_PATH
from counterseal.model import DigestSet, Entry, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.gate.opening import Gate
    from counterseal.ledger import Ledger


def genesis(gate: Gate) -> None:
    """Record entry 0. Reached only if notes and mirror are absent and no release proves an older ledger."""
    reference = gate.policy_reference
    about = [Subject(POLICY_PATH, reference.digest)]
    identifier = ledger.entry_id("genesis", gate.policy.ledger_id)

    def prepare(current_ledger: Ledger, _: Sequence[str]) -> recording.Draft | Entry:
        if entry := current_ledger.find(identifier):
            return entry
        event = Event(
            EventKind.GENESIS,
            gate.sources.clock.now(),
            gate.run.actor,
            PolicyUse(reference.uri, DigestSet(reference.digest), reference.revision, reference.ref),
            Genesis(gate.policy.ledger_id, reference.digest),
        )
        data = events.payload(event, about, current_ledger.next_link(identifier))
        return recording.Draft(data, identifier, None, f"0 genesis {gate.policy.ledger_id}")

    record(gate, prepare)


def record(gate: Gate, prepare: recording.Prepare) -> recording.Recorded:
    """Append to the ledger what `prepare` makes on its head, with this gate's signature.

    Raises:
        ServiceError: A run of a younger branch has written meanwhile, or this machine's clock is wrong.
    """

    def in_turn(current_ledger: Ledger, abandoned: Sequence[str]) -> recording.Draft | Entry:
        prepared = prepare(current_ledger, abandoned)
        if isinstance(prepared, recording.Draft):
            _check_turn(gate, current_ledger)
        return prepared

    def sign(payload: bytes) -> bytes:
        what = "the entry to be signed"  # one that readers would refuse would end the ledger
        gate.reader.judge.check(identity.claimed(gate.run), statement.parse(payload, what), what)
        return gate.signer.sign_statement(payload)

    def fits(line: bytes) -> bool:
        attestation = gate.reader.verifier.verify_statement(line, "the signed entry")
        gate.reader.judge(attestation, "the signed entry")
        if abs(gate.sources.clock.now() - attestation.signed_at) > ledger.MAX_SKEW:
            raise ServiceError(
                "the clock of this machine and the timestamp of the signature are more than 5 minutes apart",
                why=f"the signature has {attestation.signed_at:%Y-%m-%dT%H:%M:%SZ}",
                fix="set the machine's clock, then run the gate again",
            )
        return ledger.moment_problem(attestation) is None

    return recording.record(gate.store, read=gate.reader.read, prepare=in_turn, sign=sign, fits=fits)


def _check_turn(gate: Gate, current_ledger: Ledger) -> None:
    """Refuse to append after a run of a younger branch: along the ledger the signers' revisions never go back."""
    last = current_ledger.entries[-1].attestation.certificate.source_revision if current_ledger.entries else None
    if last and last != gate.run.revision and gate.reader.is_older(gate.run.revision, last):
        raise ServiceError(
            f"this run is of {gate.run.revision[:12]}, and a run of {last[:12]}, which is newer, has written since",
            why="policy or gate may have changed between the two",
            fix=f"start the workflow anew on {gate.run.ref}",
        )
