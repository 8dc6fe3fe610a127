"""Goes on from where a ledger was verified before, by the same checks, to the same trusted root, on this machine.

What is kept is no proof of anything: whoever keeps it has to see that it is what we gave (port `Memory`). It is for
people who ask again; a gate, and whatever runs in CI, verifies all itself. That the commit where the last reading ended
is in the branch's history says that all before it is as it was: a git commit names its tree and its parent.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import __version__
from counterseal.errors import CountersealError, LedgerError
from counterseal.evaluation import Decision
from counterseal.formats import digests, wire
from counterseal.gate.ledger import rows
from counterseal.gate.ledger.rows import Mark, Row
from counterseal.gate.ledger.walk import Walk, check_order
from counterseal.history import History, mentions, places, said
from counterseal.history import state as states
from counterseal.ledger import Chain, NotesTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.gate.judge import Judge
    from counterseal.gate.ledger.lines import Lines
    from counterseal.history import Sums
    from counterseal.model import Certificate
    from counterseal.ports import LedgerSource, Memory

#: Raised whenever a ledger that verified may not verify any more, or say something else: what is kept is void.
VERSION: Final = 1


def memory_name(ledger_id: str, root_digest: str) -> str:
    """Return the name under which it is kept what the lines of a ledger prove to a trusted root (sha256).

    Another version of counterseal may check more, so it remembers for itself.
    """
    return digests.sha256(wire.canonical([VERSION, __version__, ledger_id, root_digest]))


@dataclass(frozen=True, slots=True)
class Known:
    """What was verified before: where that ended, and of each entry a row, packed."""

    mark: Mark
    packed: bytes

    def rows(self) -> Iterator[Row]:
        """Yield the rows."""
        return rows.read(gzip.decompress(self.packed))

    def history(self, search: str) -> History:
        """Return what the entries say, with the decisions marked that have what is searched for."""
        history = History()
        for number, row in enumerate(self.rows()):
            content, entry_id = said(row.statement, f"entry {number}"), row.statement.predicate["ledger"]["entryId"]
            found = isinstance(content, Decision) and mentions(content, row.statement.subjects, search)
            history.add(number, entry_id, row.line, content, found=found)
        return history

    def walk(self, lines: Lines, source: LedgerSource) -> Walk:
        """Return the walk as it was at the last commit.

        Raises:
            CountersealError: The signers are not whom the branch's policy lets sign, or what was read is not here.
        """
        mark, judge = self.mark, lines.judge
        if mark.judged != judge.world():
            _judge(judge, self.rows())
        last = lines.entry(source.objects([mark.blob])[mark.blob], f"commit {mark.commit[:12]}")
        if last.attestation.digest != mark.head:
            raise LedgerError(f"commit {mark.commit[:12]} of the ledger's branch adds another line by now")
        chain = Chain.resumed(lines.ledger_id, last.link.sequence + 1, mark.head, mark.peaks)
        state = states.parse(mark.state.encode(), "the state that is remembered")
        return Walk(chain, NotesTree(mark.tree, source.objects), judge, mark.commit, state, last)


def recall(memory: Memory | None) -> Known | None:
    """Return what was verified before, or None: nothing that can be read."""
    data = memory.read() if memory else None
    if data is None:
        return None
    text, _, packed = data.partition(b"\n")
    try:
        return Known(rows.mark_of(text), packed)
    except CountersealError:
        return None


def keep(memory: Memory, known: Known | None, new: Sequence[bytes], walk: Walk, judged: str, sums: Sums) -> None:
    """Keep what was verified.

    Args:
        memory: Where.
        known: What was kept before.
        new: The rows of the entries that were read since.
        walk: Where the reading ended.
        judged: By what all signers were judged, from the first on (`Judge.world`).
        sums: What there is in all.
    """
    chain, state, last = walk.chain, walk.state, walk.last
    if walk.commit is None or chain.head is None or state is None or last is None:
        return
    document, blob = states.document(state).decode(), str(walk.tree.blob(places.entry_key(last.link.entry_id)))
    mark = rows.Mark(walk.commit, str(walk.tree.root), chain.head, blob, chain.peaks, document, judged, sums)
    packed = known.packed if known else b""
    if new:
        packed += gzip.compress(b"\n".join((*new, b"")), compresslevel=1, mtime=0)
    memory.keep(rows.mark_text(mark) + b"\n" + packed)


def _judge(judge: Judge, known: Iterator[Row]) -> None:
    """Require that those who signed may have, by the branch as it is now, and in the order in which they did."""
    last: Certificate | None = None
    for number, row in enumerate(known):
        signer = row.seal.certificate
        judge.check(signer, row.statement, f"entry {number}", signed_at=row.seal.signed_at)
        check_order(judge, number, last, signer)
        last = signer
