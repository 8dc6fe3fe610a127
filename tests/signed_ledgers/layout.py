"""The ledger's format, and the only place here that knows it: what an entry signs of its past, and where a line lies.

Whatever else makes ledgers asks `Layout` for the link of the next entry, and hands it the signed line. It keeps no
more than what the next entry needs, so that a long ledger can be written as it grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from counterseal import ledger
from counterseal.formats import digests
from counterseal.identifiers import MIRROR_REF, NOTES_REF
from counterseal.ledger import merkle
from counterseal.model import LedgerLink

#: The refs that point to a ledger's newest commit.
REFS: Final = (NOTES_REF, MIRROR_REF)
#: How many notes are remembered; a release is over long before as many others began.
_OPEN_NOTES: Final = 64


@dataclass(frozen=True, slots=True)
class Written:
    """An entry on its way into the ledger.

    Attributes:
        payload: What is signed.
        moment: When.
        note: The source revision whose note it belongs to, or None.
        message: The commit message, for people.
        evidence: The document to keep beside it; nothing if empty.
    """

    payload: bytes
    moment: datetime
    note: str | None
    message: str
    evidence: bytes = b""


class Layout:
    """A ledger as it grows, one entry after the other."""

    def __init__(self, ledger_id: str) -> None:
        self._id = ledger_id
        self._size = 0
        self._peaks: tuple[bytes, ...] = ()
        self._previous: str | None = None
        self._notes: dict[str, list[bytes]] = {}

    def link(self, entry_id: str) -> LedgerLink:
        """Return the place of the next entry, which it signs."""
        root, peaks = merkle.root_of_peaks(self._peaks).hex(), tuple(peak.hex() for peak in self._peaks)
        return LedgerLink(self._id, entry_id, self._size, self._previous, self._size, root, peaks)

    def append(self, entry: Written, line: bytes) -> bytes:
        """Return the commit that appends a signed entry, as `git fast-import` reads it."""
        key = ledger.choose_note(entry.note, len(self._notes.get(entry.note or "", ())), self._size)
        lines = self._notes.setdefault(key, [])
        lines.append(line)
        if len(self._notes) > _OPEN_NOTES:
            self._notes.pop(next(iter(self._notes)))
        self._peaks = merkle.append(self._peaks, self._size, merkle.leaf(line))
        self._previous = digests.sha256(line)
        self._size += 1
        files = {f"{key[:2]}/{key[2:]}": b"".join(b"%s\n" % each for each in lines)}
        if entry.evidence:
            files[evidence_path(digests.sha256(entry.evidence))] = entry.evidence
        return _commit(entry, files)


def evidence_path(digest: str) -> str:
    """Return where the document with a sha256 lies that a decision rests on."""
    return f"evidence/{digest}.json"


def _commit(entry: Written, files: dict[str, bytes]) -> bytes:
    text = entry.message.encode()
    who = b"counterseal <counterseal@users.noreply.github.com> %d +0000" % entry.moment.timestamp()
    parts = [b"commit %s\ncommitter %s\ndata %d\n%s\n" % (REFS[0].encode(), who, len(text), text)]
    for path, content in files.items():
        parts.append(b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(content)))
        parts += (content, b"\n")
    return b"".join(parts)
