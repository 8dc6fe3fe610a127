"""How long things take: whole processes with their memory, and two works in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

ROOT: Final = Path(__file__).resolve().parents[1]
PROGRAM: Final = Path(sys.executable).parent / "counterseal"
#: Rounds after a first one, and the seconds after which no other round is begun.
ROUNDS, ENOUGH = 5, 30.0
#: Seconds after which a process is stopped.
LIMIT: Final = 1800.0
_WHOLE: Final = ROOT / "bench" / "sbom_process.py"


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, seconds, peak memory in MiB, and its last words."""

    code: int
    seconds: float
    mebibytes: float
    words: str


class FailedError(Exception):
    """What was to be measured did not do its work; the text says what it said instead."""


def whole(command: Sequence[str | Path], environment: Mapping[str, str]) -> Ended:
    """Return how a process ended that got nothing of this one's environment but PATH.

    Raises:
        FailedError: It ended with an error.
    """
    with tempfile.TemporaryDirectory(prefix="counterseal-bench.") as name:
        output = Path(name) / "output"
        call = [sys.executable, "-I", "-S", str(_WHOLE), str(LIMIT), str(output), *map(str, command)]
        variables = {"HOME": name, "PATH": os.environ["PATH"], **environment}
        done = subprocess.run(call, check=True, capture_output=True, text=True, env=variables)
        told = json.loads(done.stdout)
        words = Path(f"{output}.errors").read_text(errors="replace").strip() or output.read_text(errors="replace")
    ended = Ended(told["code"], told["seconds"], told["kibibytes"] / 1024, words)
    if ended.code != 0:
        raise FailedError(_reason(ended))
    return ended


def _reason(ended: Ended) -> str:
    """Return the first line and the cause of what a process said before it ended badly."""
    if ended.code < 0:
        return f"stopped after {ended.seconds:.0f} s"
    lines = [line.strip() for line in ended.words.splitlines()]
    told = [line for line in lines if line.startswith(("error:", "why:"))] or lines[:1]
    return f"exit code {ended.code}: {'; '.join(told)[:300]}"


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(*works: Callable[[], T], rounds: int = ROUNDS) -> list[list[T]]:
    """Return what each work gave in each round, after a first one that does not count, unless it took very long.

    Args:
        works: Done one after the other in each round.
        rounds: How many, if there is time for them.
    """
    started = time.perf_counter()
    results = [[work()] for work in works]
    if time.perf_counter() - started < ENOUGH:
        results = [[] for _ in works]
    while not results[0] or (len(results[0]) < rounds and time.perf_counter() - started < ENOUGH):
        for given, work in zip(results, works, strict=True):
            given.append(work())
    return results
