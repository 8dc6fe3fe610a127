"""Brings commits that no ref of a remote points to any more, by their ids, and reads the ledger at one of them.

Forges keep what was pushed for a while after it was pushed over, and hand it out by id (protocol v2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.adapters.git import ledger_commits
from counterseal.adapters.git.ledger_clone import MAX_BYTES
from counterseal.adapters.git.process import Git
from counterseal.adapters.git.remote import Remote
from counterseal.errors import FormatError, LedgerError, LimitError
from counterseal.formats import digests
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal.ledger import RESTORE

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence
    from pathlib import Path

    from counterseal.model import LedgerCommit

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

    def places(self) -> tuple[str | None, str | None]:
        """Return where the ledger's branch and the notes ref are at the remote now (None: absent)."""
        present = self._remote.refs(self._git, LEDGER_REF, NOTES_REF)
        return present.get(LEDGER_REF), present.get(NOTES_REF)

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

    def at(self, tip: str) -> LedgerAt:
        """Return the ledger as it is where the branch is at a commit that was brought."""
        return LedgerAt(self._git, _checked(tip))


class LedgerAt:
    """A `LedgerSource` at one commit of a copy that has its whole history.

    So what a commit names and the copy has not, was never there: that is said of the ledger, and is no failure to read
    it, by which one commit of somebody's could hide all others.
    """

    def __init__(self, git: Git, tip: str) -> None:
        self._git, self._tip = git, tip

    def tip(self) -> str:
        """Return the commit."""
        return self._tip

    def commits(self, most: int | None) -> Sequence[LedgerCommit]:
        """Return its first-parent line, newest first."""
        return ledger_commits.read(self._git, self._tip, most)

    def history(self, after: str | None = None) -> tuple[int, Generator[LedgerCommit]]:
        """Return how many commits its first-parent line has, all or after one of them, and they, oldest first."""
        return ledger_commits.stream(self._git, self._tip, after)

    def objects(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return trees and blobs by id.

        Raises:
            LedgerError: One is not there, or is something else.
            LimitError: Together they are larger than what is read of a ledger.
        """
        asked = "".join(f"{name}\n" for name in ids).encode()
        total = 0
        for line in self._git.read("cat-file", "--batch-check", data=asked).decode("ascii", "replace").splitlines():
            name, kind, *size = line.split(" ")
            if kind not in ("blob", "tree"):
                what = f"the ledger at {self._tip[:12]} names {name[:12]}"
                raise LedgerError(what, why=f"that is {kind}, and no line or tree of it", fix=RESTORE)
            total += int(size[0])
        if total > MAX_BYTES:
            raise LimitError(f"a part of the ledger has {total} bytes", why=f"at most {MAX_BYTES} are read")
        return self._git.objects(ids, limit=MAX_BYTES)


def _checked(commit: str) -> str:
    """Return a full commit id; whatever else a forge may say does not come near git's command line.

    Raises:
        FormatError: It is none.
    """
    if not digests.is_revision(commit):
        raise FormatError(f"{commit[:100]!r} is not a commit id", why="the forge's log of pushes names it")
    return commit
