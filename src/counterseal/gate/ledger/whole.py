"""Reads a ledger from its first entry to its last: for audits, and for whoever asks what was ever decided.

Line by line as a stream, so that the memory that it takes hardly grows with the ledger: of each entry it keeps a brief,
and whoever wants one whole has it fetched and verified again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError, LedgerError
from counterseal.evaluation import Decision
from counterseal.formats import digests
from counterseal.gate.ledger import remembering
from counterseal.gate.ledger.entries import Entries
from counterseal.gate.ledger.stream import checked
from counterseal.gate.ledger.tip import Tip
from counterseal.gate.ledger.walk import Walk
from counterseal.history import Brief, History, RecordedDecision, RecordedEvent, Sums, Told, content_of
from counterseal.ledger import Chain, NotesTree
from counterseal.model import Attestation, Entry, LedgerCommit

if TYPE_CHECKING:
    from counterseal.gate.ledger.checking import Checked
    from counterseal.gate.ledger.lines import Lines
    from counterseal.gate.ledger.remembering import Known
    from counterseal.gate.ledger.stream import Asked
    from counterseal.history.events import Event
    from counterseal.ports import LedgerSource


@dataclass(slots=True)
class Whole:
    """All of a ledger: its tip, what there is in all, and its entries in their order."""

    tip: Tip
    sums: Sums
    entries: Entries
    _told: History | Callable[[], History] = field(default_factory=History)

    @property
    def history(self) -> History:
        """Return what the entries say, in brief."""
        if not isinstance(self._told, History):
            self._told = self._told()
        return self._told

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
    """Return a ledger after every check of every entry; what was checked before is gone on from.

    Raises:
        LedgerError: A commit is not an entry appended to the one before.
        VerificationError: A line is not validly signed by a gate.
        ServiceError: Something did not come.
    """
    if not asked.from_first and (known := remembering.recall(lines.memory)):
        with contextlib.suppress(CountersealError):  # whatever is wrong, what is remembered has no say in it
            return _read(lines, source, asked, known)
    return _read(lines, source, asked, None)


def _read(lines: Lines, source: LedgerSource, asked: Asked, known: Known | None) -> Whole:
    def recalled() -> History:
        return known.history(asked.search) if known else History()

    judged = lines.judge.world()  # the branch may move meanwhile: then all are judged again the next time
    nothing = Walk(Chain(lines.ledger_id), NotesTree(bring=source.objects), lines.judge)
    walk = known.walk(lines, source) if known else nothing
    before, sums = walk.chain.size, known.mark.sums if known else Sums()
    entries, new = Entries(lines, source, before, known.rows) if known else Entries(lines, source), list[bytes]()
    history: History | None = None
    with contextlib.closing(checked(lines, source, asked, (before, walk.commit))) as stream:
        for commit, line, told in stream:
            history = history or recalled()
            content, name = _step(walk, commit, line, told), str(walk.chain.head)
            history.add(told.link.sequence, told.link.entry_id, name, content, found=told.found)
            entries.add(name, told.said, str(commit.line))
            sums.add(content)
            new.append(told.row)
    if known and not new and source.tip() != walk.commit:
        raise LedgerError("the ledger's branch is not where it was remembered to be")
    if lines.memory and (new or (known and known.mark.judged != judged)):
        remembering.keep(lines.memory, known, new, walk, judged, sums)
    return Whole(Tip(walk, lines), sums, entries, history or recalled)


def _step(walk: Walk, commit: LedgerCommit, line: bytes, told: Checked) -> Brief | Event:
    """Go to the next commit by what was told of its line; return what that says, in brief."""
    seal, what = told.seal, f"entry {told.link.sequence}"
    walk.judge.check(seal.certificate, told.statement, what, signed_at=seal.signed_at)
    if told.problem or told.content is None:
        raise told.problem or LedgerError(f"{what} says nothing")
    # as the walk needs it: line, link and signer; of its statement no more than was told
    signed = Attestation(told.statement, b"", seal.certificate, seal.signed_at, 0, line, digests.sha256(line))
    walk.step(commit, Entry(line, signed, told.link), told.content)
    return told.content
