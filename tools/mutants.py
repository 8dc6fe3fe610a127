"""Changes one thing in the code that judges, sees whether a unit test fails, and lists what none noticed.

    python -m tools.mutants [FILE …]       all of evaluation/ and verification/ if none is named

What a mutant is stands in mutations.py. It is loaded in the place of its module by a forked process that runs the
tests of the module and, if these pass, those of the rooms around it; no file is changed. docs/quality.md has the
result, and why no other tool.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.util
import itertools
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tools import mutations

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("evaluation", "verification")
AROUND = tuple(f"tests/unit/{place}" for place in (*ROOMS, "formats/test_formats.py"))
LIMIT = 180  # seconds; what takes longer was noticed


class Mutant(NamedTuple):
    """The mutant of a module at a place in the order of its mutations, and its line and change."""

    path: Path
    number: int
    said: str


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads a tree where a module is imported."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        """Remember what to load for which name."""
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, fullname: str, *_: Any) -> Any:
        """Return how to load the module, and nothing for any other."""
        return importlib.util.spec_from_loader(fullname, self, origin=str(self.path)) if fullname == self.name else None

    def exec_module(self, module: Any) -> None:
        """Run the tree."""
        exec(compile(self.tree, self.path, "exec"), module.__dict__)


def own_tests(path: Path) -> tuple[str, ...]:
    """Return the unit tests of a module alone."""
    own = ROOT / "tests/unit" / path.relative_to(ROOT / "src/counterseal").with_name(f"test_{path.name}")
    return (str(own.relative_to(ROOT)),) if own.is_file() else AROUND


def start(path: Path, number: int | None, tests: tuple[str, ...]) -> int:
    """Return the process that tests a mutant of a module, or itself; it ends with 0 if no test fails."""
    if pid := os.fork():
        return pid
    tree = ast.parse(path.read_text())
    if number is not None:
        tree = next(itertools.islice(mutations.mutants(tree), number, None))[2]
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    os.setpgid(0, 0)
    name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    sys.meta_path.insert(0, Instead(name, path, tree))
    import pytest

    off = [word for plugin in ("cacheprovider", "randomly", "xdist") for word in ("-p", f"no:{plugin}")]
    off += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    fast = ["-x", "-q", "-m", "not slow and not interop", "--hypothesis-profile=mutants"]
    os._exit(pytest.main([*off, *fast, *tests]))


def ended(begun: dict[int, float]) -> tuple[int, bool]:
    """Return the next process that ends, and whether a test of it failed; one that takes too long is ended."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            del begun[pid]
            return pid, status != 0
        for process, at in begun.items():
            if time.monotonic() - at > LIMIT:
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)


def run(waiting: list[Mutant], jobs: int) -> Iterator[tuple[Mutant, bool]]:
    """Yield each mutant when it is known whether a test noticed it: its own first, then those around."""
    begun: dict[int, float] = {}
    tried: dict[int, tuple[Mutant, tuple[str, ...]]] = {}
    queue = [(mutant, own_tests(mutant.path)) for mutant in waiting]
    while queue or begun:
        while queue and len(begun) < jobs:
            mutant, tests = queue.pop(0)
            pid = start(mutant.path, mutant.number, tests)
            begun[pid], tried[pid] = time.monotonic(), (mutant, tests)
        pid, killed = ended(begun)
        mutant, tests = tried.pop(pid)
        if killed or tests == AROUND:
            yield mutant, killed
        else:
            queue.append((mutant, AROUND))


def main() -> int:
    """Test every mutant; return 0, for what survives wants reading and no alarm."""
    parser = argparse.ArgumentParser(description="Lists what no unit test would notice.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.chdir(ROOT)
    paths = [path.resolve() for path in options.files] or sorted(
        path for room in ROOMS for path in (ROOT / "src/counterseal" / room).rglob("*.py") if path.name != "__init__.py"
    )
    import pydantic  # noqa: F401 - before the forks, for speed; nothing of counterseal is

    if os.waitpid(start(paths[0], None, AROUND), 0)[1]:
        raise SystemExit("the tests fail without a mutation")
    mutants = [Mutant(path, *mutation) for path in paths for mutation in enumerate(mutations.said(path))]
    ends: dict[Path, Counter[bool]] = {path: Counter() for path in paths}
    for done, (mutant, killed) in enumerate(run(mutants, options.jobs), 1):
        ends[mutant.path][killed] += 1
        if done % 50 == 0:
            print(f"{done} of {len(mutants)}", file=sys.stderr, flush=True)
        if not killed:
            print(f"survived {mutant.path.relative_to(ROOT)}:{mutant.said}", flush=True)
    print(f"\n{len(mutants)} mutants\n\n| module | killed | survived |\n|---|---|---|")
    for path, counts in ends.items():
        print(f"| `{path.relative_to(ROOT / 'src/counterseal')}` | {counts[True]} | {counts[False]} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
