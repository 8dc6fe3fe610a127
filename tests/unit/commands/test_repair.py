"""`log repair`: which tips are looked at, which of them is the ledger, and when nothing is proposed."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence_samples import BOB, NOW

from counterseal.commands.repair import choosing, looking
from counterseal.commands.repair.looking import Broken, Found, Whole
from counterseal.errors import LedgerError, LimitError, ServiceError
from counterseal.formats import digests
from counterseal.model import BranchMove

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def digest(said: str) -> str:
    return digests.sha256(said.encode())


def revision(name: str) -> str:
    return digest(name)[:40]


def entry(sequence: int, said: str) -> Any:
    """Return what a repair looks at of an entry: its place, and the words that were signed."""
    return SimpleNamespace(link=SimpleNamespace(sequence=sequence), attestation=SimpleNamespace(payload=said.encode()))


def whole(name: str, said: str) -> Whole:
    """Return a ledger of which each entry says a letter; entries with the same past say the same."""
    return Whole(revision(name), "ledger", digest(said), tuple(digest(said[: place + 1]) for place in range(len(said))))


def proof(said: str) -> Any:
    """Return the last entry of a ledger."""
    return entry(len(said) - 1, said)


def found(*ledgers: Whole, **more: Any) -> Found:
    return Found(None, None, (), ledgers, **more)


# --- which one -------------------------------------------------------------------------------------


def test_the_largest_of_one_line() -> None:
    best = whole("b", "abcd")
    assert choosing.choose(found(whole("a", "ab"), best, whole("c", "abc")), {}) is best


def test_of_forks_the_one_that_has_what_was_published_though_it_is_shorter() -> None:
    best = whole("b", "abc")
    proofs = {"v1": proof("abc")}
    assert choosing.choose(found(whole("a", "abxyz"), best), proofs) is best


def test_forks_that_nothing_published_decides() -> None:
    one, other = whole("a", "abcx"), whole("b", "abcyz")
    with pytest.raises(LedgerError, match="neither goes on from the other") as caught:
        choosing.choose(found(one, other), {"v1": proof("abc")})
    assert (
        f"{other.commit[:12]} with 5 entries and {one.commit[:12]} with 4 entries part at entry 3" in caught.value.why
    )


def test_the_same_places_with_other_words_are_no_proof() -> None:
    published = proof("axc")
    with pytest.raises(LedgerError, match="contains everything that was published") as caught:
        choosing.choose(found(whole("a", "abc")), {"v1": published})
    assert "lacks the entry that the release proves of: v1" in caught.value.why


def test_nothing_whole_is_left() -> None:
    broken = Broken(revision("g"), "'README.md' is not a note")
    with pytest.raises(LedgerError, match="is a whole ledger") as caught:
        choosing.choose(found(broken=(broken,)), {})
    assert caught.value.why == f"{broken.commit[:12]}: {broken.why}"
    with pytest.raises(LedgerError, match="is a whole ledger") as caught:
        choosing.choose(found(gone=(revision("g"), revision("h"))), {})
    assert "of 2 commits that the log of pushes names the forge has none" in caught.value.why


@given(st.text("ab", min_size=1, max_size=12), st.text("ab", min_size=1, max_size=12))
def test_where_two_part(one: str, other: str) -> None:
    first, second = whole("a", one), whole("b", other)
    same = next((place for place, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1), None)
    assert choosing.parting(first, second) == (min(len(one), len(other)) if same is None else same)
    assert first.extends(second) is one.startswith(other)


# --- what is looked at -----------------------------------------------------------------------------


class Remote:
    """A forge with a log of pushes, and the commits that it still has: a chain of parents, and a ledger at each."""

    def __init__(self, moves: Sequence[BranchMove], commits: Mapping[str, tuple[str, str | None]]) -> None:
        self._moves, self._commits = moves, commits
        self.brought: list[str] = []
        self.cut = False

    def moves(self, ref: str) -> Iterator[BranchMove]:
        assert ref == "refs/heads/counterseal-ledger"
        yield from self._moves
        if self.cut:
            raise LimitError("more pages than are read")

    def places(self) -> tuple[str | None, str | None]:
        return self._moves[0].after if self._moves else None, None

    def bring(self, tip: str) -> bool:
        self.brought.append(tip)
        return tip in self._commits

    def history(self, tip: str, without: Sequence[str] = ()) -> Sequence[str]:
        line: list[str] = []
        place: str | None = tip
        while place is not None:
            line.append(place)
            place = self._commits[place][1]
        hidden = {commit for other in without for commit in self.history(other)}
        return [commit for commit in line if commit not in hidden]

    def at(self, tip: str) -> str:
        return self._commits[tip][0]


class Reader:
    """Verifies a ledger: every entry but an `x` is signed by a gate."""

    def read_whole(self, said: str) -> Any:
        if said == "too large":
            raise LimitError("a part of the ledger has too many bytes")
        if said == "unreadable":
            raise ServiceError("git failed", why="the disk is full")
        if "x" in said:
            raise LedgerError("a line is not what a gate signed")
        payloads = [digest(said[: place + 1]) for place in range(len(said))]
        entries = SimpleNamespace(said=lambda: payloads)
        return SimpleNamespace(entries=entries, tip=SimpleNamespace(id="ledger", head=digest(said)))


def look(remote: Remote) -> Found:
    anything: Any = remote
    reader: Any = Reader()
    return looking.look(anything, anything, reader)


def pushes(*steps: tuple[str | None, str | None]) -> list[BranchMove]:
    """Return a log, given oldest first."""
    at = [NOW + timedelta(minutes=place) for place in range(len(steps))]
    moves = [
        BranchMove(when, BOB, before and revision(before), after and revision(after))
        for when, (before, after) in zip(at, steps, strict=True)
    ]
    return moves[::-1]


def commits(**ledgers: tuple[str, str | None]) -> dict[str, tuple[str, str | None]]:
    return {revision(name): (said, parent and revision(parent)) for name, (said, parent) in ledgers.items()}


def test_what_a_whole_ledger_stands_on_is_not_looked_at_again() -> None:
    ledgers = {f"c{size}": ("a" * size, f"c{size - 1}" if size > 1 else None) for size in range(1, 40)}
    steps = [(f"c{size - 1}" if size > 1 else None, f"c{size}") for size in range(1, 40)]
    remote = Remote(pushes(*steps), commits(**ledgers))
    assert [each.entries for each in look(remote).whole] == [39]
    assert len(remote.brought) == 1


def test_below_garbage_and_beside_what_was_rewound() -> None:
    known = commits(c1=("a", None), c2=("ab", "c1"), c3=("abc", "c2"), g=("abcx", "c3"))
    seen = look(Remote(pushes((None, "c1"), ("c1", "c2"), ("c2", "c3"), ("c3", "g"), ("g", "c1")), known))
    assert [(each.commit, each.entries) for each in seen.whole] == [(revision("c1"), 1), (revision("c3"), 3)]
    assert [each.commit for each in seen.broken] == [revision("g")]
    assert choosing.choose(seen, {}).entries == 3


def test_what_the_forge_has_lost_and_what_nobody_can_read() -> None:
    known = commits(c1=("a", None), huge=("too large", None))
    seen = look(Remote(pushes((None, "c1"), ("c1", "gone"), ("gone", "huge")), known))
    assert [each.commit for each in seen.whole] == [revision("c1")]
    assert seen.gone == (revision("gone"),)
    assert seen.broken == (Broken(revision("huge"), "a part of the ledger has too many bytes"),)


def test_what_could_not_be_read_might_be_the_ledger() -> None:
    known = commits(c1=("a", None), c2=("unreadable", "c1"))
    with pytest.raises(ServiceError, match=f"the ledger at {revision('c2')} could not be read: git failed") as caught:
        look(Remote(pushes((None, "c1"), ("c1", "c2")), known))
    assert not isinstance(caught.value, LedgerError)


def test_a_log_that_says_nothing() -> None:
    with pytest.raises(ServiceError, match="the forge's log of pushes says nothing of counterseal-ledger"):
        look(Remote([], {}))


def test_a_log_that_is_longer_than_anybody_reads() -> None:
    remote = Remote(pushes((None, "c1")), commits(c1=("a", None)))
    remote.cut = True
    assert look(remote).cut


@pytest.mark.parametrize("more", [0, 1])
def test_garbage_without_end(more: int) -> None:
    count = looking.MAX_TIPS - 1 + more
    garbage = {f"f{place}": ("x", None) for place in range(count)}
    steps = [(None, "c1"), *((None, name) for name in garbage)]
    remote = Remote(pushes(*steps), commits(c1=("a", None), **garbage))
    if more:
        with pytest.raises(LedgerError, match="more than 100 commits were pushed to counterseal-ledger"):
            look(remote)
        return
    assert [each.commit for each in look(remote).whole] == [revision("c1")]
