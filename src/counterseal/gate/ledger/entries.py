"""The entries of a ledger that was read: of each it is known where its line lies, and it is fetched when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, overload

from counterseal.errors import LedgerError
from counterseal.evaluation import Decision
from counterseal.evaluation import decision as decisions
from counterseal.formats import digests, statement
from counterseal.gate.ledger.checking import payload_of
from counterseal.gate.ledger.lines import Lines
from counterseal.gate.ledger.rows import Row
from counterseal.model import Entry
from counterseal.ports import LedgerSource

_SHA256: Final = 32
_BLOB: Final = 20
_RECORD: Final = _SHA256 + _SHA256 + _BLOB


def _nothing() -> Iterable[Row]:
    return ()


@dataclass(slots=True)
class Entries(Sequence[Entry]):
    """The entries of a ledger in their order: each is fetched and verified again when it is asked for.

    What is kept of each: sha256 of line and payload, and the id of its blob.

    Args:
        lines: Verifies lines.
        source: Where they lie.
        before: How many were read earlier.
        rows: Gives what was kept of those.
    """

    lines: Lines
    source: LedgerSource
    before: int = 0
    rows: Callable[[], Iterable[Row]] = _nothing
    _earlier: bytearray = field(default_factory=bytearray)
    _kept: bytearray = field(default_factory=bytearray)

    def add(self, line: str, said: str, blob: str) -> None:
        """Keep where the next entry is: sha256 of its line and of its payload, the id of its blob."""
        self._kept.extend(bytes.fromhex(line + said + blob))

    def __len__(self) -> int:
        """Return how many there are."""
        return self.before + len(self._kept) // _RECORD

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
        return self.lines.entry(self._line(number), f"entry {number}")

    def said(self) -> Iterator[str]:
        """Yield the sha256 of each payload."""
        for number in range(len(self)):
            yield self._at(number)[1]

    def find(self, line: str) -> int | None:
        """Return the number of the entry whose line has this sha256, or None."""
        return next((number for number in range(len(self)) if self._at(number)[0] == line), None)

    def decision(self, number: int) -> Decision:
        """Return a decision whole, from the very line that was verified."""
        payload = payload_of(self._line(number))
        return decisions.parse(statement.parse(payload, f"entry {number}"), f"entry {number}")

    def _line(self, number: int) -> bytes:
        name, _, blob = self._at(number)
        line = self.source.objects([blob])[blob].removesuffix(b"\n")
        if digests.sha256(line) != name:
            raise LedgerError(f"entry {number} was read, and is another one now")
        return line

    def _at(self, number: int) -> tuple[str, str, str]:
        if self.before and not self._earlier:
            self._earlier.extend(b"".join(bytes.fromhex(row.line + row.said + row.blob) for row in self.rows()))
        kept, place = (self._earlier, number) if number < self.before else (self._kept, number - self.before)
        record = kept[place * _RECORD : (place + 1) * _RECORD]
        said = 2 * _SHA256
        return record[:_SHA256].hex(), record[_SHA256:said].hex(), record[said:].hex()
