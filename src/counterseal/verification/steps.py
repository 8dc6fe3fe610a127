"""The consumer's side: the ledger proof of a release, a trust → what it proves, then a verdict on each file. Offline.

A proof is verified once, whatever the number of files: steps 2 to 5 are about the release. A file is then held to what
is proven, by its name and its digest. How much is known of what happened after the publication the last step says: the
release's own copy of the ledger's state, or a newer one that was handed over. A lone bundle proves nothing here: the
decision has to be included in the ledger, and published.
"""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from counterseal import ledger
from counterseal.errors import CountersealError, FormatError, VerificationError
from counterseal.evaluation import decision as decisions
from counterseal.formats import bundle, wire
from counterseal.history import events
from counterseal.history import state as states
from counterseal.history.events import EventKind, Publication
from counterseal.identifiers import DECISION, EVENT
from counterseal.model import FindingOutcome, Outcome, Trust
from counterseal.ports import BundleVerifier
from counterseal.verification import knowledge
from counterseal.verification.asked import check_signer, check_time
from counterseal.verification.looks import Look, fail
from counterseal.verification.proven import Proven, Published, Step

if TYPE_CHECKING:
    from counterseal.evaluation import Decision
    from counterseal.ledger import LedgerProof
    from counterseal.model import Attestation, Certificate
    from counterseal.verification.asked import Asked
    from counterseal.verification.knowledge import Known


@dataclass(frozen=True, slots=True)
class _Means:
    """By what a proof is judged: the consumer's verifier and trust, at a moment."""

    verifier: BundleVerifier
    trust: Trust
    now: datetime


def prove(
    asked: Asked,
    proof_file: bytes,
    *,
    verifier: BundleVerifier,
    trust: Trust,
    now: datetime,
    known: Known | CountersealError | None = None,
) -> Proven:
    """Return what a ledger proof proves; it is asked about files one by one.

    A proof that is one, of a decision that is signed, but that does not hold otherwise, is returned, too: it refuses
    every file, in the order of the steps (a file that is not in the decision is told so first).

    Args:
        asked: The question.
        proof_file: `ledger-proof.json` of the release, as downloaded.
        verifier: Checks signatures against the consumer's own trust root.
        trust: Which issuers and gate revisions the consumer believes.
        now: For the age of what is known.
        known: A state of the ledger beside the proof's own, or why there is none although one was handed over.

    Raises:
        VerificationError: It is no ledger proof, or its decision is not signed, or none.
    """
    proof, means = _read(proof_file), _Means(verifier, trust, now)
    try:
        decided = verifier.verify_statement(proof.decision_line, "the decision line of the ledger proof")
    except VerificationError as error:
        _check_own(asked, proof.decision_line, error)
        raise
    if decided.statement.predicate_type != DECISION:
        fail(Look.SUBJECT, f"the proof is about a {decided.statement.predicate_type}, no decision")
    try:
        published: Published | CountersealError = _published(asked, proof, decided, means, known)
    except CountersealError as error:
        published = error
    return Proven(decided.statement.subjects, published)


def _read(proof_file: bytes) -> LedgerProof:
    try:
        return ledger.parse_proof(proof_file)
    except FormatError as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
        raise VerificationError(
            "not verified: this is not a ledger proof",
            why=why,
            fix="download ledger-proof.json again, from the release that the file is of",
        ) from error


def _published(
    asked: Asked, proof: LedgerProof, decided: Attestation, means: _Means, known: Known | CountersealError | None
) -> Published:
    """Return what was published, after all steps that are not about one file.

    Raises:
        CountersealError: A step failed; the message begins with its number and title.
    """
    verifier, trust, now = means.verifier, means.trust, means.now
    decision = decisions.parse(decided.statement, "the decision")
    check_signer(asked, decided, decision.policy.ref, trust, Look.SIGNATURE)  # (2)
    check_time(decided)  # (3), beside what is part of every signature
    _check_decision(asked, decided, decision)  # (4)
    _check_ledger(asked, decided)
    published = verifier.verify_statement(proof.publication_line, "the publication line of the ledger proof")
    body, policy_ref = _check_publication(published, decided, decision)  # (5)
    check_signer(asked, published, policy_ref, trust, Look.LEDGER)
    check_time(published)
    inclusion = ledger.verify_proof(proof, decided.statement, published.statement)
    if decision.source is None:
        fail(Look.DECISION, "it names no source")
    own = knowledge.read(asked, knowledge.Told(proof.state_note), verifier, trust, published)
    found = _found(asked, _released(decided, published, decision), own, known, now)  # (6)
    return Published(
        assets=body.assets,
        stage=asked.stage,
        decided_at=decision.decided_at,
        repository=decision.source.repository,
        sandbox=trust.sandbox,
        steps=_steps(asked, (decided, published), decision, len(inclusion.hashes), found),
    )


def _check_own(asked: Asked, line: bytes, error: VerificationError) -> None:
    """Say of a line that is not believed that it does not even claim to be of the repository that is asked about.

    Raises:
        VerificationError: It claims to be of another.
    """
    try:
        claimed: Any = bundle.statement_of(line, "the decision").predicate
        named = claimed["source"]["repository"]
        claim, wanted = f"{named['host']}/{named['name']}", f"{asked.host}/{asked.repository}"
    except (FormatError, KeyError, TypeError):
        return  # then the error that there is says more
    if claim.lower() != wanted.lower():
        raise VerificationError(
            "not verified: this ledger proof is of another repository",
            why=f"it names {claim[:200]}, and you asked for {wanted} ({error.what})",
            fix="take the ledger-proof.json of the release that the file is of",
        ) from error


