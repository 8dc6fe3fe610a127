"""Two writers, every order of their steps, a kill at every point: the functions that gates run, in memory.

A step is whatever another writer can see: reading where the branch is, reading its commits, pushing. Both writers want
to record the same decision and one of their own. One of them may be killed before or after any step of its own, or be
told that a push failed which did not; afterwards it is started again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit import ledger_lines as lines
from tests.unit.memory_ledger import MemoryLedger

from counterseal.gate.ledger import recording
from counterseal.model import Pushed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterseal.gate.ledger import Tip
    from counterseal.model import Entry, NewCommit

#: What may happen to a step beside that it is done.
KILLED_BEFORE, KILLED_AFTER, LOST = "killed before", "killed after", "its answer lost"


class Killed(BaseException):
    """The process is gone."""


class Writer(threading.Thread):
    """A gate that records some decisions; it waits for its turn before each step.

    Attributes:
        waiting: The step that it would do next; None: it is done.
    """

    def __init__(self, store: MemoryLedger, names: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.shared, self.names = store, names
        self.waiting: str | None = "begin"
        self.fate: str | None = None
        self.signed = 0
        self.problem: BaseException | None = None
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)

    def step(self, fate: str | None = None) -> None:
        """Let it do its next step, and go on to the one after."""
        self.fate = fate
        self._mine.release()
        self._theirs.acquire()

    def run(self) -> None:
        self._mine.acquire()
        try:
            for name in self.names:
                self._record(name)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - told by whoever explores
            self.problem = error
        self.waiting = None
        self._theirs.release()

    def _record(self, name: str) -> None:
        reader = lines.reader()

        def prepare(tip: Tip, abandoned: Sequence[str]) -> recording.Draft | Entry:
            identifier = lines.identifier(name)
            if recorded := tip.find(identifier):
                return recorded
            made = lines.decision(name, abandoned=tuple(abandoned))
            return recording.Draft(lines.payload(tip, made, identifier), identifier, name, lines.evidence_of(name))

        def sign(payload: bytes) -> bytes:
            self.signed += 1
            return payload

        patience = recording.Patience(clock=lambda: 0.0, sleep=lambda _: None, uniform=lambda _, most: most)
        recording.record(
            self,
            read=lambda: reader.read(self),
            prepare=prepare,
            sign=sign,
            fits=lambda line: reader.entry(line, "x"),
            patience=patience,
        )

    def _turn(self, what: str, do: Callable[[], Any]) -> Any:
        self.waiting = what
        self._theirs.release()
        self._mine.acquire()
        if self.fate == KILLED_BEFORE:
            raise Killed
        answer = do()
        if self.fate == KILLED_AFTER:
            raise Killed
        return answer

    # --- the store, as this writer sees it ---------------------------------------------------

    def check_push(self) -> None:
        """Take every push."""

    def copy(self) -> str | None:
        return self.shared.copy()

    def tip(self) -> str | None:
        return self._turn("tip", self.shared.tip)  # type: ignore[no-any-return]

    def commits(self, most: int | None) -> Any:
        return self._turn("read", lambda: self.shared.commits(most))

    def history(self, after: str | None = None) -> Any:
        return self._turn("read", lambda: self.shared.history(after))

    def objects(self, ids: Any) -> Any:
        return self.shared.objects(ids)

    def push(self, commit: NewCommit) -> Pushed:
        pushed: Pushed = self._turn("push", lambda: self.shared.push(commit))
        return Pushed(pushed.commit, taken=False) if self.fate == LOST else pushed


def options(writers: Sequence[Writer], spent: bool) -> list[tuple[int, str | None]]:
    """Return who may do a step, and what may happen to it; no more than one thing goes wrong."""
    able = [number for number, writer in enumerate(writers) if writer.waiting]
    usual: list[tuple[int, str | None]] = [(number, None) for number in able]
    if spent or 0 not in able or writers[0].waiting == "begin":
        return usual
    wrong = [KILLED_BEFORE, KILLED_AFTER] if writers[0].waiting == "push" else [KILLED_BEFORE]
    return [*usual, *((0, fate) for fate in (*wrong, *([LOST] if writers[0].waiting == "push" else ())))]


def played(schedule: list[int]) -> tuple[list[int], MemoryLedger, list[Writer]]:
    """Play a schedule (the number of the option taken at each step, 0 beyond its end).

    Returns:
        How many options there were at each step, the ledger, and the writers.
    """
    store = MemoryLedger()
    lines.Book(store).begin()
    writers = [Writer(store, ("both", "mine")), Writer(store, ("both", "theirs"))]
    for writer in writers:
        writer.start()
    widths: list[int] = []
    spent = False
    while able := options(writers, spent):
        taken = schedule[len(widths)] if len(widths) < len(schedule) else 0
        widths.append(len(able))
        number, fate = able[taken]
        spent = spent or fate is not None
        writers[number].step(fate)
        if fate in (KILLED_BEFORE, KILLED_AFTER):  # whoever was killed is started again
            again = Writer(store, writers[0].names)
            again.signed = writers[0].signed
            again.start()
            writers[0] = again
    return widths, store, writers


def schedules(most: int) -> Iterator[tuple[list[int], MemoryLedger, list[Writer]]]:
    """Yield every schedule whose first `most` steps differ from the others', each played to its end."""
    schedule: list[int] = []
    while True:
        widths, store, writers = played(schedule)
        yield schedule, store, writers
        taken = (schedule + [0] * len(widths))[: min(len(widths), most)]
        while taken and taken[-1] + 1 >= widths[len(taken) - 1]:
            taken.pop()
        if not taken:
            return
        schedule = [*taken[:-1], taken[-1] + 1]


@pytest.mark.slow
def test_nothing_is_lost_doubled_or_out_of_order_whoever_is_first_and_whoever_is_killed() -> None:
    count, most_signed = 0, 0
    for schedule, store, writers in schedules(7):
        assert [writer.problem for writer in writers] == [None, None], schedule
        whole = lines.reader().read_whole(store)
        recorded = [entry.link.entry_id for entry in whole.entries[1:]]
        assert sorted(recorded) == sorted(map(lines.identifier, ("both", "mine", "theirs"))), schedule
        assert whole.tip.commit == lines.reader().read(store).commit
        most_signed = max(most_signed, sum(writer.signed for writer in writers))
        count += 1
    assert count > 300
    assert most_signed <= 8
