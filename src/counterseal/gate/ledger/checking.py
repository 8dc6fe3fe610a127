"""Checks of one line that need neither policy nor other lines: what a signature proves, and what the line says.

They are most of the work of reading a whole ledger, so they may be done in processes beside ours: what comes back is
small. Whether the signer may sign, and whether the line is in its place, is judged where all lines come together.
"""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from counterseal import ledger
from counterseal.errors import CountersealError, FormatError, LedgerError, SandboxSignedError, VerificationError
from counterseal.evaluation import Decision
from counterseal.formats import digests, statement, wire
from counterseal.history import Brief, brief, content_of, mentions
from counterseal.history.events import Event
from counterseal.model import Attestation, Certificate, Entry, LedgerLink, Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.ports import BundleVerifier

#: Raised whenever a line that verified may not verify any more, or prove something else: what is remembered is void.
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Seal:
    """What the signature of a line proves, whoever may sign: the identity, when, and where it is logged."""

    certificate: Certificate
    signed_at: datetime
    log_index: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is stored, its sha256, where it stands (for messages), and what its signature proved before."""

    data: bytes
    name: str
    where: str
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What is told of a line that was checked.

    Attributes:
        seal: What its signature proves.
        link: The place that it names.
        statement: Its type, and of its predicate the policy that it names; subjects and the rest are left out.
        said: sha256 of the signed payload.
        content: What it says, in brief; None: nothing that can be read, see `problem`.
        found: Whether it is a decision that has what is searched for.
        problem: What is wrong with it even if its signer may sign.
    """

    seal: Seal
    link: LedgerLink
    statement: Statement
    said: str
    content: Brief | Event | None
    found: bool
    problem: CountersealError | None = None


Answers = list[Checked | CountersealError]


def check_all(verifier: BundleVerifier, asked: tuple[Sequence[Line], str]) -> Answers:
    """Return what is told of each of some lines, or why it is not what a gate signed; the first such ends the list."""
    lines, search = asked
    told: Answers = []
    for line in lines:
        try:
            told.append(_check(verifier, line, search))
        except CountersealError as error:
            told.append(error)
            break
    return told


def _check(verifier: BundleVerifier, line: Line, search: str) -> Checked:
    entry = sealed(line.data, line.seal) if line.seal else verified(verifier, line.data, line.where)
    attestation = entry.attestation
    told, named = attestation.statement, attestation.statement.predicate.get("policy")
    problem: CountersealError | None = None
    content: Decision | Event | None = None
    try:
        check_moment(entry)
        content = content_of(entry)
    except CountersealError as error:
        problem = error
    return Checked(
        Seal(attestation.certificate, attestation.signed_at, attestation.log_index),
        entry.link,
        Statement((), told.predicate_type, {"policy": named}),
        digests.sha256(attestation.payload),
        brief(content) if content else None,
        isinstance(content, Decision) and mentions(content, told.subjects, search),
        problem,
    )


def verified(verifier: BundleVerifier, line: bytes, where: str) -> Entry:
    """Return the entry in a line after every check of its signature.

    Raises:
        LedgerError: It is not what a gate signed.
    """
    what = _place(line, where)
    try:
        return ledger.entry_of(line, verifier.verify_statement(line, what))
    except SandboxSignedError as error:
        raise LedgerError(error.what, why=error.why, fix=error.fix) from error
    except (FormatError, VerificationError) as error:
        if error.fix == ledger.UPGRADE:
            raise LedgerError(f"{what}: {error.what}", why=error.why, fix=error.fix) from error
        why = error.why or error.what  # without its fix, which is about files that people download
        raise LedgerError(f"{what} is not what a gate signed", why=why, fix=ledger.RESTORE) from error


def sealed(line: bytes, seal: Seal) -> Entry:
    """Return the entry in a line whose signature was verified before, with what that proves."""
    payload = payload_of(line)
    said = statement.parse(payload, "a line of the ledger")
    return ledger.entry_of(
        line,
        Attestation(said, payload, seal.certificate, seal.signed_at, seal.log_index, line, digests.sha256(line)),
    )


def seal_text(seal: Seal) -> str:
    """Return what a signature proves as text to be remembered."""
    return wire.canonical_record({"version": VERSION, **wire.encode(seal)}).decode()


def seal_of(text: str | None) -> Seal | None:
    """Return what a signature proves from text that was remembered; None: it is not usable, so it is found out anew."""
    if text is None:
        return None
    try:
        data = wire.load_json(text.encode(), "what is remembered")
        if not isinstance(data, dict) or data.pop("version", None) != VERSION:
            return None
        return wire.decode(Seal, data, "what is remembered")
    except (CountersealError, ValueError):
        return None


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
