"""Runs a command as if nobody watched: its own words, environment, input and output, no shell; signals reach it.

Ctrl-C at a terminal reaches the command by itself, because it stays in the terminal's group; other signals, and that
one where there is no terminal, are handed on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HANDED_ON: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
#: Those that tell a job to stop: there is no time then to look at what was written.
_STOPPING: Final = frozenset({signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT})


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code as a shell has it, the signal that ended it; `stopped`: we were told to."""

    code: int
    signal: str | None
    duration_ms: int
    stopped: bool


def run(command: Sequence[str], variables: Mapping[str, str]) -> Ended:
    """Run a command to its end.

    Args:
        command: The program and its words.
        variables: Its whole environment.

    Raises:
        UsageError: It cannot be started.
    """
    handing = _Handing()
    with handing.on():
        began = time.monotonic()
        process = _started(command, variables)
        handing.to(process)
        code = process.wait()
    taken = round((time.monotonic() - began) * 1000)
    if code >= 0:
        return Ended(code, None, taken, handing.stopped)
    return Ended(128 - code, _name(-code), taken, handing.stopped)


def _started(command: Sequence[str], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        # What it may inherit, it does: make hands the pipe of its jobs on so.
        return subprocess.Popen(list(command), env=dict(variables), close_fds=False)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(
            f"{command[0][:200]!r} cannot be started",
            why=f"{why}; no shell is asked, so it has to be a program",
            fix="counterseal observe -- PROGRAM WORD…; of a line of shell: -- sh -c 'LINE'",
        ) from error


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


class _Handing:
    """Hands signals on to a process, also those that come before it is there."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self.stopped = False

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Hand on meanwhile; what was done with signals before is done again afterwards.

        Not if we were told to stop: what is left is to say so, and a second signal is not to cut that short.
        """
        # What was ignored when we were started (nohup) stays ignored, as it is for the command.
        asked = [number for number in _HANDED_ON if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._take) for number in asked}
        try:
            yield
        finally:
            for number, handler in () if self.stopped else before.items():
                signal.signal(number, handler)

    def to(self, process: subprocess.Popen[bytes]) -> None:
        """Hand on to a process, which was just started."""
        self._process = process
        while self._early:
            process.send_signal(self._early.pop(0))

    def _take(self, number: int, _frame: Any) -> None:
        self.stopped = self.stopped or number in _STOPPING
        if number in (signal.SIGINT, signal.SIGQUIT) and _at_terminal():
            return
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)


def _at_terminal() -> bool:
    """Return whether a terminal sends Ctrl-C to all of our group itself."""
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno() if sys.__stdin__ else 0) == os.getpgrp()
    except (OSError, ValueError):
        return False
