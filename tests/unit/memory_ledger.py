"""A ledger's branch in memory: git objects by id and commits, moved only from where somebody read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ServiceError
from counterseal.formats import digests
from counterseal.ledger import NotesTree, keys
from counterseal.model import LedgerCommit, Pushed

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence

    from counterseal.model import NewCommit


class MemoryLedger:
    """A `LedgerStore`. `asked` are the sizes of the batches of objects that were asked for."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}
        self.made: dict[str, LedgerCommit] = {}
        self.branch: str | None = None
        self.notes: str | None = None
        self.messages: list[str] = []
        self.asked: list[int] = []

    def check_push(self) -> None:
        """Take every push."""

    def tip(self) -> str | None:
        return self.branch

    def copy(self) -> str | None:
        return self.notes

    def commits(self, most: int | None) -> Sequence[LedgerCommit]:
        listed: list[LedgerCommit] = []
        name = self.branch
        while name is not None and (most is None or len(listed) < most):
            listed.append(self.made[name])
            name = next(iter(self.made[name].parents), None)
        return listed

    def history(self, after: str | None = None) -> tuple[int, Generator[LedgerCommit]]:
        listed = self.commits(None)[::-1]
        names = [commit.id for commit in listed]
        if after is not None and after not in names:
            raise ServiceError(f"the ledger's branch does not have commit {after[:12]}")
        rest = listed[names.index(after) + 1 :] if after else listed
        return len(rest), (commit for commit in rest)

    def objects(self, ids: Collection[str]) -> Mapping[str, bytes]:
        self.asked.append(len(ids))
        if lacking := set(ids) - self.found.keys():
            raise ServiceError(f"object {min(lacking)} did not come")
        return {name: self.found[name] for name in ids}

    def push(self, commit: NewCommit) -> Pushed:
        name = self.make(commit)
        if commit.base != self.branch:
            return Pushed(name, taken=False)
        self.branch = self.notes = name
        self.messages.append(commit.message)
        return Pushed(name, taken=True)

    def make(self, commit: NewCommit) -> str:
        """Keep a commit and its objects, which no branch has yet; return its id."""
        for name, (kind, content) in commit.objects.items():
            assert digests.git_object(kind, content) == name
            self.found[name] = content
        parents = (commit.base,) if commit.base else ()
        name = digests.git_object("commit", repr((commit.tree, parents, commit.line)).encode())
        self.made[name] = LedgerCommit(name, commit.tree, parents, commit.line, commit.since_audit)
        return name

    def lines(self) -> list[bytes]:
        """Return the lines in their order."""
        return [self.found[str(commit.line)].removesuffix(b"\n") for commit in self.commits(None)[::-1]]

    def tree(self) -> NotesTree:
        """Return the tree of the branch."""
        return NotesTree(self.made[self.branch].tree if self.branch else None, self.objects)

    def document(self, kind: str, value: str) -> bytes | None:
        """Return what lies under a key."""
        return self.tree().read(keys.key(kind, value))
