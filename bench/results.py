"""What the bench measures, as it is kept in docs/performance.json: one `Measured` for each work at each size."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGES = Path(__file__).resolve().parents[1] / "docs"
FILE = PAGES / "performance.json"


@dataclass(frozen=True)
class Times:
    """How long one work took, each time.

    Attributes:
        seconds: In the order of the rounds, without the first one, which does not count.
        mebibytes: Peak memory of its largest process; None: not looked at.
        fetched: Bytes that came from the remote each time; None: not looked at.
        signatures: How many were made in all; None: not looked at.
    """

    seconds: tuple[float, ...] = ()
    mebibytes: float | None = None
    fetched: int | None = None
    signatures: int | None = None

    @property
    def least(self) -> float:
        """Return the minimum of the seconds."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """Return the median of the seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Measured:
    """One work at one size of the ledger (of `verify`: that many files).

    Attributes:
        work: Its name, see `bench/performance_page.py`.
        size: How many entries there are.
        after: How many of them lie after the newest audit; None: it does not matter.
        ours: What it took; None if it ended otherwise.
        beside: What the nearest other thing took in the same minutes, in turns; None: nothing is beside it.
        problem: How it ended, if not well.
    """

    work: str
    size: int
    after: int | None = None
    ours: Times | None = None
    beside: Times | None = None
    problem: str = ""


@dataclass(frozen=True)
class Results:
    """A run of the bench."""

    date: str
    machine: dict[str, str]
    measured: tuple[Measured, ...]


def here(measured: Sequence[Measured]) -> Results:
    """Return what was measured now, on this machine."""
    git = subprocess.run(["git", "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    machine = {
        "processors": f"{os.cpu_count()}",
        "kind": platform.machine(),
        "system": platform.system(),
        "Python": platform.python_version(),
        "git": git,
        "load when it ended": f"{os.getloadavg()[1]:.1f}",
    }
    return Results(datetime.now(UTC).date().isoformat(), machine, tuple(measured))


def read(file: Path = FILE) -> Results:
    """Return the results that a file has."""
    data = json.loads(file.read_text(encoding="utf-8"))
    return Results(data["date"], data["machine"], tuple(_measured(each) for each in data["measured"]))


def write(results: Results, file: Path = FILE) -> None:
    """Keep results in a file; seconds to the tenth of a millisecond, memory to that of a MiB."""
    data = dataclasses.asdict(results)
    for each in data["measured"]:
        for times in filter(None, (each["ours"], each["beside"])):
            times["seconds"] = [round(seconds, 4) for seconds in times["seconds"]]
            times["mebibytes"] = times["mebibytes"] and round(times["mebibytes"], 1)
    file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _measured(data: dict[str, Any]) -> Measured:
    return Measured(**{**data, **{name: _times(data[name]) for name in ("ours", "beside")}})


def _times(data: dict[str, Any] | None) -> Times | None:
    return Times(**{**data, "seconds": tuple(data["seconds"])}) if data else None
