"""Which moves of the ledger's branch are no append, by the forge's log of pushes (R51)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from tests.evidence_samples import ALICE

from counterseal.errors import ServiceError
from counterseal.gate import moved
from counterseal.history.events import Moved
from counterseal.model import BranchMove, LedgerCommit

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLACES = {str(number): number for number in range(10)}


def log(*moves: tuple[str | None, str | None]) -> list[BranchMove]:
    """Return a log of pushes, newest first, of moves that are given oldest first."""
    made = [BranchMove(NOON + timedelta(minutes=place), ALICE, *move) for place, move in enumerate(moves)]
    return made[::-1]


def strange(*moves: tuple[str | None, str | None]) -> list[tuple[str | None, str | None]]:
    return [(each.before, each.after) for each in moved.strange(log(*moves), PLACES)]


def test_appends_are_not() -> None:
    assert strange((None, "0"), ("0", "1"), ("1", "2"), ("2", "3")) == []


def test_a_rewind_and_its_repair_are() -> None:
    rewound, repaired = ("3", "1"), ("1", "3")
    assert strange((None, "0"), ("0", "1"), ("1", "2"), ("2", "3"), rewound, repaired) == [rewound, repaired]


def test_a_deletion_and_a_branch_made_anew_are() -> None:
    assert strange((None, "0"), ("0", None), (None, "3")) == [("0", None), (None, "3")]
    assert strange((None, "0"), ("0", None), (None, "0")) == [("0", None)]


def test_another_branch_in_its_place_is() -> None:
    assert strange(("2", "x"), ("x", "y"), ("y", "2")) == [("2", "x"), ("x", "y"), ("y", "2")]


def test_a_rewind_by_one_entry_is_though_its_repair_looks_like_an_append() -> None:
    assert strange(("3", "4"), ("4", "3"), ("3", "4")) == [("4", "3")]


class Asked:
    """As much of a gate as is asked for the branch and its log."""

    def __init__(self, moves: list[BranchMove], *, readable: bool = True) -> None:
        self.store = self.sources = self.forge = self
        self._moves, self._readable = moves, readable

    def commits(self, most: int | None) -> list[LedgerCommit]:
        assert most is None
        return [LedgerCommit(str(number), "", (), None, None) for number in range(9, -1, -1)]

    def moves(self, ref: str) -> Iterator[BranchMove]:
        assert ref == "refs/heads/counterseal-ledger"
        if not self._readable:
            raise ServiceError("the log cannot be read")
        yield from self._moves


def unrecorded(gate: Asked, *known: Moved) -> tuple[Moved, ...] | None:
    return moved.unrecorded(cast("Any", gate), known)


def test_what_an_audit_names_already_is_not_named_again() -> None:
    moves = log(("3", "1"), ("1", "3"))
    first, second = moved.strange(moves, PLACES)
    assert unrecorded(Asked(moves)) == (first, second)
    assert unrecorded(Asked(moves), first) == (second,)
    assert unrecorded(Asked(moves), first, second) == ()


def test_the_newest_are_named_where_there_are_too_many() -> None:
    found = unrecorded(Asked(log(*([("1", "5"), ("5", "1")] * 20))))
    assert found is not None
    assert len(found) == moved.MAX_MOVES
    assert found[-1] == Moved(NOON + timedelta(minutes=39), ALICE, "5", "1")


def test_a_log_that_cannot_be_read_says_nothing() -> None:
    assert unrecorded(Asked([], readable=False)) is None
