"""What the core asks of git: the source repository, and where the ledger's lines lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.model import StoredLedger


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

    def added_files(self, ref_revision: str, folder: str) -> Sequence[tuple[str, str]]:
        """Return (commit, path) of each file that a first-parent commit added under `folder`, oldest first."""

    def changed_paths(self, base: str, revision: str) -> Sequence[str]:
        """Return every path that differs between two revisions."""

    def fetch_head(self, number: int) -> str | None:
        """Return the head of a change request after fetching it, or None if the forge has lost it."""


class LostTips(Protocol):
    """The ledger at commits that no ref of the remote may point to any more. Knows bytes, no signatures."""

    def bring(self, tip: str) -> bool:
        """Bring a commit here with its whole history; return whether the remote still has it."""

    def history(self, tip: str, without: Sequence[str] = ()) -> Sequence[str]:
        """Return the commits in the history of one that was brought, newest first, itself among them.

        Args:
            tip: The commit.
            without: Commits that were brought; what is in their history is left out.
        """

    def stored(self, tip: str) -> StoredLedger:
        """Return the ledger at a commit that was brought, as if branch and notes were there.

        Raises:
            LedgerError: Something in its tree belongs to no ledger.
        """


class LedgerStore(Protocol):
    """Where the lines of the ledger lie. Knows bytes and notes, no signatures."""

    def check_push(self) -> None:
        """Ask the remote whether it would take a push of ours; nothing is pushed.

        It tells what the token may do, not what the rules of a branch are: those show at a push.

        Raises:
            ServiceError: It would not; the message names the setting.
        """

    def tips(self) -> tuple[str | None, str | None]:
        """Return where notes ref and mirror are at the remote now (None: absent); cheap."""

    def fetch(self) -> StoredLedger:
        """Return what the remote has now: both refs and every line."""

    def push(self, base: StoredLedger, note: str, line: bytes, message: str, *, evidence: bytes = b"") -> bool:
        """Append `line` to the note `note` and move notes ref and mirror together, fast-forward only.

        Args:
            base: What `fetch` returned; the new commit has its tip as the only parent.
            note: 40 hex digits, the object that the note is for.
            line: The entry without newline.
            message: The commit message, a courtesy to readers.
            evidence: A document to keep beside the line, by its sha256; nothing if empty.

        Returns:
            True if the remote has the line now. False if it may or may not have it, because somebody else was
            faster or the connection broke: fetch again and look for the line.

        Raises:
            ServiceError: Any other refusal; it is final. The remote is unchanged, or the message says it may not be.
        """
