"""What a consumer asks, and whose signature answers: the same gate and repository for every line that is looked at."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from counterseal.evaluation import identity, started
from counterseal.ledger import moment_problem
from counterseal.model import GateIdentity, OwnGate
from counterseal.verification.looks import SIGNER, Look, fail, signer_words

if TYPE_CHECKING:
    from counterseal.model import Attestation, Trust


@dataclass(frozen=True, slots=True)
class Asked:
    """What the consumer asks of every file: whether it is allowed in `stage` by the repository `host/name`.

    Attributes:
        stage: The stage.
        host: The forge.
        repository: The repository there.
        repository_id: The number behind the name.
        revisions: Replaces the released list of gates.
        own_gate: A gate of the project's own to accept instead of counterseal's.
        ledger: The ledger.
        least: The newest entry that the consumer knew of before; who knows of none that is as new knows too little.
        max_age: How old the knowledge of the ledger's state may be; None: as old as the release.
        current: Whether it has to be what the stage has now.
    """

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


def check_signer(asked: Asked, attestation: Attestation, policy_ref: str, trust: Trust, look: Look) -> None:
    """Require that a line was signed by the gate that is believed, for the repository that is asked about.

    Args:
        asked: The question.
        attestation: The line.
        policy_ref: The protected branch that its policy is of, as the line says.
        trust: Issuers and revisions of gates.
        look: The step that fails otherwise.

    Raises:
        StepError: It was not.
    """
    certificate, emergency = attestation.certificate, started.at_once(attestation.statement)
    accepted = identity.accepted_gate(GateIdentity(asked.revisions, asked.own_gate), trust)
    problem = identity.gate_problem(
        certificate,
        trust=trust,
        host=asked.host,
        repository=None,
        default_ref=policy_ref,
        accepted=dataclasses.replace(accepted, emergency=emergency, signed_at=attestation.signed_at),
    )
    if problem:
        fail(look, signer_words(asked.revisions, problem), SIGNER)
    if emergency and (why := started.line_problem(certificate, attestation.statement)):
        fail(look, why, SIGNER)
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


def check_time(attestation: Attestation, look: Look = Look.TIME) -> None:
    """Require that a line states the time at which it was signed.

    Raises:
        StepError: It states another one.
    """
    if problem := moment_problem(attestation):
        fail(look, problem)
