"""Reads the ledger in a clone of somebody's, without talking to any remote. It believes nothing of what it reads."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.adapters.git import ledger_commits
from counterseal.adapters.git.process import Git, explain
from counterseal.errors import ServiceError
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Mapping, Sequence

    from counterseal.model import LedgerCommit

#: More than any batch of lines and trees has.
MAX_BYTES: Final = 256 << 20


class LocalLedger:
    """Reads the ledger in a clone of somebody's, without talking to any remote.

    Args:
        folder: The clone, or a folder in its work tree.
    """

    def __init__(self, folder: Path) -> None:
        self._git = Git(folder, own=False)
        self._partial = False

    def check(self) -> None:
        """Require that a ledger can be read here.

        Raises:
            ServiceError: It is no clone, a shallow one, or it belongs to somebody else.
        """
        asked = self._git.run("rev-parse", "--is-shallow-repository")
        if asked.code != 0:
            raise ServiceError(
                f"{self._git.folder} cannot be read as a git repository",
                why=explain(asked),
                fix="name a clone that has the ledger: --folder PATH",
            )
        if asked.out.strip() != b"false":
            raise ServiceError(
                "this clone is shallow", why="the history of the ledger is cut off", fix="git fetch --unshallow"
            )
        partial = self._git.is_partial()
        if partial and not self._git.fetches_nothing():
            raise ServiceError(
                "this clone is a partial one, and this version of git would fetch what it lacks",
                why="reading a ledger must start nothing that the clone's configuration names",
                fix="use git 2.45 or newer, or a clone made without --filter",
            )
        self._partial = partial

    def lend(self, folder: Path) -> None:
        """Make a bare repository that reads the clone's objects where it lacks its own, so that none are copied.

        Of a clone that may lack some nothing is lent.
        """
        asked = self._git.run("rev-parse", "--path-format=absolute", "--git-path", "objects")
        whole = asked.code == 0 and not self._partial
        Git(folder).create(borrowed=Path(os.fsdecode(asked.out.rstrip(b"\n"))) if whole else None)

    def tip(self) -> str | None:
        """Return where the ledger's branch was when it was fetched last, or where a branch of that name is."""
        fetched = f"refs/remotes/origin/{LEDGER_BRANCH}"
        tips = self._git.tips(fetched, LEDGER_REF)
        return tips.get(fetched) or tips.get(LEDGER_REF)

    def commits(self, most: int | None) -> Sequence[LedgerCommit]:
        """Return the branch's commits as the clone has them, newest first.

        Raises:
            ServiceError: The clone lacks one.
        """
        tip = self.tip()
        with self._lacks():
            return [] if tip is None else ledger_commits.read(self._git, tip, most)

    def history(self, after: str | None = None) -> tuple[int, Generator[LedgerCommit]]:
        """Return how many commits the clone has of the branch, all or after one of them, and they, oldest first.

        Raises:
            ServiceError: The clone lacks one.
        """
        if (tip := self.tip()) is None:
            return 0, _nothing()
        with self._lacks():
            number, commits = ledger_commits.stream(self._git, tip, after)
            return number, self._streamed(commits)

    def _streamed(self, commits: Generator[LedgerCommit]) -> Generator[LedgerCommit]:
        with contextlib.closing(commits), self._lacks():
            yield from commits

    def objects(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return trees and blobs by id.

        Raises:
            ServiceError: The clone lacks one.
        """
        with self._lacks():
            return self._git.objects(ids, limit=MAX_BYTES)

    @contextlib.contextmanager
    def _lacks(self) -> Iterator[None]:
        try:
            yield
        except ServiceError as error:
            whole = "make a clone anew, whole: without --filter, and not by copying files"
            fix = "git fetch --refetch --no-filter origin, or make a clone without --filter" if self._partial else whole
            why = ": ".join(filter(None, (error.what, error.why)))
            raise ServiceError("this clone lacks a part of the ledger", why=why, fix=fix) from error


def _nothing() -> Generator[LedgerCommit]:
    yield from ()


def origin(folder: Path) -> str:
    """Return the address that a clone came from, as it was given; empty where git knows of none."""
    answer = Git(folder, own=False).run("config", "--get", "remote.origin.url")
    return answer.out.decode("utf-8", "replace").strip() if answer.code == 0 else ""
