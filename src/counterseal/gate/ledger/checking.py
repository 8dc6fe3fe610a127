"""Checks of one line that need neither policy nor other lines: what a signature proves, and what the line says.

They are most of the work of reading a whole ledger, so they may be done in processes beside ours: what comes back is
small. Whether the signer may sign, and whether the line is in its place, is judged where all lines come together.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import ledger
from counterseal.errors import CountersealError, FormatError, LedgerError, SandboxSignedError, VerificationError
from counterseal.evaluation import Decision
from counterseal.formats import digests, wire
from counterseal.gate.ledger import rows
from counterseal.gate.ledger.rows import Seal
from counterseal.history import Brief, brief, content_of, mentions, slim
from counterseal.history.events import Event
from counterseal.model import Entry, LedgerLink, Statement

if TYPE_CHECKING:
    from counterseal.ports import BundleVerifier


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is stored, the id of its blob, and where it stands (for messages)."""

    data: bytes
    blob: str
    where: str


@dataclass(frozen=True, slots=True)
class Job:
    """Some lines, what decisions are searched for among them, and whether their rows are wanted."""

    lines: Sequence[Line]
    search: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What is told of a line that was checked.

    Attributes:
        seal: What its signature proves.
        link: The place that it names.
        statement: What its signer is judged by: its type, and of its predicate as much as that takes.
        said: sha256 of the signed payload.
        content: What it says, in brief; None: nothing that can be read, see `problem`.
        found: Whether it is a decision that has what is searched for.
        row: What may be kept of it, if that is wanted.
        problem: What is wrong with it even if its signer may sign.
    """

    seal: Seal
    link: LedgerLink
    statement: Statement
    said: str
    content: Brief | Event | None
    found: bool
    row: bytes = b""
    problem: CountersealError | None = None


Answers = list[Checked | CountersealError]


def check_all(verifier: BundleVerifier, job: Job) -> Answers:
    """Return what is told of each of some lines, or why it is not what a gate signed; the first such ends the list."""
    told: Answers = []
    for line in job.lines:
        try:
            told.append(_check(verifier, line, job))
        except CountersealError as error:
            told.append(error)
            break
    return told


def _check(verifier: BundleVerifier, line: Line, job: Job) -> Checked:
    entry = verified(verifier, line.data, line.where)
    attestation = entry.attestation
    problem: CountersealError | None = None
    content: Decision | Event | None = None
    try:
        check_moment(entry)
        content = content_of(entry)
    except CountersealError as error:
        problem = error
    is_decision, statement = isinstance(content, Decision), slim(attestation.statement)
    seal, said = Seal(attestation.certificate, attestation.signed_at), digests.sha256(attestation.payload)
    policy = {"policy": statement.predicate.get("policy")}
    return Checked(
        seal,
        entry.link,
        Statement((), statement.predicate_type, policy) if is_decision else statement,
        said,
        brief(content) if content else None,
        isinstance(content, Decision) and mentions(content, statement.subjects, job.search),
        rows.written(rows.Row(attestation.digest, said, line.blob, seal, statement)) if job.kept else b"",
        problem,
    )


def verified(verifier: BundleVerifier, line: bytes, where: str) -> Entry:
    """Return the entry in a line after every check of its signature.

    Raises:
        LedgerError: It is not what a gate signed.
    """
    try:
        return _verified(verifier, line, where)
    except CountersealError:  # the same again, with a better name for it
        return _verified(verifier, line, _place(line, where))


def _verified(verifier: BundleVerifier, line: bytes, what: str) -> Entry:
    try:
        return ledger.entry_of(line, verifier.verify_statement(line, what))
    except SandboxSignedError as error:
        raise LedgerError(error.what, why=error.why, fix=error.fix) from error
    except (FormatError, VerificationError) as error:
        if error.fix == ledger.UPGRADE:
            raise LedgerError(f"{what}: {error.what}", why=error.why, fix=error.fix) from error
        why = error.why or error.what  # without its fix, which is about files that people download
        raise LedgerError(f"{what} is not what a gate signed", why=why, fix=ledger.RESTORE) from error


def payload_of(line: bytes) -> bytes:
    """Return the payload of a line whose signature was verified before."""
    payload: bytes = base64.b64decode(wire.load_json(line, "a line of the ledger")["dsseEnvelope"]["payload"])
    return payload


def check_moment(entry: Entry) -> None:
    """Require that an entry is of the time that it names.

    Raises:
        LedgerError: It is not.
    """
    if problem := ledger.moment_problem(entry.attestation):
        raise LedgerError(f"entry {entry.link.sequence} is not of the time that it names", why=problem)


def _place(line: bytes, where: str) -> str:
    """Return where a line stands, with the number that it claims for itself (unverified, for people)."""
    with contextlib.suppress(CountersealError, KeyError, TypeError, ValueError):
        payload = wire.load_json(payload_of(line), "its payload")
        if isinstance(sequence := payload["predicate"]["ledger"]["sequence"], int):
            return f"ledger entry {sequence} ({where})"
    return f"a line of the ledger ({where})"
