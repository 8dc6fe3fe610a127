"""What the core asks of git: the source repository, and where the ledger's lines lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence

    from counterseal.model import LedgerCommit, NewCommit, Pushed


class SourceRepository(Protocol):
    """The git repository, read from a bare copy of its own (R36)."""

    def default_ref(self) -> str:
        """Return the full ref of the default branch."""

    def default_tip(self) -> str | None:
        """Return the commit that the default branch points to, as the remote has it now, or None."""

    def resolve(self, ref: str) -> str | None:
        """Return the commit that a full ref points to (tags peeled), as the remote has it now, or None."""

    def resolve_all(self, *refs: str) -> tuple[str | None, ...]:
        """Return the commits that full refs point to, as `resolve` does, all as they are at one moment."""

    def read_file(self, revision: str, path: str) -> bytes | None:
        """Return the bytes of a regular file at a revision, or None if there is none."""

    def file_mode(self, revision: str, path: str) -> str | None:
        """Return the git mode of a path at a revision, or None."""

    def is_ancestor(self, revision: str, of: str) -> bool:
        """Return whether `revision` is reachable from `of` (True if they are equal)."""

    def parent(self, revision: str, generations: int = 1) -> str | None:
        """Return the first parent so many generations back, or None."""

    def first_parents(self, revision: str) -> Sequence[str]:
        """Return the first-parent line that ends in `revision`, newest first: what a branch's tips were, and more."""

    def commits_touching(self, revision: str, path: str) -> Sequence[str]:
        """Return the commits of the first-parent line of `revision` that changed a path, newest first."""

    def touched(self, revision: str, paths: Collection[str]) -> frozenset[str]:
        """Return those of some paths that a commit of the first-parent line of `revision` ever changed."""

    def added_files(self, ref_revision: str, folder: str, since: str | None = None) -> Sequence[tuple[str, str]]:
        """Return (commit, path) of each file that a first-parent commit added under `folder`, oldest first.

        `since`: only commits after that one.
        """

    def changed_paths(self, base: str, revision: str) -> Sequence[str]:
        """Return every path that differs between two revisions."""

    def fetch_head(self, number: int) -> str | None:
        """Return the head of a change request after fetching it, or None if the forge has lost it."""


class LedgerSource(Protocol):
    """Where the commits and notes of the ledger can be read. Knows git objects, no lines and no signatures."""

    def tip(self) -> str | None:
        """Return where the ledger's branch is now (None: there is none); cheap."""

    def commits(self, most: int | None) -> Sequence[LedgerCommit]:
        """Return the branch's commits as they are now, newest first, by first parents.

        Args:
            most: No more than so many; None: all.
        """

    def history(self, after: str | None = None) -> tuple[int, Generator[LedgerCommit]]:
        """Return how many commits the branch has now, and they by first parents, oldest first, as a stream.

        Until it is closed, `objects` may be asked for in between.

        Args:
            after: Only commits after this one; all, if the branch does not have it.
        """

    def objects(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return trees and blobs by id.

        Args:
            ids: Not a tree together with one of its own members: git servers leave out the member then.

        Raises:
            ServiceError: One is not there, or did not come.
        """


class Memory(Protocol):
    """One thing that is kept for the user; what others put in its place is not given back."""

    def read(self) -> bytes | None:
        """Return what was kept, or None: nothing, or something else by now."""

    def keep(self, data: bytes) -> None:
        """Keep this in place of what was there, if that is possible."""


class LostTips(Protocol):
    """The ledger at commits that no ref of the remote may point to any more. Knows git objects, no signatures."""

    def places(self) -> tuple[str | None, str | None]:
        """Return where the ledger's branch and the notes ref are at the remote now (None: absent)."""

    def bring(self, tip: str) -> bool:
        """Bring a commit here with its whole history; return whether the remote still has it."""

    def history(self, tip: str, without: Sequence[str] = ()) -> Sequence[str]:
        """Return the commits in the history of one that was brought, newest first, itself among them.

        Args:
            tip: The commit.
            without: Commits that were brought; what is in their history is left out.
        """

    def at(self, tip: str) -> LedgerSource:
        """Return the ledger as it is where the branch is at a commit that was brought.

        What its commits name and its history has not, is an error of that ledger (`LedgerError`), not of reading it.
        """


class LedgerStore(LedgerSource, Protocol):
    """Where the ledger lies at the forge, to be read and appended to."""

    def check_push(self) -> None:
        """Ask the remote whether it would take a push of ours; nothing is pushed.

        It tells what the token may do, not what the rules of a branch are: those show at a push.

        Raises:
            ServiceError: It would not; the message names the setting.
        """

    def copy(self) -> str | None:
        """Return where the notes ref, the branch's copy for people, is now (None: there is none)."""

    def push(self, commit: NewCommit) -> Pushed:
        """Append a commit to the branch, fast-forward only, and set the notes ref, its copy for people, to the same.

        Returns:
            What became of it. Not taken: the remote may or may not have it, because somebody else was faster or the
            connection broke: read again and look for the entry. That the notes ref could not be set is a warning.

        Raises:
            ServiceError: Any other refusal; it is final. The remote is unchanged, or the message says it may not be.
        """
