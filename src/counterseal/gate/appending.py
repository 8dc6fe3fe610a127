"""What a gate appends to the ledger, with its signature: nothing that readers would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import ledger
from counterseal.errors import ServiceError
from counterseal.evaluation import PolicyUse, identity
from counterseal.formats import statement
from counterseal.gate.ledger import recording
from counterseal.history import events
from counterseal.history.events import Audit, Event, EventKind, Genesis
from counterseal.identifiers import POLICY_PATH
from counterseal.model import DigestSet, Entry, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from counterseal.gate.ledger.tip import Tip
    from counterseal.gate.opening import Gate
    from counterseal.history.events import Body, Moved, Swept


def genesis(gate: Gate) -> recording.Recorded:
    """Record entry 0. Reached only if the ledger's branch is absent and no release proves an older ledger."""
    policy = gate.policy
    body = Genesis(policy.ledger_id, gate.policy_reference.digest, policy.predecessor)
    return _record_event(gate, EventKind.GENESIS, body)


def audit(
    gate: Gate,
    swept: Callable[[Tip], Swept | None],
    moved: Callable[[Collection[Moved]], tuple[Moved, ...] | None],
) -> recording.Recorded:
    """Read the whole ledger, from entry 0, and record that it was verified.

    Args:
        gate: The gate.
        swept: Says on a tip how far requests were looked for.
        moved: Says how the branch was moved otherwise than by appends, beside what earlier audits say.
    """
    known: list[Moved] = []

    def read() -> Tip:
        whole = gate.reader.read_whole(gate.store)
        known[:] = whole.sums.moved
        return whole.tip

    def prepare(tip: Tip, _: Sequence[str]) -> recording.Draft | Entry:
        body = Audit(tip.size - 1, gate.run.event, swept(tip), moved(known))
        # an audit is of a run: one that is tried again after a lost answer finds its own
        identifier = ledger.entry_id(EventKind.AUDIT, tip.id, gate.run.url, str(gate.run.attempt), str(tip.size))
        return event(gate, tip, EventKind.AUDIT, body, identifier)

    return record(gate, prepare, read)


def _record_event(gate: Gate, kind: EventKind, body: Genesis) -> recording.Recorded:
    identifier = ledger.entry_id(kind, gate.policy.ledger_id)

    def prepare(tip: Tip, _: Sequence[str]) -> recording.Draft | Entry:
        return tip.find(identifier) or event(gate, tip, kind, body, identifier)

    return record(gate, prepare)


def event(gate: Gate, tip: Tip, kind: EventKind, body: Body, identifier: str) -> recording.Draft:
    """Return an event, to be signed on a tip; it names the policy, and as its actor the person of the run."""
    reference = gate.policy_reference
    use = PolicyUse(reference.uri, DigestSet(reference.digest), reference.revision, reference.ref)
    happened = Event(kind, gate.sources.clock.now(), gate.run.actor, use, body)
    link = tip.next_link(identifier, happened)
    data = events.payload(happened, [Subject(POLICY_PATH, reference.digest)], link)
    return recording.Draft(data, identifier, f"{link.sequence} {kind}")


def record(gate: Gate, prepare: recording.Prepare, read: recording.Read | None = None) -> recording.Recorded:
    """Append to the ledger what `prepare` makes on its tip, with this gate's signature.

    Args:
        gate: The gate.
        prepare: Decides on the ledger as it is read.
        read: Reads it; None: at its tip.

    Raises:
        ServiceError: A run of a younger branch has written meanwhile, or this machine's clock is wrong.
    """

    def in_turn(tip: Tip, abandoned: Sequence[str]) -> recording.Draft | Entry:
        prepared = prepare(tip, abandoned)
        if isinstance(prepared, recording.Draft):
            _check_turn(gate, tip)
        return prepared

    def sign(payload: bytes) -> bytes:
        what = "the entry to be signed"  # one that readers would refuse would end the ledger
        gate.reader.judge.check(identity.claimed(gate.run), statement.parse(payload, what), what)
        return gate.signer.sign_statement(payload)

    def fits(line: bytes) -> Entry | None:
        attestation = gate.reader.verifier.verify_statement(line, "the signed entry")
        gate.reader.judge(attestation, "the signed entry")
        if abs(gate.sources.clock.now() - attestation.signed_at) > ledger.MAX_SKEW:
            raise ServiceError(
                "the clock of this machine and the timestamp of the signature are more than 5 minutes apart",
                why=f"the signature has {attestation.signed_at:%Y-%m-%dT%H:%M:%SZ}",
                fix="set the machine's clock, then run the gate again",
            )
        return None if ledger.moment_problem(attestation) else ledger.entry_of(line, attestation)

    read = read or (lambda: gate.reader.read(gate.store))
    recorded = recording.record(gate.store, read=read, prepare=in_turn, sign=sign, fits=fits)
    if recorded.warning:
        gate.notices.setdefault(recorded.warning)
    return recorded


def _check_turn(gate: Gate, tip: Tip) -> None:
    """Refuse to append after a run of a younger branch: along the ledger the signers' revisions never go back."""
    last = tip.last.attestation.certificate.source_revision if tip.last else None
    if last and last != gate.run.revision and gate.reader.judge.is_older(gate.run.revision, last):
        raise ServiceError(
            f"this run is of {gate.run.revision[:12]}, and a run of {last[:12]}, which is newer, has written since",
            why="policy or gate may have changed between the two",
            fix=f"start the workflow anew on {gate.run.ref}",
        )
