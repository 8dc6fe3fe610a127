"""The consumer's side: a file, the ledger proof of its release, a trust → verdict, in numbered steps. Offline.

What it cannot know offline (revocations and holds after the publication) it says in the last step.
A lone bundle proves nothing here: the decision has to be included in the ledger, and published.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from counterseal import ledger
from counterseal.errors import FormatError, VerificationError
from counterseal.evaluation import decision as decisions
from counterseal.evaluation import identity
from counterseal.formats import bundle, wire
from counterseal.history import events
from counterseal.history.events import EventKind, Publication
from counterseal.identifiers import DECISION, EVENT
from counterseal.ledger import moment_problem
from counterseal.model import FindingOutcome, GateIdentity, Outcome, OwnGate, Repository
from counterseal.verification.looks import BESIDE_WORDS, SIGNER, Look, fail, is_beside, signer_words

if TYPE_CHECKING:
    from counterseal.evaluation import Decision
    from counterseal.history.events import Event
    from counterseal.model import Attestation, Certificate, Trust
    from counterseal.ports import BundleVerifier


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the consumer asks: whether this file is allowed in `stage` by the repository `host/name`.

    `repository_id` pins the number behind the name, `revisions` replaces the released list of gates, `own_gate` names
    a gate of the project's own to accept instead of counterseal's, `ledger` pins the ledger.
    """

    file_name: str
    digest: str
    stage: str
    host: str
    repository: str
    repository_id: int | None = None
    revisions: tuple[str, ...] | None = None
    own_gate: OwnGate | None = None
    ledger: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step of a verdict: what was looked at, and what was found."""

    look: Look
    result: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file was verified; if it was not, that is a `VerificationError`, so that nobody can forget to look."""

    file_name: str
    digest: str
    stage: str
    decided_at: datetime
    repository: Repository
    sandbox: bool
    steps: tuple[Step, ...]


def verify(wanted: Wanted, proof_file: bytes, *, verifier: BundleVerifier, trust: Trust, now: datetime) -> Verdict:
    """Return the verdict on a file.

    Args:
        wanted: The question.
        proof_file: `ledger-proof.json` of the release, as downloaded.
        verifier: Checks signatures against the consumer's own trust root.
        trust: Which issuers and gate revisions the consumer believes.
        now: For the age of what is known.

    Raises:
        VerificationError: A step failed; the message begins with its number and title.
    """
    try:
        proof = ledger.parse_proof(proof_file)
    except FormatError as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
        raise VerificationError(
            "not verified: this is not a ledger proof",
            why=why,
            fix="download ledger-proof.json again, from the release that the file is of",
        ) from error
    try:
        attestation = verifier.verify_statement(proof.decision_line, "the decision line of the ledger proof")
    except VerificationError as error:
        _check_own(wanted, proof.decision_line, error)
        raise
    if attestation.statement.predicate_type != DECISION:
        fail(Look.SUBJECT, f"the proof is about a {attestation.statement.predicate_type}, no decision")
    _check_subject(wanted, attestation)  # (1)
    decision = decisions.parse(attestation.statement, "the decision")
    _check_signer(wanted, attestation, decision.policy.ref, trust, Look.SIGNATURE)  # (2)
    _check_time(attestation)  # (3), beside what is part of every signature
    _check_decision(wanted, attestation, decision)  # (4)
    _check_ledger(wanted, attestation)
    published = verifier.verify_statement(proof.publication_line, "the publication line of the ledger proof")
    event = _check_publication(wanted, published, attestation, decision)  # (5)
    _check_signer(wanted, published, event.policy.ref, trust, Look.LEDGER)
    _check_time(published)
    inclusion = ledger.verify_proof(proof, attestation.statement, published.statement)
    if decision.source is None:
        fail(Look.DECISION, "it names no source")
    return Verdict(
        wanted.file_name,
        wanted.digest,
        wanted.stage,
        decision.decided_at,
        decision.source.repository,
        trust.sandbox,
        _steps(wanted, (attestation, published), decision, len(inclusion.hashes), now),
    )


def _check_own(wanted: Wanted, line: bytes, error: VerificationError) -> None:
    """Say of a line that is not believed that it does not even claim to be of the repository that is asked about.

    Raises:
        VerificationError: It claims to be of another.
    """
    try:
        claimed: Any = bundle.statement_of(line, "the decision").predicate
        home = claimed["source"]["repository"]
        claim, asked = f"{home['host']}/{home['name']}", f"{wanted.host}/{wanted.repository}"
    except (FormatError, KeyError, TypeError):
        return  # then the error that there is says more
    if claim.lower() != asked.lower():
        raise VerificationError(
            "not verified: this ledger proof is of another repository",
            why=f"it names {claim[:200]}, and you asked for {asked} ({error.what})",
            fix="take the ledger-proof.json of the release that the file is of",
        ) from error