def _check_ledger(asked: Asked, attestation: Attestation) -> None:
    recorded = ledger.link_of(attestation.statement).id
    if asked.ledger is not None and recorded != asked.ledger:
        fail(
            Look.LEDGER,
            f"it is recorded in the ledger {recorded}, not in {asked.ledger}",
            "if yours was succeeded by that one, its genesis says so (counterseal log verify in a clone): compare the "
            "head that it names with what you kept, and then pin the new one",
        )


def _check_decision(asked: Asked, attestation: Attestation, decision: Decision) -> None:
    if decision.outcome is not Outcome.ALLOW:
        fail(
            Look.DECISION,
            f"the decision for {decision.stage} was {decision.outcome}",
            "do not use the file: the project itself did not let it in",
        )
    if decision.stage != asked.stage:
        near = decision.stage.startswith(asked.stage) or difflib.get_close_matches(asked.stage, [decision.stage])
        meant = f"did you mean --stage {decision.stage}?"
        fix = meant if near else f"take a release that entered {asked.stage}; this one did not"
        fail(Look.DECISION, f"the decision is for the stage {decision.stage}, not for {asked.stage}", fix)
    if decision.source is None or str(decision.source.repository.id) != attestation.certificate.source_id:
        fail(Look.DECISION, "its source is another repository than the one whose gate signed")


def _check_publication(published: Attestation, attestation: Attestation, decision: Decision) -> tuple[Publication, str]:
    if published.statement.predicate_type != EVENT:
        fail(Look.LEDGER, f"a {published.statement.predicate_type} stands where the publication should")
    event = events.parse(published.statement, "the publication")
    body = event.body
    if event.kind is not EventKind.PUBLICATION or not isinstance(body, Publication):
        fail(Look.LEDGER, f"an event {event.kind} stands where the publication should")
    link = ledger.link_of(attestation.statement)
    same = (link.entry_id, link.sequence, attestation.digest) == (
        body.decision.entry_id,
        body.decision.sequence,
        body.decision.line,
    )
    if (
        not same
        or body.stage != decision.stage
        or decision.manifest is None
        or body.manifest != decision.manifest.sha256
    ):
        fail(Look.LEDGER, "the publication is of another decision")
    if published.certificate.source_id != attestation.certificate.source_id:
        fail(Look.LEDGER, "decision and publication were signed for different repositories")
    if published.certificate.san != attestation.certificate.san:
        fail(Look.LEDGER, "decision and publication have different signers")
    return body, event.policy.ref


def _released(decided: Attestation, published: Attestation, decision: Decision) -> knowledge.Released:
    entry, seal = (ledger.entry_of(line.bundle, line) for line in (decided, published))
    manifest = decision.manifest.sha256 if decision.manifest else ""
    tag = decision.source.tag if decision.source else ""
    allowed = states.Allowed(entry.link.entry_id, entry.link.sequence, decision.stage, manifest, tag)
    return knowledge.Released(entry, seal, decision, allowed)


def _found(
    asked: Asked, released: knowledge.Released, own: Known, known: Known | CountersealError | None, now: datetime
) -> str:
    """Return what is known of the release: by the state that was handed over, which is no older than its own."""
    if known is None:
        return knowledge.check(asked, own, released, now)
    if isinstance(known, CountersealError):
        raise known
    before = dataclasses.replace(asked, least=None, max_age=None, current=False)  # these are asked of the newer one
    knowledge.check_older(before, own, released, now)
    return knowledge.check(dataclasses.replace(asked, least=max(own.sequence, asked.least or 0)), known, released, now)


def _gate_name(asked: Asked, certificate: Certificate) -> str:
    digest = (certificate.signer_digest or "")[:12]
    if asked.own_gate is not None:
        return (
            f"the project's own gate {certificate.san}, as you named it (commit {digest}, "
            f"runner {certificate.runner_environment}; counterseal does not vouch for what its file contains)"
        )
    listed = "in the released list" if asked.revisions is None else "as pinned"
    return f"counterseal gate (workflow digest {digest} {listed})"


def _steps(
    asked: Asked, lines: tuple[Attestation, Attestation], decision: Decision, hashes: int, found: str
) -> tuple[Step, ...]:
    decided, _ = lines
    certificate = decided.certificate
    entry, seal = (ledger.link_of(line.statement).sequence for line in lines)
    satisfied = sum(finding.outcome is FindingOutcome.SATISFIED for finding in decision.findings)
    return (
        Step(Look.SIGNATURE, f"{_gate_name(asked, certificate)}, for {asked.host} repository {certificate.source_id}"),
        Step(Look.TIME, f"log entry {decided.log_index}, timestamp {wire.timestamp(decided.signed_at)}"),
        Step(
            Look.DECISION,
            f"{decision.outcome}, policy sha256:{decision.policy.digest.sha256[:12]}…, "
            f"{satisfied} rules, entry {entry}",
        ),
        Step(
            Look.LEDGER,
            f"included ({hashes} {'hash' if hashes == 1 else 'hashes'}), proven against entry {seal} (publication)",
        ),
        Step(Look.KNOWLEDGE, found),
    )
