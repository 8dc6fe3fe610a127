"""The consumer's side: the ledger proof of a release, a trust → what it proves, then a verdict on each file. Offline.

A proof is verified once, whatever the number of files: steps 2 to 5 are about the release. A file is then held to what
is proven, by its name and its digest. What cannot be known offline (revocations and holds after the publication) the
last step says. A lone bundle proves nothing here: the decision has to be included in the ledger, and published.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal import ledger
from counterseal.errors import CountersealError, FormatError, VerificationError
from counterseal.evaluation import decision as decisions
from counterseal.evaluation import identity
from counterseal.formats import bundle, wire
from counterseal.history import events
from counterseal.history.events import EventKind, Publication
from counterseal.identifiers import DECISION, EVENT
from counterseal.ledger import moment_problem
from counterseal.model import FindingOutcome, GateIdentity, Outcome, OwnGate
from counterseal.verification.looks import SIGNER, Look, fail, signer_words
from counterseal.verification.proven import Proven, Published, Step

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.evaluation import Decision
    from counterseal.ledger import LedgerProof
    from counterseal.model import Attestation, Certificate, Trust
    from counterseal.ports import BundleVerifier


@dataclass(frozen=True, slots=True)
class Asked:
    """What the consumer asks of every file: whether it is allowed in `stage` by the repository `host/name`.

    `repository_id` pins the number behind the name, `revisions` replaces the released list of gates, `own_gate` names
    a gate of the project's own to accept instead of counterseal's, `ledger` pins the ledger.
    """

    stage: str
    host: str
    repository: str
    repository_id: int | None = None
    revisions: tuple[str, ...] | None = None
    own_gate: OwnGate | None = None
    ledger: str | None = None


def prove(asked: Asked, proof_file: bytes, *, verifier: BundleVerifier, trust: Trust, now: datetime) -> Proven:
    """Return what a ledger proof proves; it is asked about files one by one.

    A proof that is one, of a decision that is signed, but that does not hold otherwise, is returned, too: it refuses
    every file, in the order of the steps (a file that is not in the decision is told so first).

    Args:
        asked: The question.
        proof_file: `ledger-proof.json` of the release, as downloaded.
        verifier: Checks signatures against the consumer's own trust root.
        trust: Which issuers and gate revisions the consumer believes.
        now: For the age of what is known.

    Raises:
        VerificationError: It is no ledger proof, or its decision is not signed, or none.
    """
    proof = _read(proof_file)
    try:
        decided = verifier.verify_statement(proof.decision_line, "the decision line of the ledger proof")
    except VerificationError as error:
        _check_own(asked, proof.decision_line, error)
        raise
    if decided.statement.predicate_type != DECISION:
        fail(Look.SUBJECT, f"the proof is about a {decided.statement.predicate_type}, no decision")
    try:
        published: Published | CountersealError = _published(asked, proof, decided, verifier, trust, now)
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
    asked: Asked, proof: LedgerProof, decided: Attestation, verifier: BundleVerifier, trust: Trust, now: datetime
) -> Published:
    """Return what was published, after all steps that are not about one file.

    Raises:
        CountersealError: A step failed; the message begins with its number and title.
    """
    decision = decisions.parse(decided.statement, "the decision")
    _check_signer(asked, decided, decision.policy.ref, trust, Look.SIGNATURE)  # (2)
    _check_time(decided)  # (3), beside what is part of every signature
    _check_decision(asked, decided, decision)  # (4)
    _check_ledger(asked, decided)
    published = verifier.verify_statement(proof.publication_line, "the publication line of the ledger proof")
    body, policy_ref = _check_publication(published, decided, decision)  # (5)
    _check_signer(asked, published, policy_ref, trust, Look.LEDGER)
    _check_time(published)
    inclusion = ledger.verify_proof(proof, decided.statement, published.statement)
    if decision.source is None:
        fail(Look.DECISION, "it names no source")
    return Published(
        assets=body.assets,
        stage=asked.stage,
        decided_at=decision.decided_at,
        repository=decision.source.repository,
        sandbox=trust.sandbox,
        steps=_steps(asked, (decided, published), decision, len(inclusion.hashes), now),
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


def _check_signer(asked: Asked, attestation: Attestation, policy_ref: str, trust: Trust, look: Look) -> None:
    certificate = attestation.certificate
    problem = identity.gate_problem(
        certificate,
        trust=trust,
        host=asked.host,
        repository=None,
        default_ref=policy_ref,
        accepted=identity.accepted_gate(GateIdentity(asked.revisions, asked.own_gate), trust),
    )
    if problem:
        fail(look, signer_words(asked.revisions, problem), SIGNER)
    expected = f"https://{asked.host}/{asked.repository}"
    if certificate.source_uri != expected:
        named = certificate.source_uri or "no repository"
        fix = "name the repository that the project publishes from; if you did, do not use the file: it is another's"
        if named.lower() == expected.lower():
            fix = f"write it as the forge does: --repository {named.removeprefix('https://')}"
        fail(look, f"it was decided for {named}, not for {expected}", fix)
    if asked.repository_id is not None and certificate.source_id != str(asked.repository_id):
        fail(
            look,
            f"{asked.repository} is repository {certificate.source_id} there; you asked for {asked.repository_id}",
            "compare the number with what the project names; if yours is right, somebody else has the name: "
            "do not use the file",
        )


def _check_ledger(asked: Asked, attestation: Attestation) -> None:
    recorded = ledger.link_of(attestation.statement).id
    if asked.ledger is not None and recorded != asked.ledger:
        fail(
            Look.LEDGER,
            f"it is recorded in the ledger {recorded}, not in {asked.ledger}",
            "if yours was succeeded by that one, its genesis says so (counterseal log verify in a clone): compare the "
            "head that it names with what you kept, and then pin the new one",
        )


def _check_time(attestation: Attestation) -> None:
    if problem := moment_problem(attestation):
        fail(Look.TIME, problem)


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
    asked: Asked, lines: tuple[Attestation, Attestation], decision: Decision, hashes: int, now: datetime
) -> tuple[Step, ...]:
    decided, published = lines
    certificate = decided.certificate
    entry, seal = (ledger.link_of(line.statement).sequence for line in lines)
    satisfied = sum(finding.outcome is FindingOutcome.SATISFIED for finding in decision.findings)
    moment = f"{published.signed_at:%Y-%m-%d %H:%M} UTC"
    hours = max(0, int((now - published.signed_at).total_seconds() // 3600))
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
        Step(Look.BEYOND, f"anything revoked after ledger entry {seal} ({moment}; this proof is {hours} h old)"),
    )
