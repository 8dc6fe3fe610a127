"""Ledgers in real git repositories, without a push for each entry: made in memory with git's own ids, then planted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.unit import git_remotes as remotes
from tests.unit import ledger_lines
from tests.unit.git_remotes import git
from tests.unit.memory_ledger import MemoryLedger

from counterseal.adapters.git import ledger_commits
from counterseal.adapters.git.pack import pack
from counterseal.formats import digests
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal.ledger import NotesTree, keys
from counterseal.model import LedgerCommit, NewCommit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.ledger_lines import Book

    from counterseal.evaluation.decision import Decision
    from counterseal.gate.ledger import Tip
    from counterseal.history.events import Event
    from counterseal.model import Pushed
    from counterseal.ports import LedgerStore


class PackedLedger(MemoryLedger):
    """A ledger in memory whose commits have the ids that git would give them."""

    def __init__(self) -> None:
        super().__init__()
        self.packed: dict[str, tuple[str, bytes]] = {}

    def make(self, commit: NewCommit) -> str:
        content = ledger_commits.encode(commit, 1_795_000_000 + len(self.made))
        name = digests.git_object("commit", content)
        self.packed |= {**commit.objects, name: ("commit", content)}
        self.found.update((each, data) for each, (_, data) in commit.objects.items())
        parents = (commit.base,) if commit.base else ()
        self.made[name] = LedgerCommit(name, commit.tree, parents, commit.line, commit.since_audit)
        return name

    def plant(self, folder: Path, *, loose: bool = False) -> None:
        """Put the ledger into a repository: its branch, and the notes ref on the same commit."""
        how = ("unpack-objects", "-q", "--strict") if loose else ("index-pack", "--strict", "--stdin")
        git(folder, *how, data=pack(self.packed.values()))
        move(folder, str(self.branch))


def move(folder: Path, revision: str) -> None:
    """Point branch and notes ref to a commit, as somebody with the right to force-push can."""
    for ref in (LEDGER_REF, NOTES_REF):
        git(folder, "update-ref", ref, revision)


def planted(folder: Path, decided: int, audit_each: int = 50, *, loose: bool = False) -> Book:
    """Return the book of a ledger that was put into a repository, with an audit after each so many decisions.

    Args:
        folder: The repository.
        decided: How many decisions there are.
        audit_each: After how many of them there is an audit.
        loose: Whether each object is a file of its own, which can be taken away.
    """
    store = PackedLedger()
    book = Quick(store)
    book.begin()
    for number in range(decided):
        book.decide(str(number), publishes=False)
        if number % audit_each == audit_each - 1:
            book.audit()
    store.plant(folder, loose=loose)
    return book


class Quick(ledger_lines.Book):
    """A book that reads its store only once: nobody else writes there."""

    _read: Tip | None = None

    def tip(self) -> Tip:
        self._read = self._read or super().tip()
        return self._read

    def write(self, content: Decision | Event, entry_id: str, evidence: bytes = b"") -> Pushed:
        tip = self.tip()
        entry = self.reader.entry(ledger_lines.payload(tip, content, entry_id), "a stand-in")
        commit, walk = tip.appended(entry, f"{tip.size} entry", evidence)
        pushed = self.store.push(commit)
        self._read = tip.then(walk, pushed.commit)
        self.entries.append(entry)
        self.at += timedelta(minutes=1)
        return pushed


def continued(book: Book, store: LedgerStore) -> Book:
    """Return a book that goes on in another store where one ended."""
    other = ledger_lines.Book(store, book.at)
    other.entries = list(book.entries)
    return other


def next_commit(book: Book, name: str) -> NewCommit:
    """Return the commit of a decision on what the book's store has now; it is not pushed."""
    made = ledger_lines.decision(name, decided_at=book.at, publishes=False)
    return book.commit(made, ledger_lines.identifier(name), evidence=ledger_lines.evidence_of(name))


def plain_commit(content: bytes, message: str = "x", base: str | None = None) -> NewCommit:
    """Return a commit whose tree has one note: a store does not ask what is in it."""
    tree, key = NotesTree(), keys.key("entry", "one")
    tree.write(key, content)
    blob = str(tree.blob(key))
    objects = {name: ("tree", node) for name, node in tree.nodes([key]).items()} | {blob: ("blob", content)}
    return NewCommit(base, str(tree.root), objects, blob, 0, message)


def forged(
    folder: Path, message: str, files: dict[str, str | None] | None = None, parents: tuple[str, ...] | None = None
) -> str:
    """Return a commit that somebody pushed to the branch without being a gate."""
    name = remotes.commit(folder, LEDGER_REF, files or {}, parents=parents, message=message)
    move(folder, name)
    return name


def lose(folder: Path, name: str) -> None:
    """Take a loose object away from a repository."""
    (folder / "objects" / name[:2] / name[2:]).unlink()


def texts(folder: Path) -> list[str]:
    """Return what `plain_commit` put into a repository's ledger; empty: there is none."""
    if not git(folder, "for-each-ref", LEDGER_REF):
        return []
    return [git(folder, "cat-file", "blob", f"{LEDGER_REF}:{keys.path(keys.key('entry', 'one'))}")]
