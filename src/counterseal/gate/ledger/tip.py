"""The ledger at its tip: what it says of a question, looked up by key; and the same ledger with one more entry.

Everything that is looked up is verified like any other line. That something is absent follows from the tree, whose id
the tip's own line vouches for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterseal import ledger
from counterseal.errors import LedgerError
from counterseal.evaluation import Decision
from counterseal.formats import digests
from counterseal.gate.ledger.lines import Lines
from counterseal.gate.ledger.walk import Walk
from counterseal.history import RecordedDecision, content_of, places
from counterseal.history import state as states
from counterseal.history.events import Publication
from counterseal.model import Entry, NewCommit, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from counterseal.history.events import Event
    from counterseal.ledger import NotesTree
    from counterseal.model import LedgerLink


@dataclass(slots=True)
class Tip:
    """A verified ledger at one commit. `entries` are those that were read on the way, by id."""

    _walk: Walk
    lines: Lines
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the ledger's id."""
        return self._walk.chain.id

    @property
    def size(self) -> int:
        """Return how many entries there are."""
        return self._walk.chain.size

    @property
    def commit(self) -> str | None:
        """Return the commit, None: there is no ledger yet."""
        return self._walk.commit

    @property
    def head(self) -> str | None:
        """Return the sha256 of the newest line, or None if there is none."""
        return self._walk.chain.head

    @property
    def root(self) -> str:
        """Return the Merkle root over all entries (hex)."""
        return self._walk.chain.root

    @property
    def state(self) -> states.State | None:
        """Return what is in force, None: there is no ledger yet."""
        return self._walk.state

    @property
    def last(self) -> Entry | None:
        """Return the newest entry."""
        return self._walk.last

    @property
    def since_audit(self) -> int:
        """Return how many entries lie after the newest audit (or the genesis)."""
        return self.size - 1 - self.state.audit.sequence if self.state else 0

    # --- look-ups ----------------------------------------------------------------------------

    def look_up(self, entry_ids: Iterable[str]) -> None:
        """Bring what answers for some ids need in few batches."""
        self._walk.tree.look_up(map(places.entry_key, entry_ids), contents=True)

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry with this id, or None: it was never recorded.

        Raises:
            LedgerError: What lies in its place is not that entry.
        """
        if entry_id in self.entries:
            return self.entries[entry_id]
        note = self._walk.tree.read(places.entry_key(entry_id))
        if note is None:
            return None
        entry = self.lines.entry(note, f"entry {entry_id[:12]}")
        if (entry.link.id, entry.link.entry_id) != (self.id, entry_id) or entry.link.sequence >= self.size:
            raise LedgerError(f"what the ledger keeps as entry {entry_id[:12]} is another one", fix=ledger.RESTORE)
        self.entries[entry_id] = entry
        return entry

    def decision(self, entry_id: str) -> RecordedDecision | None:
        """Return a decision and what became of it, or None: there is no such entry, or it is none."""
        entry = self.find(entry_id)
        content = content_of(entry) if entry else None
        if entry is None or not isinstance(content, Decision):
            return None
        if content.outcome is not Outcome.ALLOW:
            return RecordedDecision(entry, content)
        later = [ledger.entry_id(kind, self.id, entry_id) for kind in ("withdrawn", "publication")]
        self.look_up(later)
        withdrawn, publication = map(self.find, later)
        return RecordedDecision(entry, content, withdrawn is not None, publication)

    def on_manifest(self, manifest: str) -> tuple[RecordedDecision, ...]:
        """Return the decisions on a manifest (sha256) in their order."""
        listed = places.listed(self._walk.tree, places.MANIFEST, manifest)
        self.look_up(listed)
        decisions = (self.decision(entry_id) for entry_id in listed)
        return tuple(recorded for recorded in decisions if recorded is not None)

    def current(self, stage: str) -> RecordedDecision | None:
        """Return the decision that let in what a stage has now, or None."""
        known = self.state.stages.get(stage) if self.state else None
        return self.decision(known.current.entry_id) if known and known.current else None

    def unpublished(self) -> tuple[RecordedDecision, ...]:
        """Return the allows that wait for their publication, oldest first."""
        return self._decisions([allowed.entry_id for allowed in self.state.unpublished] if self.state else [])

    def published(self, tag: str) -> tuple[RecordedDecision, ...]:
        """Return the allows of which a publication under this tag is recorded, in its order."""
        publications = places.listed(self._walk.tree, places.PUBLICATION, tag)
        self.look_up(publications)
        bodies = [content_of(entry) for entry_id in publications if (entry := self.find(entry_id))]
        named = [event.body.decision for event in bodies if not isinstance(event, Decision)
                 and isinstance(event.body, Publication)]  # fmt: skip
        return self._decisions([reference.entry_id for reference in named])

    def _decisions(self, entry_ids: Sequence[str]) -> tuple[RecordedDecision, ...]:
        self.look_up(entry_ids)
        found = [self.decision(entry_id) for entry_id in entry_ids]
        if None in found:
            raise LedgerError("the ledger's state names a decision that it does not have", fix=ledger.RESTORE)
        return tuple(recorded for recorded in found if recorded is not None)

    def is_withdrawn(self, recorded: RecordedDecision) -> bool:
        """Return whether a decision that was read on an older tip is withdrawn here.

        Raises:
            LedgerError: It is not here any more.
        """
        current = self.decision(recorded.entry.link.entry_id)
        if current is None or current.entry.attestation.payload != recorded.entry.attestation.payload:
            raise LedgerError(f"entry {recorded.sequence} was read, and is not in the ledger any more")
        return current.withdrawn

    # --- one more entry ----------------------------------------------------------------------

    def next_link(self, entry_id: str, content: Decision | Event) -> LedgerLink:
        """Return the place of the next entry.

        Raises:
            LedgerError: An entry with this id is recorded already.
        """
        walk = self._walk
        walk.tree.look_up(places.touched(content, entry_id))  # in one go what would be asked for key by key
        walk.tree.look_up(places.appended_to(content), contents=True)
        if entry := self.find(entry_id):
            raise LedgerError(f"entry {entry_id[:12]} is recorded already, at {entry.link.sequence}")
        state = states.digest(states.after(walk.state, content, self.id, entry_id))
        return walk.chain.link(entry_id, walk.commit, walk.tree.root, state)

    def appended(self, entry: Entry, message: str, evidence: bytes = b"") -> tuple[NewCommit, Walk]:
        """Return the commit that adds an entry here, and the walk as it will be then, but for the commit's id.

        Args:
            entry: The signed entry.
            message: For people.
            evidence: The document that a decision, or a consent, rests on; it lies beside it.

        Raises:
            LedgerError: It is not for this place.
        """
        content, link = content_of(entry), entry.link
        document = places.document_of(content)
        if document and digests.git_object("blob", evidence) != document.git_blob:
            raise LedgerError(f"entry {link.sequence}: the evidence is not the document that it names")
        if link != self.next_link(link.entry_id, content):
            raise LedgerError(f"entry {link.sequence}: it is not for this place in the ledger")
        self._walk.tree.look_up(places.touched(content, link.entry_id))
        self._walk.tree.look_up(places.appended_to(content), contents=True)
        state = states.after(self.state, content, self.id, link.entry_id)
        chain, tree = self._walk.chain.copy(), self._walk.tree.copy()
        chain.add(entry)
        written = places.apply(tree, entry, content, states.document(state))
        kept = places.document_key(content)
        notes = [key for key in written if key != kept]
        objects = _objects(self._walk.tree, written, notes) | _objects(tree, written, notes)
        if kept:
            objects[str(tree.blob(kept))] = ("blob", evidence)
        line, since = str(tree.blob(places.entry_key(link.entry_id))), link.sequence - state.audit.sequence
        commit = NewCommit(self.commit, str(tree.root), objects, line, since, message)
        return commit, Walk(chain, tree, self._walk.judge, None, state, entry)

    def then(self, walk: Walk, commit: str) -> Tip:
        """Return the ledger after `appended` was pushed as a commit."""
        walk.commit = commit
        assert walk.last is not None  # noqa: S101 - `appended` made it
        return Tip(walk, self.lines, {**self.entries, walk.last.link.entry_id: walk.last})

    def proof(self, decision: Entry, publication: Entry) -> bytes | None:
        """Return the bytes of `ledger-proof.json`, or None: the decision is older than what was read here.

        It carries the state as of this tip: no later entry is known when a release is made.
        """
        chain = self._walk.chain
        if self.last is None or self.state is None or not chain.covers(decision.link.sequence):
            return None
        note = ledger.state_note(self.last.line, states.document(self.state))
        return chain.proof(decision, publication, note)


def _objects(tree: NotesTree, keys: Collection[str], notes: Collection[str]) -> dict[str, tuple[str, bytes]]:
    """Return the trees on the way to some keys, and the notes at some; git compares new ones with those before them."""
    found = {name: ("tree", node) for name, node in tree.nodes(keys).items()}
    for key in notes:
        if (note := tree.read(key)) is not None:
            found[str(tree.blob(key))] = ("blob", note)
    return found
