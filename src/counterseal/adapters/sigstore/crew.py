"""Processes beside ours that verify as we do, one a core (port `Crew`).

Each is a Python of its own that imports from where we import, and never from the folder that we are in: that may be
somebody's clone. It works until its input ends, so it outlives us by no more than the piece of work it is at; and it is
in a session of its own, so that a Ctrl-C at the terminal reaches us alone. What goes to and fro is pickled: both ends
are ours.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.ports import BundleVerifier

T = TypeVar("T")
R = TypeVar("R")

_PROGRAM: Final = (
    "import sys, pickle; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from counterseal.adapters.sigstore.crew import work; work()"
)


class VerifyingCrew:
    """A `Crew` of processes that were started."""

    def __init__(self, processes: list[subprocess.Popen[bytes]], threads: ThreadPoolExecutor) -> None:
        self._threads, self.size = threads, len(processes)
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for process in processes:
            self._idle.put(process)

    def submit(self, job: Callable[[BundleVerifier, T], R], item: T) -> Callable[[], R]:
        """Begin a piece of work (see `Crew`)."""
        result: Callable[[], R] = self._threads.submit(self._ask, job, item).result
        return result

    def _ask(self, job: Callable[[BundleVerifier, T], R], item: T) -> R:
        process = self._idle.get()
        try:
            _send(process.stdin, (job, item))
            done, result = pickle.load(_open(process.stdout))  # noqa: S301 - of our own process
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise ServiceError(
                "a process that verifies ended in the middle of its work",
                why=f"exit code {process.poll()}; perhaps the machine has too little memory",
            ) from error
        self._idle.put(process)
        if not done:
            raise result
        answer: R = result
        return answer


@contextlib.contextmanager
def hired(kind: type[BundleVerifier], trusted_root: bytes) -> Iterator[VerifyingCrew]:
    """Give a crew of verifiers of a kind to a trusted root; it ends with the context, in the middle of work too."""
    number = _cores()
    processes: list[subprocess.Popen[bytes]] = []
    threads = ThreadPoolExecutor(number)
    try:
        for _ in range(number):
            processes.append(_start())
            _send(processes[-1].stdin, sys.path)
            _send(processes[-1].stdin, (kind, trusted_root))
        yield VerifyingCrew(processes, threads)
    finally:
        for process in processes:
            process.kill()
        threads.shutdown(cancel_futures=True)
        for process in processes:
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    _open(stream).close()


def _start() -> subprocess.Popen[bytes]:
    # -P: what is imported before the path is known does not come from where we are
    command = [sys.executable, "-P", "-c", _PROGRAM]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


def _cores() -> int:
    """Return how many cores this process may use."""
    able = getattr(os, "sched_getaffinity", None)
    return len(able(0)) if able else os.cpu_count() or 1


def _send(stream: IO[bytes] | None, value: Any) -> None:
    pickle.dump(value, _open(stream), protocol=pickle.HIGHEST_PROTOCOL)
    _open(stream).flush()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ServiceError("a process was started without pipes")
    return stream


def work() -> None:
    """Do pieces of work until there are no more: what such a process is for."""
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever prints does not spoil an answer
    with contextlib.suppress(EOFError, BrokenPipeError):
        kind, trusted_root = pickle.load(asked)  # noqa: S301 - of the process that started us
        verifier = kind(trusted_root)
        gc.freeze()  # what lives as long as the process is not looked through again and again
        while True:
            job, item = pickle.load(asked)  # noqa: S301 - as above
            try:
                answer = (True, job(verifier, item))
            except Exception as error:  # noqa: BLE001 - raised again there
                answer = (False, error)
            _send(told, answer)
