"""Watches a command of a build: how long it takes, how much it prints, how much it writes; and stops it beyond that."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from counterseal.adapters.rebuild.files import bytes_below
from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from counterseal.model import Bounds

_TICK: Final = 0.1
#: Seconds for the end of the output, where something that was not kept apart still holds the pipe.
_LAST: Final = 5.0
#: Seconds between two looks at every file, and by how large a part of the bound the disk may fill before one more.
_LOOK: Final = 10.0
_PART: Final = 8
_MAX_MESSAGES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its code, why we stopped it (nothing: we did not), what came on its other pipe."""

    code: int
    stopped: str
    messages: str


class Watched:
    """Runs a command as the leader of a session of its own, within bounds.

    Args:
        bounds: What it may use.
        written: The folder whose size counts.
        log: Where its output goes.
    """

    def __init__(self, bounds: Bounds, written: Path, log: IO[bytes]) -> None:
        self._bounds = bounds
        self._written = written
        self._log = log
        self._stopped = ""
        self._messages = bytearray()
        self._looked = time.monotonic()
        self._free = 0

    def run(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Ended:
        """Return how the command ended.

        Args:
            command: Program and arguments.
            environment: All of its variables.
            folder: Where it starts.

        Raises:
            ServiceError: The program is not there.
        """
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            raise ServiceError(f"{command[0]} cannot be started", why=error.strerror or str(error)) from error
        if process.stdout is None or process.stderr is None:
            raise ServiceError(f"{command[0]} was started without pipes")
        readers = [
            threading.Thread(target=read, args=(process, pipe), daemon=True)
            for read, pipe in ((self._record, process.stdout), (self._listen, process.stderr))
        ]
        try:
            for reader in readers:
                reader.start()
            self._wait(process)
        finally:
            _kill(process)
            process.wait()
        for reader in readers:
            reader.join(_LAST)
        return Ended(process.returncode, self._stopped, self._messages.decode("utf-8", "replace"))

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self._bounds.seconds
        self._free = _free(self._written)
        while not self._stopped:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TICK)
                return
            if time.monotonic() > end:
                self._stopped = f"it took more than {self._bounds.seconds:g} seconds"
            elif self._filled():
                self._stopped = f"it wrote more than {self._bounds.disk} bytes"

    def _filled(self) -> bool:
        """Return whether it wrote too much; every file is looked at only now and then, and when the disk fills."""
        free, now = _free(self._written), time.monotonic()
        if self._free - free < self._bounds.disk // _PART and now - self._looked < _LOOK:
            return False
        self._free, self._looked = free, now
        return bytes_below(self._written) > self._bounds.disk

    def _record(self, process: subprocess.Popen[bytes], pipe: IO[bytes]) -> None:
        left = self._bounds.output
        with pipe:
            while part := os.read(pipe.fileno(), 1 << 16):
                self._log.write(part[:left])
                left -= len(part)
                if left < 0:
                    self._stopped = self._stopped or f"it printed more than {self._bounds.output} bytes"
                    _kill(process)
                    return

    def _listen(self, _process: subprocess.Popen[bytes], pipe: IO[bytes]) -> None:
        with pipe:
            while part := os.read(pipe.fileno(), 8192):
                self._messages += part
                del self._messages[:-_MAX_MESSAGES]


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill everything in the command's session; where it has a process namespace, that ends with its first process."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
