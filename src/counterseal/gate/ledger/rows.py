"""What is kept of the entries of a ledger that was verified: of each a row, and where the reading ended.

A row has what its line's signature proves and what the line says in brief: nothing that depends on a policy.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from counterseal.formats import wire
from counterseal.history import Sums
from counterseal.model import Certificate, Statement, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_CERTIFICATE: Final = tuple(field.name for field in dataclasses.fields(Certificate))


@dataclass(frozen=True, slots=True)
class Seal:
    """What the signature of a line proves, whoever may sign: the identity, and when."""

    certificate: Certificate
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """What is kept of an entry.

    Attributes:
        line: sha256 of its line.
        said: sha256 of its payload.
        blob: The id of the line's blob.
        seal: What its signature proves.
        statement: What it says, in brief (`history.slim`).
    """

    line: str
    said: str
    blob: str
    seal: Seal
    statement: Statement


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a reading ended.

    Attributes:
        commit: The last commit.
        tree: Its tree.
        head: sha256 of the last line.
        blob: The id of its blob.
        peaks: Of the Merkle tree of all lines (hex).
        state: The state document after it.
        judged: What the signers were judged by (`Judge.world`).
        sums: What there is in all.
    """

    commit: str
    tree: str
    head: str
    blob: str
    peaks: tuple[str, ...]
    state: str
    judged: str
    sums: Sums


def written(row: Row) -> bytes:
    """Return a row as JSON on one line."""
    certificate, statement = row.seal.certificate, row.statement
    identity = [getattr(certificate, name) for name in _CERTIFICATE]
    about = [[subject.name, subject.digest] for subject in statement.subjects]
    said = [about, statement.predicate_type, statement.predicate]
    return json.dumps([row.line, row.said, row.blob, row.seal.signed_at.isoformat(), identity, said]).encode()


def read(lines: bytes) -> Iterator[Row]:
    """Yield the rows that were written."""
    for line in lines.splitlines():
        name, said, blob, signed_at, identity, (about, kind, predicate) = json.loads(line)
        seal = Seal(Certificate(*identity), datetime.fromisoformat(signed_at))
        subjects = tuple(Subject(*subject) for subject in about)
        yield Row(name, said, blob, seal, Statement(subjects, kind, predicate))


def mark_text(mark: Mark) -> bytes:
    """Return where a reading ended, as JSON on one line."""
    return wire.canonical_record(wire.encode(mark))


def mark_of(text: bytes) -> Mark:
    """Return where a reading ended.

    Raises:
        FormatError: The text does not say.
    """
    data: Any = wire.load_json(text, "what is remembered of a ledger")
    return wire.decode(Mark, data, "what is remembered of a ledger")
