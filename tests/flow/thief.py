"""Bob as a thief: with git and his own token he may push to the ledger's branch, as anybody with write access.

`Thief` appends lines as a gate does, with tree, state and place as they have to be; only who signed them is another
matter. `Hand` has the branch in a work tree, and changes there what it likes.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from tests.flow import recorded
from tests.unit.ledger_lines import Judge, Verifier

from counterseal import ledger
from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.evaluation import Decision
from counterseal.formats import wire
from counterseal.gate.ledger import LedgerReader, Tip
from counterseal.history import content_of, places
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF
from counterseal.ledger import NotesTree, keys
from counterseal.model import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal.model import Attestation, NewCommit

#: The id of an entry that is nobody's.
FORGED = "e1" * 32


class Credulous(Verifier):
    """Believes every bundle."""

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:
        return dataclasses.replace(super().verify_statement(recorded.payload(bundle.decode()), what), bundle=bundle)


class Thief:
    """Appends lines that no gate made, at the right place and in all the notes where they belong."""

    def __init__(self, world: FlowWorld, folder: Path) -> None:
        self.world = world
        self.store = GitLedgerStore(world.clone_url, folder / "thief.git", token=world.people["bob"].token, user="bob")
        name = recorded.statements(world)[0]["predicate"]["ledger"]["id"]
        self.reader = LedgerReader(name, Credulous(), Judge())  # type: ignore[arg-type]

    def tip(self) -> Tip:
        return self.reader.read(self.store)

    def on(self, tip: Tip, commit: str, tree: str) -> Tip:
        """Return the ledger as if a commit that was pushed on a tip, and is no entry, belonged to it."""
        self.store.commits(None)
        there = NotesTree(tree, self.store.objects)
        there.look_up([keys.STATE], contents=True)  # git wants to compare with it
        return Tip(dataclasses.replace(tip._walk, tree=there, commit=commit), self.reader)

    def words(self, said: Mapping[str, Any], entry_id: str = FORGED, tip: Tip | None = None, **changes: Any) -> bytes:
        """Return a statement at the next place of the ledger, with some members of its place changed."""
        predicate = {**said["predicate"], "ledger": {**said["predicate"]["ledger"], "entryId": entry_id}}
        payload = json.dumps({**said, "predicate": predicate}).encode()
        entry = _entry(self.reader.verifier.verify_statement(_bundle(payload), "words"))
        link = dataclasses.replace((tip or self.tip()).next_link(entry_id, content_of(entry)), **changes)
        return json.dumps({**said, "predicate": {**predicate, "ledger": wire.encode(link)}}).encode()

    def commit(self, line: bytes, tip: Tip | None = None) -> NewCommit:
        """Return the commit that appends a line as a gate would."""
        tip, entry = tip or self.tip(), self.reader.entry(line, "forged")
        content, evidence = content_of(entry), b""
        if isinstance(content, Decision):
            evidence = self.store.objects([content.evidence_digest.git_blob])[content.evidence_digest.git_blob]
        return tip.appended(entry, f"{tip.size} nothing to see here", evidence)[0]

    def append(self, line: bytes, tip: Tip | None = None) -> str:
        """Append a line as a gate would, and return the commit."""
        pushed = self.store.push(self.commit(line, tip))
        assert pushed.taken
        return pushed.commit


def _bundle(payload: bytes) -> bytes:
    return json.dumps({"dsseEnvelope": {"payload": base64.b64encode(payload).decode()}}).encode()


def _entry(attestation: Attestation) -> Entry:
    return Entry(attestation.bundle, attestation, ledger.link_of(attestation.statement))


class Hand:
    """The ledger's branch in a work tree of bob's."""

    def __init__(self, world: FlowWorld, folder: Path) -> None:
        self.world, self.folder = world, folder / "hand"
        clone = ("clone", "-q", "--branch", LEDGER_BRANCH, world.clone_url, str(self.folder))
        world.git(*clone, folder=world.folder)

    def git(self, *arguments: str) -> str:
        return self.world.git(*arguments, folder=self.folder)

    def place(self, kind: str, value: str) -> Path:
        """Return where a note lies."""
        return self.folder / keys.path(places.list_key(kind, value, 0))

    def write(self, kind: str, value: str, content: bytes) -> None:
        place = self.place(kind, value)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def entry(self, number: int) -> Path:
        """Return where the line of an entry lies."""
        link = recorded.statements(self.world)[number]["predicate"]["ledger"]
        return self.place(places.ENTRY, link["entryId"])

    def commit(self, line: bytes | None = None, since: int | None = None, onto: tuple[str, ...] = ("HEAD",)) -> str:
        """Commit what is in the folder, and return the commit.

        Args:
            line: The note with the line that its message says it adds; None: it says nothing.
            since: How far it says the newest audit is; None: one further than the commit before says.
            onto: Its parents.
        """
        message = "nothing to see here"
        if line is not None:
            (self.folder / ".git" / "line").write_bytes(line)
            before = self.git("log", "-1", "--format=%(trailers:key=Since-Audit,valueonly)", "HEAD")
            distance = int(before or 0) + 1 if since is None else since
            message += f"\n\nLine: {self.git('hash-object', '-w', '.git/line')}\nSince-Audit: {distance}"
        return self._commit(message, onto)

    def amend(self, onto: tuple[str, ...] = ("HEAD^",)) -> str:
        """Make the newest commit anew with what is in the folder now, on its parent or on others, and return it."""
        return self._commit(self.git("log", "-1", "--format=%B"), onto)

    def _commit(self, message: str, onto: tuple[str, ...]) -> str:
        self.git("add", "--all")
        parents = [argument for parent in onto for argument in ("-p", self.git("rev-parse", parent))]
        made = self.git("commit-tree", self.git("write-tree"), *parents, "-m", message)
        self.git("reset", "-q", "--hard", made)
        return made

    def tree_of(self, commit: str) -> None:
        """Put into the folder what a commit has."""
        self.git("read-tree", "-u", "--reset", commit)

    def push(self) -> None:
        self.git("push", "-q", "origin", f"HEAD:{LEDGER_REF}")
