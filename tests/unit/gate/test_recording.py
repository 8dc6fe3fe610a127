"""Appending to the ledger on real remotes: races, kills, lost answers, signals. Whatever happens, once or not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit import git_remotes as remotes
from tests.unit import ledger_lines as lines
from tests.unit.git_remotes import git

from counterseal import ledger
from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.errors import CountersealError, FormatError, LedgerError, ServiceError
from counterseal.formats import digests
from counterseal.gate.ledger import recording
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal.model import Pushed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.gate.ledger import Tip
    from counterseal.model import Entry, NewCommit

ROOT = Path(__file__).parents[3]


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return remotes.bare(tmp_path / "remotes" / "app.git")


@pytest.fixture
def store(tmp_path: Path, remote: Path) -> GitLedgerStore:
    """Return a ledger that has begun."""
    store = GitLedgerStore(str(remote), tmp_path / "copy.git", token=None)
    lines.Book(store).begin()
    return store


def prepare(name: str, reason: str = "") -> recording.Prepare:
    """A decision on a tip, which names what was abandoned before; before the first one a genesis."""

    def decide(tip: Tip, abandoned: Sequence[str]) -> recording.Draft | Entry:
        identifier = lines.identifier(name)
        if recorded := tip.find(identifier):
            return recorded
        made = lines.decision(name, abandoned=tuple(abandoned), reason=reason)
        data = lines.payload(tip, made, identifier)
        return recording.Draft(data, identifier, f"{name} allow", lines.evidence_of(name))

    return decide


def signed(payload: bytes) -> bytes:
    """The stand-in for a signature: the line is the payload."""
    return payload


def record(store: Any, name: str, **changes: Any) -> recording.Recorded:
    reader = lines.reader()

    def fits(line: bytes) -> Entry:
        return reader.entry(line, "a stand-in")

    arguments = {
        "read": lambda: reader.read(store),
        "prepare": prepare(name),
        "sign": signed,
        "fits": fits,
        **changes,
    }
    return recording.record(store, **arguments)


def began(store: GitLedgerStore) -> bool:
    """Return whether there is no more than the genesis."""
    return lines.reader().read(store).size == 1


def recorded_lines(store: GitLedgerStore) -> list[bytes]:
    """Return the lines after the genesis."""
    return [entry.line for entry in lines.reader().read_whole(store).entries[1:]]


def hurried(waits: list[float], step: float = 0.0) -> recording.Patience:
    """Time that only goes on by waiting (and `step` seconds at each look at the clock); always the longest pause."""
    now = [0.0]

    def clock() -> float:
        now[0] += step
        return now[0]

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    return recording.Patience(clock, sleep, lambda _, most: most)


# --- the straight way ------------------------------------------------------------------------


def test_an_entry_is_recorded_and_returned_as_it_was_read_back(store: GitLedgerStore, remote: Path) -> None:
    first = record(store, "one")
    second = record(store, "two")
    assert (first.sequence, first.fresh, first.warning) == (1, True, "")
    assert (second.sequence, second.fresh) == (2, True)
    assert second.entry.link == first.tip.next_link(lines.identifier("two"), lines.decision("two"))
    assert second.tip.commit == store.tip()
    assert recorded_lines(store) == [first.entry.line, second.entry.line]
    assert git(remote, "log", "--format=%s", LEDGER_REF) == "two allow\none allow\n0 entry"
    assert git(remote, "rev-parse", NOTES_REF) == second.tip.commit


def test_what_is_recorded_is_not_signed_again(store: GitLedgerStore) -> None:
    first = record(store, "one")

    def never(_: bytes) -> bytes:
        raise AssertionError

    again = record(store, "one", sign=never)
    assert (again.entry, again.fresh) == (first.entry, False)


# --- nothing is signed on what is not sound --------------------------------------------------


def refuse() -> Tip:
    raise LedgerError("the ledger lost entries")


def test_a_ledger_that_cannot_be_read_is_not_signed_on(store: GitLedgerStore) -> None:
    asked: list[bytes] = []
    with pytest.raises(LedgerError, match="lost entries"):
        record(store, "one", read=refuse, sign=asked.append)
    assert asked == []


def test_a_statement_for_another_place_is_not_signed(store: GitLedgerStore) -> None:
    record(store, "one")

    stale = lines.reader().read(store)
    record(store, "two")

    def misplace(_: Tip, __: Sequence[str]) -> recording.Draft:
        identifier = lines.identifier("three")
        return recording.Draft(lines.payload(stale, lines.decision("three"), identifier), identifier, "three")

    asked: list[bytes] = []
    with pytest.raises(LedgerError, match="entry 3: the statement to be signed names another place"):
        record(store, "three", prepare=misplace, sign=asked.append)
    assert asked == []


def test_a_statement_that_cannot_become_a_line_is_not_signed(store: GitLedgerStore) -> None:
    asked: list[bytes] = []
    with pytest.raises(FormatError, match="too many for an entry"):
        record(store, "one", prepare=prepare("one", "x" * 60_000), sign=asked.append)
    assert asked == []


def test_a_line_that_is_too_long_once_signed_is_not_pushed(store: GitLedgerStore) -> None:
    with pytest.raises(FormatError, match="too many for an entry"):
        record(store, "one", sign=lambda payload: payload + b" " * ledger.MAX_LINE)
    assert began(store)


def test_a_head_that_moved_during_the_decision_is_not_signed_on(
    store: GitLedgerStore, tmp_path: Path, remote: Path
) -> None:
    other = GitLedgerStore(str(remote), tmp_path / "other.git", token=None)
    decisions: list[int] = []
    payloads: list[bytes] = []

    def slow(tip: Tip, abandoned: Sequence[str]) -> recording.Draft | Entry:
        if not decisions:
            record(other, "faster")
        decisions.append(tip.size)
        return prepare("mine")(tip, abandoned)

    def sign(payload: bytes) -> bytes:
        payloads.append(payload)
        return payload

    assert record(store, "mine", prepare=slow, sign=sign, patience=hurried([])).sequence == 2
    assert decisions == [1, 2]
    assert len(payloads) == 1


# --- races -----------------------------------------------------------------------------------


def test_a_lost_race_names_the_abandoned_line_in_the_next_try(
    store: GitLedgerStore, tmp_path: Path, remote: Path
) -> None:
    other = GitLedgerStore(str(remote), tmp_path / "other.git", token=None)
    made: list[bytes] = []

    def sign(payload: bytes) -> bytes:
        if not made:
            record(other, "faster")
        made.append(payload)
        return payload

    done = record(store, "mine", sign=sign, patience=hurried([]))
    assert done.sequence == 2
    assert done.entry.attestation.statement.predicate["abandoned"] == [digests.sha256(made[0])]
    assert made[0] not in recorded_lines(store)
    assert not [each for each in (tmp_path / "other.git").rglob("*") if each.is_file() and made[0] in each.read_bytes()]


def test_another_run_with_the_same_task_is_found_by_its_id(store: GitLedgerStore, tmp_path: Path, remote: Path) -> None:
    other = GitLedgerStore(str(remote), tmp_path / "other.git", token=None)
    theirs: list[recording.Recorded] = []

    def sign(payload: bytes) -> bytes:
        theirs.append(record(other, "one"))
        return payload + b" "

    done = record(store, "one", sign=sign, patience=hurried([]))
    assert (done.entry, done.fresh) == (theirs[0].entry, False)
    assert len(recorded_lines(store)) == 1


@pytest.mark.slow
def test_writers_at_once_record_every_entry_once(tmp_path: Path, remote: Path, store: GitLedgerStore) -> None:
    def write(writer: int) -> list[int]:
        store = GitLedgerStore(str(remote), tmp_path / f"w{writer}.git", token=None)
        return [record(store, name).sequence for name in (f"{writer}-0", f"{writer}-1", "shared", f"{writer}-2")]

    with ThreadPoolExecutor(3) as pool:
        places = list(pool.map(write, range(3)))
    assert len(recorded_lines(store)) == 10
    assert len({each[2] for each in places}) == 1
    assert {place for each in places for place in each} == set(range(1, 11))


class Unlucky:
    """A store of which every push loses, as far as it is asked to."""

    def __init__(self, store: GitLedgerStore, losses: int) -> None:
        self._store = store
        self.losses = losses
        self.tip, self.commits, self.objects = store.tip, store.commits, store.objects

    def push(self, commit: NewCommit) -> Pushed:
        self.losses -= 1
        return self._store.push(commit) if self.losses < 0 else Pushed("e" * 40, taken=False)


def test_the_pauses_grow_after_some_tries(store: GitLedgerStore) -> None:
    waits: list[float] = []
    done = record(Unlucky(store, 9), "one", patience=hurried(waits, 0.1))
    assert waits == pytest.approx([0.5, 0.5, 0.5, 0.5, 0.2, 0.4, 0.8, 0.8, 0.8])
    assert len(done.entry.attestation.statement.predicate["abandoned"]) == 9


def test_there_is_an_end_to_the_tries(store: GitLedgerStore) -> None:
    with pytest.raises(ServiceError, match="could not be recorded in 12 tries") as caught:
        record(Unlucky(store, 99), "one", patience=hurried([]))
    assert "signatures without an entry: 12" in caught.value.why
    with pytest.raises(ServiceError, match="could not be recorded in 2 tries"):
        record(Unlucky(store, 99), "one", patience=hurried([], 50))
    assert began(store)


# --- answers that lie or fail to come --------------------------------------------------------


class Lossy:
    """A store of which the first push does as it should and says something else."""

    def __init__(self, store: GitLedgerStore, answer: Callable[[], Pushed]) -> None:
        self._store = store
        self._answer = answer
        self._pushes = 0
        self.tip, self.commits, self.objects = store.tip, store.commits, store.objects

    def push(self, commit: NewCommit) -> Pushed:
        self._pushes += 1
        done = self._store.push(commit)
        return self._answer() if self._pushes == 1 else done


def no() -> Pushed:
    return Pushed("e" * 40, taken=False)


def fail() -> Pushed:
    raise ServiceError("the push of the ledger failed", why="the remote end hung up")


@pytest.mark.parametrize("answer", [no, fail], ids=["says no", "fails"])
def test_a_push_that_seemed_to_fail_is_found(store: GitLedgerStore, remote: Path, answer: Callable[[], Pushed]) -> None:
    payloads: list[bytes] = []

    def sign(payload: bytes) -> bytes:
        payloads.append(payload)
        return payload

    done = record(Lossy(store, answer), "one", sign=sign)
    assert (done.sequence, done.fresh) == (1, True)
    assert len(payloads) == len(recorded_lines(store)) == 1


def test_a_final_refusal_is_passed_on_and_leaves_nothing(store: GitLedgerStore, remote: Path) -> None:
    remotes.hook(remote, "pre-receive", "echo the branch is protected >&2; exit 1")
    payloads: list[bytes] = []

    def sign(payload: bytes) -> bytes:
        payloads.append(payload)
        return payload

    with pytest.raises(ServiceError, match="pre-receive hook declined"):
        record(store, "one", sign=sign)
    assert len(payloads) == 1
    assert began(store)


def test_an_entry_that_is_taken_away_at_once_is_an_error(store: GitLedgerStore, remote: Path) -> None:
    remotes.hook(remote, "post-receive", f"git update-ref -d {LEDGER_REF}")
    with pytest.raises(LedgerError, match="was pushed, and the ledger has lost it again"):
        record(store, "one")


def test_when_nothing_can_be_read_after_the_push_the_message_says_so(store: GitLedgerStore, remote: Path) -> None:
    remotes.hook(remote, "post-receive", "mv refs refs.away")
    with pytest.raises(ServiceError, match="whether it is recorded could not be read") as caught:
        record(store, "one")
    assert "records it only once" in caught.value.fix
    (remote / "refs.away").rename(remote / "refs")
    assert record(store, "one").sequence == 1
    assert len(recorded_lines(store)) == 1


WRITER = """
import sys, time
from pathlib import Path
from counterseal.adapters.git.ledger import GitLedgerStore
from tests.unit.gate import test_recording as recordings
store = GitLedgerStore(sys.argv[1], Path(sys.argv[2]), token=None)
done = recordings.record(store, "one")
print("recorded", done.sequence, flush=True)
"""


def start_writer(remote: Path, folder: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(remote), str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["pre-receive", "post-receive"])
def test_a_writer_killed_during_its_push_is_found_and_not_doubled(
    store: GitLedgerStore, remote: Path, tmp_path: Path, when: str
) -> None:
    remotes.hook(remote, when, f"touch {tmp_path}/begun; while ! test -e {tmp_path}/go; do sleep 0.05; done")
    writer = start_writer(remote, tmp_path / "killed.git")
    wait_for(tmp_path / "begun")
    writer.kill()
    assert writer.wait(10) == -signal.SIGKILL
    (tmp_path / "go").touch()  # git and the remote go on without it
    deadline = time.monotonic() + 10
    while began(store):
        assert time.monotonic() < deadline
    writer.communicate()
    done = record(store, "one")
    assert (done.sequence, done.fresh) == (1, False)
    assert len(recorded_lines(store)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_push_waits_for_its_end(
    store: GitLedgerStore, remote: Path, tmp_path: Path, number: signal.Signals
) -> None:
    remotes.hook(remote, "pre-receive", f"touch {tmp_path}/begun; while ! test -e {tmp_path}/go; do sleep 0.05; done")
    writer = start_writer(remote, tmp_path / "stopped.git")
    wait_for(tmp_path / "begun")
    writer.send_signal(number)
    time.sleep(0.2)
    assert writer.poll() is None
    assert began(store)
    (tmp_path / "go").touch()
    out, errors = writer.communicate(timeout=20)
    assert "recorded" not in out
    assert writer.returncode == -number
    assert ("KeyboardInterrupt" in errors) is (number == signal.SIGINT)
    assert len(recorded_lines(store)) == 1


# --- signals ---------------------------------------------------------------------------------


def test_ctrl_c_between_signing_and_pushing_comes_after_the_push(store: GitLedgerStore) -> None:
    def sign(payload: bytes) -> bytes:
        signal.raise_signal(signal.SIGINT)
        return payload

    with pytest.raises(KeyboardInterrupt):
        record(store, "one", sign=sign)
    assert len(recorded_lines(store)) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_before_signing_ends_at_once_and_leaves_nothing(store: GitLedgerStore) -> None:
    def interrupted(_: Tip, __: Sequence[str]) -> recording.Draft:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        record(store, "one", prepare=interrupted)
    assert began(store)


def test_a_deferred_signal_reaches_the_handler_that_was_there() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        with recording.deferred_signals():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            assert seen == []
        assert seen == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_error_and_a_deferred_signal_are_both_told(store: GitLedgerStore) -> None:
    def sign(_: bytes) -> bytes:
        signal.raise_signal(signal.SIGINT)
        raise ServiceError("the certificate authority is down")

    with pytest.raises(KeyboardInterrupt) as caught:
        record(store, "one", sign=sign)
    assert isinstance(caught.value.__context__, CountersealError)


def test_threads_record_without_touching_signals(store: GitLedgerStore) -> None:
    done: list[recording.Recorded] = []
    thread = threading.Thread(target=lambda: done.append(record(store, "one")))
    thread.start()
    thread.join()
    assert done[0].sequence == 1
