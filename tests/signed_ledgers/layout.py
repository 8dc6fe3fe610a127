"""The ledger's format, and the only place here that knows it: what an entry signs of its past, and where a line lies.

Whatever else makes ledgers hands `Layout` the next entry with `PLACE` where its place in the ledger belongs, signs what
it gets back, and hands over the signed line. Trees, states and commits are made by the functions that gates use. The
tree is kept whole, as git has it, but of the notes only the newest: so a long ledger can be written as it grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tests.evidence_samples import LEDGER_ID

from counterseal import ledger
from counterseal.adapters.git import ledger_commits
from counterseal.evaluation import Decision
from counterseal.formats import digests, statement, wire
from counterseal.history import content_of, places
from counterseal.history import state as states
from counterseal.history.events import Event
from counterseal.history.state import State
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal.ledger import keys
from counterseal.model import Attestation, Certificate, Entry, LedgerLink, NewCommit

#: The refs that point to a ledger's newest commit: its branch, and the copy for people.
REFS: Final = (LEDGER_REF, NOTES_REF)
#: Stands in a statement for its place in the ledger, until that is known.
UNPLACED: Final = ledger.Chain(LEDGER_ID).link("e" * 64, None, None, "0" * 64)
PLACE: Final = wire.canonical(wire.encode(UNPLACED)).decode()
_NOBODY: Final = "https://ca.example"


@dataclass(frozen=True, slots=True)
class Written:
    """An entry on its way into the ledger.

    Attributes:
        payload: What is signed, but for its place in the ledger.
        moment: When.
        message: The commit message, for people.
        evidence: The document that a decision rests on.
        trigger: What started the run that signs.
    """

    payload: bytes
    moment: datetime
    message: str
    evidence: bytes = b""
    trigger: str = "push"


@dataclass(frozen=True, slots=True)
class _Next:
    """An entry that is being signed."""

    written: Written
    attestation: Attestation
    content: Decision | Event
    link: LedgerLink
    state: State


class Layout:
    """A ledger as it grows, one entry after the other. `commit` is the newest one."""

    def __init__(self, ledger_id: str) -> None:
        self.commit: str | None = None
        self._chain = ledger.Chain(ledger_id)
        self._tree = ledger.NotesTree()
        self._state: State | None = None
        self._next: _Next | None = None

    def place(self, entry_id: str, written: Written) -> bytes:
        """Return the statement of the next entry, which is to be signed and given to `append`."""
        attestation = _unsigned(written)
        content = content_of(Entry(b"", attestation, UNPLACED))
        state = states.after(self._state, content, self._chain.id, entry_id)
        link = self._chain.link(entry_id, self.commit, self._tree.root, states.digest(state))
        self._next = _Next(written, attestation, content, link, state)
        return written.payload.replace(PLACE.encode(), wire.canonical(wire.encode(link)))

    def append(self, line: bytes) -> bytes:
        """Return the commit that appends the entry that was placed last, signed, as `git fast-import` reads it."""
        if self._next is None:
            raise ValueError("there is no entry that the line could be of")
        new, self._next = self._next, None
        entry = Entry(line, new.attestation, new.link)
        self._chain.add(entry)
        touched = places.apply(self._tree, entry, new.content, states.document(new.state))
        document, notes = places.document_key(new.content), {}
        for key in touched:
            notes[key] = new.written.evidence if key == document else self._tree.read(key) or b""
        place, since = str(self._tree.blob(touched[0])), new.link.sequence - new.state.audit.sequence
        commit = NewCommit(self.commit, str(self._tree.root), {}, place, since, new.written.message)
        content = ledger_commits.encode(commit, int(new.written.moment.timestamp()))
        self.commit, self._state = digests.git_object("commit", content), new.state
        return _commit(content, notes)


def _unsigned(written: Written) -> Attestation:
    """Return what stands for the signature while there is none: of it, the layout needs what started the run."""
    nobody = Certificate(san=_NOBODY, issuer=_NOBODY, trigger=written.trigger)
    told = statement.parse(written.payload, "an entry")
    return Attestation(told, written.payload, nobody, written.moment, 0, b"", "")


def _commit(content: bytes, notes: dict[str, bytes]) -> bytes:
    """Return a commit with the notes that it brings; those that are like each other follow each other."""
    head, _, text = content.partition(b"\n\n")
    people = [line for line in head.split(b"\n") if line.startswith((b"author ", b"committer "))]
    parts = [b"commit %s\n%s\ndata %d\n%s\n" % (REFS[0].encode(), b"\n".join(people), len(text), text)]
    for key, note in sorted(notes.items(), key=lambda pair: len(pair[1])):
        parts.append(b"M 100644 inline %s\ndata %d\n" % (keys.path(key).encode(), len(note)))
        parts += (note, b"\n")
    return b"".join(parts)
