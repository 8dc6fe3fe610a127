"""Watches a process that was started: feeds it and reads it, within bounds of time and size, and says how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from counterseal.errors import ServiceError

if TYPE_CHECKING:
    import subprocess

_MAX_MESSAGES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Ended:
    """How a git command ended. `timed_out` means that we killed it; then `code` is negative."""

    code: int
    out: bytes
    messages: str
    timed_out: bool = False


class Watch:
    """Feeds a git process, the leader of a session of its own, and reads it.

    Args:
        process: Just started, with three pipes.
        seconds: After this time it is killed with all its children.
        limit: It is killed if it prints more bytes than this.
    """

    def __init__(self, process: subprocess.Popen[bytes], seconds: float, limit: int) -> None:
        self._process = process
        self._limit = limit
        self._timed_out = threading.Event()
        self._timer = threading.Timer(seconds, self._stop_late)
        self._messages = bytearray()

    def answer(self, verb: str, data: bytes) -> Ended:
        """Return how it ended that reads `data` on standard input.

        Raises:
            ServiceError: It printed too much.
        """
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ServiceError("git was started without pipes")
        feeder = threading.Thread(target=_feed, args=(process.stdin, data), daemon=True)
        listener = threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
        try:
            for thread in (self._timer, feeder, listener):
                thread.start()
            out = process.stdout.read(self._limit + 1)
            if len(out) > self._limit:
                self._kill()
            code = process.wait()
            listener.join()
            feeder.join()
        except BaseException:
            self._kill()
            raise
        finally:
            self._timer.cancel()
        if len(out) > self._limit:
            raise ServiceError(f"git {verb} printed more than {self._limit} bytes", why="it was stopped")
        return Ended(code, out, self._messages.decode("utf-8", "replace"), self._timed_out.is_set())

    def _listen(self, stream: IO[bytes]) -> None:
        while part := os.read(stream.fileno(), 8192):
            self._messages += part
            del self._messages[:-_MAX_MESSAGES]

    def _stop_late(self) -> None:
        self._timed_out.set()
        self._kill()

    def _kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # it leads its own session, so its children go with it


def _feed(stream: IO[bytes], data: bytes) -> None:
    # it may end without reading all; its exit code says why
    with contextlib.suppress(BrokenPipeError), stream:
        stream.write(data)
