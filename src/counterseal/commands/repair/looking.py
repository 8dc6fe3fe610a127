"""Looks for the ledger: every commit that its branch ever was at, by the log of pushes, verified as a whole (R51).

Newest first. A commit in the history of one that verified is passed over: that one has all its entries. So under
garbage the last good tip is found, and beside a rewound branch what was there before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterseal.errors import CountersealError, LedgerError, LimitError, ServiceError
from counterseal.gate.ledger import LedgerReader
from counterseal.identifiers import LEDGER_BRANCH, LEDGER_REF
from counterseal.model import BranchMove
from counterseal.ports import LostTips, Tell, silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.ports import Forge

#: How many commits are looked at. A ledger that only ever grew needs one; each rewinding or piece of garbage one more.
MAX_TIPS: Final = 100


@dataclass(frozen=True, slots=True)
class Whole:
    """A commit with a ledger of which every check holds; `said` has the sha256 of each entry's signed payload."""

    commit: str
    ledger_id: str
    head: str
    said: tuple[str, ...]

    @property
    def entries(self) -> int:
        """Return how many entries it has."""
        return len(self.said)

    def extends(self, other: Whole) -> bool:
        """Return whether it has all that another one has; an entry vouches for all before it, so the last one tells."""
        return other.entries <= self.entries and self.said[other.entries - 1] == other.said[-1]


@dataclass(frozen=True, slots=True)
class Broken:
    """A commit whose ledger does not verify, and why."""

    commit: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of the ledger at the forge.

    Attributes:
        branch: Where the ledger branch is now (None: it is not there).
        notes: Where the notes ref, its copy, is now.
        moves: The log of pushes to the branch, newest first.
        whole: The ledgers that verify, none in the history of another one before it.
        broken: The commits that do not, and why.
        gone: The commits that the forge does not have any more.
        cut: The log goes on behind `moves`, and nobody can read it.
    """

    branch: str | None
    notes: str | None
    moves: tuple[BranchMove, ...]
    whole: tuple[Whole, ...] = ()
    broken: tuple[Broken, ...] = ()
    gone: tuple[str, ...] = ()
    cut: bool = False


@dataclass(slots=True)
class _Search:
    """The search on its way: `covered` are the commits that a whole ledger stands on."""

    reader: LedgerReader
    tips: LostTips
    whole: list[Whole] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    covered: set[str] = field(default_factory=set)

    def look_at(self, commit: str) -> None:
        """Verify the ledger at a commit, unless one that verified has it in its history."""
        if commit in self.covered:
            return
        if not self.tips.bring(commit):
            self.gone.append(commit)
            return
        try:
            ledger = self.reader.read_whole(self.tips.at(commit))
        except CountersealError as error:
            if isinstance(error, ServiceError) and not isinstance(error, LimitError):
                # nothing was found out about it, and what is passed over might be the ledger
                what = f"the ledger at {commit} could not be read: {error.what}"
                raise ServiceError(what, why=error.why, fix=error.fix) from error
            self.broken.append(Broken(commit, f"{error.what}: {error.why}" if error.why else error.what))
            return
        said = tuple(ledger.entries.said())
        self.covered.update(self.tips.history(commit, [whole.commit for whole in self.whole]))
        self.whole.append(Whole(commit, ledger.tip.id, str(ledger.tip.head), said))

    def number(self) -> int:
        """Return how many commits were looked at."""
        return len(self.whole) + len(self.broken) + len(self.gone)


def look(forge: Forge, tips: LostTips, reader: LedgerReader, tell: Tell = silent) -> Found:
    """Return every ledger that the branch was ever at, as far as the forge remembers.

    Raises:
        ServiceError: The log of pushes cannot be read, or says nothing of the branch.
        LedgerError: The branch was at so many other commits that nobody can look at all of them.
    """
    tell("reading the forge's log of pushes")
    branch, notes = tips.places()
    moves, cut = _moves(forge)
    search = _Search(reader, tips)
    for commit in _commits(branch, notes, moves):
        if search.number() == MAX_TIPS and commit not in search.covered:
            raise LedgerError(
                f"more than {MAX_TIPS} commits were pushed to {LEDGER_BRANCH} that no whole ledger has",
                why="somebody fills it with garbage, and which of them is the ledger cannot be told in time",
                fix="find out who pushed them, and take the ledger from a clone that you trust",
            )
        tell(f"verifying the ledger at {commit[:12]}")
        search.look_at(commit)
    return Found(branch, notes, moves, tuple(search.whole), tuple(search.broken), tuple(search.gone), cut)


def _moves(forge: Forge) -> tuple[tuple[BranchMove, ...], bool]:
    """Return the moves of the branch, newest first, and whether there are more than can be read.

    Raises:
        ServiceError: There are none.
    """
    moves: list[BranchMove] = []
    cut = False
    try:
        moves.extend(forge.moves(LEDGER_REF))
    except LimitError:
        cut = True
    if not moves:
        raise ServiceError(
            f"the forge's log of pushes says nothing of {LEDGER_BRANCH}",
            why="what the branch was at cannot be told, so nothing is proposed",
            fix="take the ledger from a clone that you trust, verify it there (counterseal log verify), and push it",
        )
    return tuple(moves), cut


def _commits(branch: str | None, notes: str | None, moves: Sequence[BranchMove]) -> Iterator[str]:
    """Yield each commit once, newest first, what is there now before all others."""
    logged = (commit for move in moves for commit in (move.after, move.before))
    yield from dict.fromkeys(commit for commit in (branch, notes, *logged) if commit)
