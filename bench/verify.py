"""Measures what a consumer waits for: `verify` of one file beside importing sigstore.verify alone, and of 1,000 files.

Whole processes, in turns, so that the numbers of a run are comparable with each other only. The release is that of the
demo, made anew; a release has a few dozen files at most, so the 1,000 files are its wheel in as many folders, each with
the proof beside it (1,000 equal proofs to read) or with one proof for all.

    python bench/verify.py [FOLDER]     # of a demo that was made before: demo-out/github
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BIN = Path(sys.executable).parent
PROOF = "ledger-proof.json"
ROUNDS = 7
FILES = 1000
#: Of a large file, for memory alone; sparse, so the disk has no part in it.
LARGE = 2 << 30
#: Seconds after which a process is stopped.
LIMIT = 100
GOAL_ONE, GOAL_MANY = 80.0, 3.0
#: Of the calls that are compared.
IMPORT, ONE, MANY, PROOFS = (
    "python -c 'import sigstore.verify'",
    "verify, 1 file",
    f"verify, {FILES:,} files, 1 proof",
    f"verify, {FILES:,} files, {FILES:,} equal proofs",
)
_RUNNER = Path(__file__).with_name("sbom_process.py")


@dataclass(frozen=True)
class Times:
    """What the rounds of one call took."""

    milliseconds: tuple[float, ...]
    mebibytes: float

    @property
    def figures(self) -> dict[str, float]:
        """Return minimum, median and the largest memory."""
        least, usual = min(self.milliseconds), statistics.median(self.milliseconds)
        return {"minMs": round(least, 1), "medianMs": round(usual, 1), "peakMiB": round(self.mebibytes, 1)}


def rows(demo: Path | None = None, *, rounds: int = ROUNDS, files: int = FILES) -> list[tuple[str, dict[str, float]]]:
    """Return (name, figures) of every call, then of what is compared with a goal.

    Args:
        demo: The folder of a demo that was made before; made anew if None.
        rounds: How often each call is measured, after one that does not count.
        files: How many are many.
    """
    with tempfile.TemporaryDirectory(prefix="counterseal-bench.") as name:
        work = Path(name)
        made = demo.resolve() if demo else _demo(work / "demo")
        calls = _calls(made, work, files)
        times = _measured(calls, work, rounds)
        found = [(call, each.figures) for call, each in times.items()]
        large = _run(_verify(made, [_large(made, work)]), work, code=11)
    found.append((f"verify, a file of {LARGE >> 30} GiB (refused)", Times((large[0],), large[1]).figures))
    more, ratio = _compared(times)
    found.append(("1 file, more than the import alone", {**more, "goalMs": GOAL_ONE}))
    found.append((f"{files:,} files beside 1 file", {**ratio, "goalTimes": GOAL_MANY}))
    return found


def _compared(times: Mapping[str, Times]) -> tuple[dict[str, float], dict[str, float]]:
    """Return by how much one file costs more than the import, and how many times as much all files cost."""
    alone, one, many = (times[name].figures for name in (IMPORT, ONE, MANY))
    more = {key: round(one[key] - alone[key], 1) for key in ("minMs", "medianMs")}
    ratio = {name: round(many[key] / one[key], 2) for name, key in (("minTimes", "minMs"), ("medianTimes", "medianMs"))}
    return more, ratio


def _demo(folder: Path) -> Path:
    subprocess.run(
        [BIN / "counterseal", "demo", "--forge", "github", "--output", folder],
        cwd=Path(__file__).resolve().parents[1],
        check=True,
        capture_output=True,
    )
    return folder / "github"


def _calls(demo: Path, work: Path, files: int) -> dict[str, list[str]]:
    wheel = next((demo / "release").glob("*.whl"))
    proof = demo / "release" / PROOF
    alone: list[Path] = []
    beside: list[Path] = []
    for number in range(files):
        for kind, copies in (("alone", alone), ("beside", beside)):
            folder = work / kind / str(number)
            folder.mkdir(parents=True)
            copies.append(Path(shutil.copy(wheel, folder)))
        shutil.copy(proof, beside[-1].parent)
    return {
        IMPORT: [sys.executable, "-c", "import sigstore.verify"],
        ONE: _verify(demo, [wheel]),
        MANY: _verify(demo, [*alone, "--proof", proof]),
        PROOFS: _verify(demo, beside),
    }


def _large(demo: Path, work: Path) -> Path:
    """Return a file that is hashed whole, and then refused."""
    path = work / "large.bin"
    with path.open("wb") as stream:
        stream.truncate(LARGE)
    shutil.copy(demo / "release" / PROOF, work)
    return path


def _verify(demo: Path, files: Sequence[str | Path]) -> list[str]:
    repository: dict[str, Any] = json.loads((demo / "release" / "manifest.json").read_text())["repository"]
    asked = ["--stage", "production", "--repository", f"{repository['host']}/{repository['name']}"]
    ours = ["--trust", str(demo / "trust.json"), "--sandbox"]
    return [str(BIN / "counterseal"), "verify", *map(str, files), *asked, *ours]


def _measured(calls: Mapping[str, Sequence[str]], work: Path, rounds: int) -> dict[str, Times]:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, command in calls.items():
            run = _run(command, work)
            found[name] += [run] if number else []  # the first writes the bytecode, and fills the disk's cache
    return {name: Times(tuple(ms for ms, _ in runs), max(mib for _, mib in runs)) for name, runs in found.items()}


def _run(command: Sequence[str], work: Path, *, code: int = 0) -> tuple[float, float]:
    """Return milliseconds and MiB of a process that has to end with a code."""
    # As on a machine on which counterseal was called before.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    runner: list[str | Path] = [sys.executable, "-I", "-S", _RUNNER, str(LIMIT), work / "out", *command]
    done = subprocess.run(runner, env=environment, check=True, capture_output=True)
    told = json.loads(done.stdout)
    if told["code"] != code:
        raise RuntimeError(f"{command[:3]} ended with {told['code']}: {(work / 'out.errors').read_text()[-500:]}")
    return told["seconds"] * 1000, told["kibibytes"] / 1024


def lines(found: Sequence[tuple[str, Mapping[str, float]]]) -> Iterator[str]:
    """Yield the rows for people."""
    for name, figures in found:
        yield f"  {name:<48} {'  '.join(f'{key} {value:,.1f}' for key, value in figures.items())}"


def main() -> None:
    """Print all rows."""
    print("\n".join(lines(rows(Path(sys.argv[1]) if sys.argv[1:] else None))))


if __name__ == "__main__":
    main()
