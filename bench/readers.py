"""What a reader pays who verifies a whole ledger in a clone: `log verify`, the first time and again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import measuring
from bench.measuring import PROGRAM, FailedError
from bench.results import Measured, Times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.signed_ledgers.making import SignedLedger


def measure(made: SignedLedger) -> Iterator[Measured]:
    """Yield the first reading, with no cache there is, and the one after it; each is of a home of its own."""
    command: list[str | Path] = [
        PROGRAM,
        "log",
        "verify",
        "--folder",
        made.repository,
        "--trust",
        made.trust,
        "--sandbox",
    ]

    def both() -> tuple[measuring.Ended, measuring.Ended]:
        with tempfile.TemporaryDirectory(prefix="counterseal-bench.") as home:
            environment = {"HOME": home, "XDG_CACHE_HOME": str(Path(home) / "cache")}
            return measuring.whole(command, environment), measuring.whole(command, environment)

    size = made.parameters.entries
    try:
        (pairs,) = measuring.in_turns(both, rounds=3)
    except FailedError as error:
        yield from (Measured(work, size, problem=str(error)) for work in ("log", "log again"))
        return
    for work, runs in zip(("log", "log again"), zip(*pairs, strict=True), strict=True):
        yield Measured(work, size, ours=Times(tuple(run.seconds for run in runs), max(run.mebibytes for run in runs)))
