"""Brings commits that no ref of a remote points to any more, by their ids, and reads the ledger at one of them.

Forges keep what was pushed for a while after it was pushed over, and hand it out by id (protocol v2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.adapters.git import notes
from counterseal.adapters.git.process import Git
from counterseal.adapters.git.remote import Remote
from counterseal.errors import FormatError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.model import StoredLedger

_HERE = "refs/counterseal/lost"


class GitLostTips:
    """A `LostTips` over the git binary.

    Args:
        url: Address of the remote (see `Remote`).
        folder: Where our bare copy lies; made if it is not there.
        token: For the remote, to read.
        user: The name that goes with the token.
    """

    def __init__(self, url: str, folder: Path, *, token: str | None, user: str) -> None:
        self._remote = Remote(url, token, user=user)
        self._git = Git(folder)
        self._git.create()
        self._known: dict[str, bytes] = {}

    def bring(self, tip: str) -> bool:
        """Bring a commit here with its whole history; return whether the remote still has it."""
        return self._remote.fetch_commit(self._git, _checked(tip), f"{_HERE}/{tip}")

    def history(self, tip: str, without: Sequence[str] = ()) -> Sequence[str]:
        """Return the commits that are in the history of one that was brought, newest first, itself among them.

        Args:
            tip: The commit.
            without: Commits that were brought; what is in their history is left out.
        """
        hidden = (f"^{_checked(other)}" for other in without)
        return self._git.read("rev-list", "--topo-order", _checked(tip), *hidden, "--").decode().split()

    def stored(self, tip: str) -> StoredLedger:
        """Return the ledger at a commit that was brought, as if branch and notes were there.

        Raises:
            LedgerError: Something in its tree is no note.
            ServiceError: It is too large, or git failed.
        """
        return notes.read(self._git, _checked(tip), _checked(tip), known=self._known)


def _checked(commit: str) -> str:
    """Return a full commit id; whatever else a forge may say does not come near git's command line.

    Raises:
        FormatError: It is none.
    """
    if not digests.is_revision(commit):
        raise FormatError(f"{commit[:100]!r} is not a commit id", why="the forge's log of pushes names it")
    return commit