def _check_subject(wanted: Wanted, attestation: Attestation) -> None:
    """Check that the file was decided on; what lies beside the artifacts is held to the publication's list alone."""
    subjects = attestation.statement.subjects
    if is_beside(wanted.file_name) and all(subject.name != wanted.file_name for subject in subjects):
        return
    if not any(subject.digest == wanted.digest for subject in subjects):
        namesake = next((subject for subject in subjects if subject.name == wanted.file_name), None)
        hint = f", which names sha256:{namesake.digest}" if namesake else ""
        anew = "download it again; if its digest still differs, do not use it, and tell the project"
        other = "take the ledger-proof.json of the release that the file is of; if it is, do not use the file"
        fail(
            Look.SUBJECT,
            f"{wanted.file_name} has sha256:{wanted.digest}, not in the decision{hint}",
            anew if namesake else other,
        )
    if not any(subject.digest == wanted.digest and subject.name == wanted.file_name for subject in subjects):
        names = [subject.name for subject in subjects if subject.digest == wanted.digest]
        fail(
            Look.SUBJECT,
            f"these bytes were decided on as {names[0]}, not as {wanted.file_name}",
            f"give the file its own name again: {names[0]}",
        )


def _check_signer(wanted: Wanted, attestation: Attestation, policy_ref: str, trust: Trust, look: Look) -> None:
    certificate = attestation.certificate
    problem = identity.gate_problem(
        certificate,
        trust=trust,
        host=wanted.host,
        repository=None,
        default_ref=policy_ref,
        accepted=identity.accepted_gate(GateIdentity(wanted.revisions, wanted.own_gate), trust),
    )
    if problem:
        fail(look, signer_words(wanted.revisions, problem), SIGNER)
    expected = f"https://{wanted.host}/{wanted.repository}"
    if certificate.source_uri != expected:
        named = certificate.source_uri or "no repository"
        fix = "name the repository that the project publishes from; if you did, do not use the file: it is another's"
        if named.lower() == expected.lower():
            fix = f"write it as the forge does: --repository {named.removeprefix('https://')}"
        fail(look, f"it was decided for {named}, not for {expected}", fix)
    if wanted.repository_id is not None and certificate.source_id != str(wanted.repository_id):
        fail(
            look,
            f"{wanted.repository} is repository {certificate.source_id} there; you asked for {wanted.repository_id}",
            "compare the number with what the project names; if yours is right, somebody else has the name: "
            "do not use the file",
        )


def _check_ledger(wanted: Wanted, attestation: Attestation) -> None:
    recorded = ledger.link_of(attestation.statement).id
    if wanted.ledger is not None and recorded != wanted.ledger:
        fail(
            Look.LEDGER,
            f"it is recorded in the ledger {recorded}, not in {wanted.ledger}",
            "if yours was succeeded by that one, its genesis says so (counterseal log verify in a clone): compare the "
            "head that it names with what you kept, and then pin the new one",
        )


def _check_time(attestation: Attestation) -> None:
    if problem := moment_problem(attestation):
        fail(Look.TIME, problem)


def _check_decision(wanted: Wanted, attestation: Attestation, decision: Decision) -> None:
    if decision.outcome is not Outcome.ALLOW:
        fail(
            Look.DECISION,
            f"the decision on {wanted.file_name} for {decision.stage} was {decision.outcome}",
            "do not use the file: the project itself did not let it in",
        )
    if decision.stage != wanted.stage:
        near = decision.stage.startswith(wanted.stage) or difflib.get_close_matches(wanted.stage, [decision.stage])
        meant = f"did you mean --stage {decision.stage}?"
        fix = meant if near else f"take a release that entered {wanted.stage}; this one did not"
        fail(Look.DECISION, f"the decision is for the stage {decision.stage}, not for {wanted.stage}", fix)
    if decision.source is None or str(decision.source.repository.id) != attestation.certificate.source_id:
        fail(Look.DECISION, "its source is another repository than the one whose gate signed")


def _check_publication(wanted: Wanted, published: Attestation, attestation: Attestation, decision: Decision) -> Event:
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
    if not any(asset.digest == wanted.digest and asset.name == wanted.file_name for asset in body.assets):
        fail(Look.LEDGER, f"{wanted.file_name} is not among the assets that were published")
    if published.certificate.source_id != attestation.certificate.source_id:
        fail(Look.LEDGER, "decision and publication were signed for different repositories")
    if published.certificate.san != attestation.certificate.san:
        fail(Look.LEDGER, "decision and publication have different signers")
    return event


def _gate_name(wanted: Wanted, certificate: Certificate) -> str:
    digest = (certificate.signer_digest or "")[:12]
    if wanted.own_gate is not None:
        return (
            f"the project's own gate {certificate.san}, as you named it (commit {digest}, "
            f"runner {certificate.runner_environment}; counterseal does not vouch for what its file contains)"
        )
    listed = "in the released list" if wanted.revisions is None else "as pinned"
    return f"counterseal gate (workflow digest {digest} {listed})"


def _steps(
    wanted: Wanted, lines: tuple[Attestation, Attestation], decision: Decision, hashes: int, now: datetime
) -> tuple[Step, ...]:
    decided, published = lines
    certificate = decided.certificate
    entry, seal = (ledger.link_of(line.statement).sequence for line in lines)
    satisfied = sum(finding.outcome is FindingOutcome.SATISFIED for finding in decision.findings)
    of_decision = any(subject.name == wanted.file_name for subject in decided.statement.subjects)
    moment = f"{published.signed_at:%Y-%m-%d %H:%M} UTC"
    hours = max(0, int((now - published.signed_at).total_seconds() // 3600))
    return (
        Step(Look.SUBJECT, f"sha256:{wanted.digest}{'' if of_decision else BESIDE_WORDS}"),
        Step(
            Look.SIGNATURE, f"{_gate_name(wanted, certificate)}, for {wanted.host} repository {certificate.source_id}"
        ),
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
