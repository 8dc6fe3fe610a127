"""One `git cat-file --batch` for many questions: it is asked for some objects at a time, and answers in that order."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from itertools import islice
from typing import TYPE_CHECKING, Final

from counterseal.errors import ServiceError
from counterseal.formats import digests

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Sequence

#: So many ids fit into a pipe, so that git can answer one after the other while we write.
_AT_ONCE: Final = 512


class ObjectReader:
    """Reads objects from a git process, the leader of a session of its own.

    Args:
        process: `git cat-file --batch`, just started, with three pipes.
        seconds: It is killed if it needs longer for one question.
    """

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process, self._seconds = process, seconds
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def ask(self, ids: Iterable[str], limit: int) -> bytes:
        """Return what git prints about some objects.

        Raises:
            ServiceError: It ended, took too long, or has more than `limit` bytes to say.
        """
        timer = threading.Timer(self._seconds, self._kill)
        timer.start()
        try:
            rest, printed = iter(ids), bytearray()
            while part := list(islice(rest, _AT_ONCE)):
                self._ask(part, printed, limit)
        except (OSError, ValueError) as error:
            raise ServiceError("git cat-file ended or took too long, and was stopped", why=str(error)) from error
        finally:
            timer.cancel()
        return bytes(printed)

    def _ask(self, ids: list[str], printed: bytearray, limit: int) -> None:
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise ServiceError("git was started without pipes")
        questions.write("".join(f"{name}\n" for name in ids).encode())
        questions.flush()
        for _ in ids:
            head = answers.readline()
            size = head.split(b" ")[2:]  # `<id> <kind> <size>`, or `<id> missing`
            length = int(size[0]) + 1 if size else 0
            if len(printed) + len(head) + length > limit:
                self._kill()
                raise ServiceError(f"git cat-file printed more than {limit} bytes", why="it was stopped")
            body = answers.read(length)
            if not head.endswith(b"\n") or len(body) != length:
                raise ValueError("its answer was cut off")
            printed += head + body

    def close(self) -> None:
        """End the process."""
        self._kill()
        self._process.wait()
        self._listener.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def _listen(self) -> None:
        if self._process.stderr is not None:
            while self._process.stderr.read(8192):
                """What it has to say is in its answers."""

    def _kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def split(stream: bytes, kinds: Sequence[str]) -> dict[str, bytes]:
    """Return by id the objects that `git cat-file --batch` printed.

    Raises:
        ServiceError: One is absent, of another kind, or has other bytes than its id says.
    """
    contents: dict[str, bytes] = {}
    place = 0
    while place < len(stream):
        end = stream.index(b"\n", place)
        name, kind, *size = stream[place:end].decode().split(" ")
        if kind not in kinds:
            raise ServiceError(f"git object {name[:12]} cannot be read", why=f"it is {kind}, not a {kinds[0]}")
        contents[name] = stream[end + 1 : end + 1 + int(size[0])]
        place = end + 2 + int(size[0])
        if digests.git_object(kind, contents[name]) != name:  # git itself believes what a clone has under a name
            raise ServiceError(f"git object {name[:12]} cannot be read", why="it has other bytes than its id says")
    return contents
