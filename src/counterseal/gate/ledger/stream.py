"""Brings the lines of a whole ledger in their order and has them checked, beside our process if there are many."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from counterseal.errors import CountersealError
from counterseal.gate.ledger.checking import Job, Line, check_all
from counterseal.gate.ledger.walk import not_an_entry
from counterseal.model import LedgerCommit
from counterseal.ports import BundleVerifier, Crewed, Tell, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager

    from counterseal.gate.ledger.checking import Answers, Checked
    from counterseal.gate.ledger.lines import Lines
    from counterseal.ports import Crew, LedgerSource

T = TypeVar("T")
R = TypeVar("R")

#: How many lines are read, and checked, in one go.
_BATCH: Final = 64
#: With fewer entries one process is faster.
ALONE: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """How a whole ledger is to be read.

    Attributes:
        search: What decisions are searched for (see `mentions`).
        tell: Told of how many are verified.
        from_first: Whether proofs of entries are wanted, for which every line has to be here: what was verified before
            is not gone on from.
    """

    search: str = ""
    tell: Tell = silent
    from_first: bool = False


#: Verify all, tell nobody.
ANYHOW: Final = Asked()


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some commits with the lines that they add; or why what comes next could not be brought."""

    commits: Sequence[LedgerCommit]
    lines: Sequence[Line]
    error: CountersealError | None = None


def checked(
    lines: Lines, source: LedgerSource, asked: Asked, after: tuple[int, str | None] = (0, None)
) -> Generator[tuple[LedgerCommit, bytes, Checked]]:
    """Yield each commit of a ledger, oldest first, with its line and what is told of that.

    Args:
        lines: Verifies lines.
        source: Where they lie.
        asked: How they are to be read.
        after: How many entries are known already, and the commit of the last of them.

    Raises:
        LedgerError: A commit or line is not what a gate made; it is the first such one.
        ServiceError: Something did not come.
    """
    done, commit = after
    number, commits = source.history(commit)
    number += done
    with contextlib.closing(commits), _crew(lines.verifier, number - done) as crew:
        batches = _batches(source, commits)
        for batch, answers in _ahead(crew, batches, asked, kept=lines.memory is not None):
            for known, line, told in zip(batch.commits, batch.lines, answers, strict=False):
                if isinstance(told, CountersealError):
                    raise told
                yield known, line.data, told
            if batch.error:
                raise batch.error
            done += len(batch.commits)
            asked.tell("verifying the ledger", done, number)


def _crew(verifier: BundleVerifier, number: int) -> AbstractContextManager[Crew]:
    if number >= ALONE and isinstance(verifier, Crewed):
        return verifier.crew()
    return contextlib.nullcontext(_Alone(verifier))


@dataclass(frozen=True, slots=True)
class _Alone:
    """Does the work here, when the answer is wanted."""

    verifier: BundleVerifier
    size: int = 0

    def submit(self, job: Callable[[BundleVerifier, T], R], item: T) -> Callable[[], R]:
        """Take a piece of work."""
        return lambda: job(self.verifier, item)


def _ahead(crew: Crew, batches: Iterator[_Batch], asked: Asked, *, kept: bool) -> Iterator[tuple[_Batch, Answers]]:
    """Yield batches with their answers, in order, while a few later ones are worked at."""
    waiting: deque[tuple[_Batch, Callable[[], Answers]]] = deque()
    for batch in batches:
        waiting.append((batch, crew.submit(check_all, Job(batch.lines, asked.search, kept))))
        if len(waiting) > 2 * crew.size:
            known, answers = waiting.popleft()
            yield known, answers()
    for known, answers in waiting:
        yield known, answers()


def _batches(source: LedgerSource, commits: Iterator[LedgerCommit]) -> Iterator[_Batch]:
    """Yield all commits in batches; an error ends it, after what came before."""
    while True:
        part: list[LedgerCommit] = []
        try:
            for commit in itertools.islice(commits, _BATCH):
                if commit.line is None:
                    raise not_an_entry(commit, "its message does not say what it adds: no gate wrote it")
                part.append(commit)
            if not part:
                return
            yield _Batch(part, _lines(source, part))
        except CountersealError as error:
            yield from _until(source, part, error)
            return


def _until(source: LedgerSource, part: Sequence[LedgerCommit], error: CountersealError) -> Iterator[_Batch]:
    """Yield commits one by one, as far as their lines can be had, and then an error."""
    for commit in part:
        try:
            lines = _lines(source, [commit])
        except CountersealError as own:
            yield _Batch((), (), own)
            return
        yield _Batch([commit], lines)
    yield _Batch((), (), error)


def _lines(source: LedgerSource, commits: Sequence[LedgerCommit]) -> list[Line]:
    blobs = [str(commit.line) for commit in commits]
    brought = source.objects(set(blobs))
    return [
        Line(brought[blob].removesuffix(b"\n"), blob, f"commit {commit.id[:12]}")
        for commit, blob in zip(commits, blobs, strict=True)
    ]
