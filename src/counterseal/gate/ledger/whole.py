"""Reads a ledger from its first entry to its last: for audits, and for whoever asks what was ever decided.

Line by line as a stream, so that the memory that it takes hardly grows with the ledger: of each entry it keeps a brief,
and whoever wants one whole has it fetched and verified again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from counterseal.errors import LedgerError
from counterseal.evaluation import Decision
from counterseal.evaluation import decision as decisions
from counterseal.formats import digests, statement
from counterseal.gate.ledger.checking import payload_of
from counterseal.gate.ledger.lines import Lines
from counterseal.gate.ledger.stream import checked
from counterseal.gate.ledger.tip import Tip
from counterseal.gate.ledger.walk import Walk
from counterseal.history import History, RecordedDecision, RecordedEvent, Told, content_of
from counterseal.ledger import Chain, NotesTree
from counterseal.model import Attestation, Entry
from counterseal.ports import LedgerSource

if TYPE_CHECKING:
    from counterseal.gate.ledger.checking import Checked
    from counterseal.gate.ledger.stream import Asked

_SHA256, _BLOB = 32, 20
_RECORD = _SHA256 + _SHA256 + _BLOB


@dataclass(frozen=True, slots=True)
class Entries(Sequence[Entry]):
    """The entries of a ledger in their order: each is fetched and verified again when it is asked for.

    What is kept of each: sha256 of line and payload, and the id of its blob.
    """

    _lines: Lines
    _source: LedgerSource
    _kept: bytearray = field(default_factory=bytearray)

    def add(self, line: str, said: str, blob: str) -> None:
        """Keep where the next entry is: sha256 of its line and of its payload, the id of its blob."""
        self._kept.extend(bytes.fromhex(line + said + blob))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._kept) // _RECORD

    @overload
    def __getitem__(self, place: int) -> Entry: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Entry]: ...

    def __getitem__(self, place: int | slice) -> Entry | Sequence[Entry]:
        """Return an entry, or some.

        Raises:
            LedgerError: What is there now is another line than the one that was read.
        """
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        number = range(len(self))[place]
        return self._lines.entry(self._line(number), f"entry {number}")

    def said(self) -> Iterator[str]:
        """Yield the sha256 of each payload."""
        for number in range(len(self)):
            yield self._at(number)[1]

    def find(self, line: str) -> int | None:
        """Return the number of the entry whose line has this sha256, or None."""
        return next((number for number in range(len(self)) if self._at(number)[0] == line), None)

    def decision(self, number: int) -> Decision:
        """Return a decision whole, from the very line that was verified."""
        line = self._line(number)
        payload = payload_of(line)
        said = statement.parse(payload, f"entry {number}")
        return decisions.parse(said, f"entry {number}")

    def _line(self, number: int) -> bytes:
        name, _, blob = self._at(number)
        line = self._source.objects([blob])[blob].removesuffix(b"\n")
        if digests.sha256(line) != name:
            raise LedgerError(f"entry {number} was read, and is another one now")
        return line

    def _at(self, number: int) -> tuple[str, str, str]:
        record = self._kept[number * _RECORD : (number + 1) * _RECORD]
        said = 2 * _SHA256
        return record[:_SHA256].hex(), record[_SHA256:said].hex(), record[said:].hex()


@dataclass(frozen=True, slots=True)
class Whole:
    """All of a ledger: its tip, what it says in brief, and its entries in their order."""

    tip: Tip
    history: History
    entries: Entries

    def recorded(self, sequence: int) -> RecordedDecision | RecordedEvent:
        """Return an entry whole, with what became of it."""
        entry = self.entries[sequence]
        content = content_of(entry)
        if not isinstance(content, Decision):
            return RecordedEvent(entry, content)
        told = self.history.decisions[entry.link.entry_id]
        publication = None if told.publication is None else self.entries[told.publication]
        return RecordedDecision(entry, content, told.withdrawn, publication)

    def decided(self, told: Told) -> RecordedDecision:
        """Return a decision whole, with what became of it."""
        recorded = self.recorded(told.sequence)
        assert isinstance(recorded, RecordedDecision)  # noqa: S101 - the same line as before
        return recorded


def read(lines: Lines, source: LedgerSource, asked: Asked) -> Whole:
    """Return a ledger after every check of every entry.

    Raises:
        LedgerError: A commit is not an entry appended to the one before.
        VerificationError: A line is not validly signed by a gate.
        ServiceError: Something did not come.
    """
    walk = Walk(Chain(lines.ledger_id), NotesTree(bring=source.objects), lines.judge)
    history, entries = History(), Entries(lines, source)
    with contextlib.closing(checked(lines, source, asked)) as stream:
        for commit, line, told in stream:
            lines.judge.check(told.seal.certificate, told.statement, f"entry {told.link.sequence}")
            if told.problem or told.content is None:
                raise told.problem or LedgerError(f"entry {told.link.sequence} says nothing")
            entry = _entry(line, told)
            walk.step(commit, entry, told.content)
            name = entry.attestation.digest
            history.add(told.link, name, told.content, found=told.found)
            entries.add(name, told.said, str(commit.line))
    return Whole(Tip(walk, lines), history, entries)


def _entry(line: bytes, told: Checked) -> Entry:
    """Return an entry as the walk needs it: line, link and signer; of its statement no more than was told."""
    seal, name = told.seal, digests.sha256(line)
    signed = Attestation(told.statement, b"", seal.certificate, seal.signed_at, seal.log_index, line, name)
    return Entry(line, signed, told.link)
