"""Worlds that are built once a process and given out again and again, each time as they were when they were built.

A world lies below one folder and answers at one address, which its certificates, its clone and its tokens name. So a
world that comes back is put back where it was: its files from a copy, the sandbox's memory from what was saved of it.
Nothing of the test before is left, and what that test had from the forge since (tokens, runs, changes) is known there
no more. Two tests never have the same world at once: who wants one while all are out gets another.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tests.flow import worlds
from tests.flow.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import ThreadingHTTPServer
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal.forges import ForgeKind
    from counterseal_sandbox.http import LoopbackServer, Response

#: What happens in a world before it is lent.
Step = Callable[["FlowWorld"], object]
#: How long calls may go on that a test has left behind; a world that is not idle then is given up.
_SECONDS = 70.0


class _Busy:
    """Counts the calls that a server is answering."""

    def __init__(self, server: LoopbackServer) -> None:
        self._answer: Callable[..., Response] = server.answer
        self._running = 0
        self._changed = threading.Condition()
        # its handlers look it up on the object
        server.answer = self.answer  # type: ignore[method-assign, assignment]

    def answer(self, *request: Any) -> Response:
        with self._changed:
            self._running += 1
        try:
            return self._answer(*request)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def is_over(self) -> bool:
        """Return whether no call is being answered, or soon none is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, _SECONDS)


class _Place:
    """One world, and how it was after some steps."""

    def __init__(self, world: FlowWorld, copy: Path, steps: tuple[Step, ...]) -> None:
        self.world = world
        self._folder, self._copy = world.folder, copy
        for step in steps:
            step(world)
        self._busy = _Busy(self.world.sandbox.server)
        shutil.copytree(self._folder, self._copy, symlinks=True)
        server: type[ThreadingHTTPServer] = type(self.world.sandbox.server._http)
        self._saved = Saved(self.world, constant=(_Busy, server))

    def put_back(self) -> bool:
        """Put everything back where it was, and return whether that could be."""
        if not self._busy.is_over():
            return False
        shutil.rmtree(self._folder)
        shutil.copytree(self._copy, self._folder, symlinks=True)
        self._saved.restore()
        return True


class Pool:
    """Worlds of this process, by forge and by what has happened in them.

    Args:
        folder: Makes a new folder.
        dist: The built files.
        stack: Ends the worlds.
    """

    def __init__(self, folder: Callable[[], Path], dist: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._dist = dist
        self._stack = stack
        self._free: dict[tuple[ForgeKind, tuple[Step, ...]], list[_Place]] = {}

    @contextlib.contextmanager
    def world(self, kind: ForgeKind, *steps: Step) -> Iterator[FlowWorld]:
        """Lend a world whose tag is built, after some steps, which are taken once for all who ask for the same ones."""
        free = self._free.setdefault((kind, steps), [])
        place = free.pop() if free else self._made(kind, steps)
        yield dataclasses.replace(place.world)
        if place.put_back():  # not one of which a call is still in the air
            free.append(place)

    def _made(self, kind: ForgeKind, steps: tuple[Step, ...]) -> _Place:
        folder = self._folder()
        world = self._stack.enter_context(worlds.world(folder / "world", self._dist, kind))
        return _Place(world, folder / "copy", steps)
