"""Runs that end in the middle: where they can be held, how they are started, and how their ends are told."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.flow import faults, stories

from counterseal_sandbox.http import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.hands import Call
    from tests.flow.worlds import FlowWorld

PATIENCE = 60.0
#: Where a gate can be held while it records.
POINTS: dict[str, Callable[[FlowWorld], Call]] = {
    "before-signing": lambda _: (faults.FULCIO, "", "POST"),
    "between-signing-and-push": lambda world: (world.hands.git, r"info/refs\?service=git-receive-pack", "GET"),
    "push": lambda world: (world.hands.git, r"/git-receive-pack", "POST"),
}


@dataclass(slots=True)
class Held:
    """A call that does not get its answer before `release`."""

    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    answer: Callable[[Request], Response | None] = field(default=lambda _: None)

    def __call__(self, request: Request) -> Response | None:
        self.reached.set()
        self.go.wait(PATIENCE)
        return self.answer(request)


@contextlib.contextmanager
def held(world: FlowWorld, point: Call, *, after: int = 0, since: str = "") -> Iterator[Held]:
    """Hold one call at a point."""
    hold = Held()
    with faults.fault(world, hold, *point, after=after, times=1, since=since):
        try:
            yield hold
        finally:
            hold.go.set()


@contextlib.contextmanager
def process(world: FlowWorld, *arguments: str, environment: Any) -> Iterator[subprocess.Popen[str]]:
    """Start the command line as a process of its own, that does not outlive the block."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(world.folder / "home"), **environment}
    command = [sys.executable, "-I", "-m", "counterseal", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=world.checkout, env=variables, stdout=pipe, stderr=pipe, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def ended(started: subprocess.Popen[str]) -> tuple[int, str]:
    """Return exit code and output of a process that ends by itself."""
    out, err = started.communicate(timeout=PATIENCE)
    assert "Traceback" not in out + err, err
    return started.returncode, out + err


def until(fact: Callable[[], object], what: str) -> None:
    """Wait for something that happens in another process."""
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def merged(world: FlowWorld, stage: str = "staging") -> str:
    """Return the path of a request that has its approvals and waits for its decision."""
    asked = stories.ask(world, stage)
    stories.approve_and_merge(world, asked, "alice", *(["dora"] if stage == "production" else []))
    return asked.path


def decided(world: FlowWorld, folder: Path) -> list[tuple[str, str]]:
    """Return request and outcome of every decision in the ledger, verified as a whole, and that none is there twice."""
    rows = stories.log(world, folder).values()
    decisions = [(row["decision"]["request"]["file"], row["decision"]["outcome"]) for row in rows]
    assert len({path for path, _ in decisions}) == len(decisions), "a request was decided twice"
    return decisions
