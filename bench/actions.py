"""What an action costs beside its verb, cold and again, and how many calls to the forge a gate makes.

    .venv/bin/python bench/actions.py

"cold" is the first start in a new folder; every start is one with nothing cached, because none trusts a cache (R41).
The calls are counted at the sandbox's forge. Needs the package index; nothing else outside this machine.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "src"), str(Path(__file__).resolve().parents[1])]

from tests.ci import newcomer, test_bootstrap  # noqa: E402 - found by the line above
from tests.flow import worlds  # noqa: E402 - as above

if TYPE_CHECKING:
    from counterseal_sandbox.http import Request

STARTS = 3


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="counterseal-bench.") as name:
        folder = Path(name)
        product = newcomer.export(folder / "counterseal")
        print("seconds of an action's start until its verb runs (installation from digests, nothing cached):")
        for number in range(STARTS):
            begin = time.monotonic()
            done = test_bootstrap.start(product.folder, folder / f"start-{number}", "--version")
            assert done.returncode == 0, done.stderr
            print(f"  start {number + 1}   {time.monotonic() - begin:5.1f}")
        dist = worlds.build(folder / "build")
        act = Path(sys.executable).parent / "act"
        with newcomer.newcomer(folder / "world", act, product) as here:
            _story(here, dist)


def _story(here: newcomer.Newcomer, dist: Path) -> None:
    calls: Counter[str] = Counter()

    def count(prefix: str, request: Request) -> None:
        if prefix.startswith("/github/"):
            calls["API" if prefix.endswith("/api") else "git" if prefix.endswith("/git") else "identity"] += 1

    here.world.sandbox.server.interceptors.append(count)
    print("seconds of whole workflow runs under act, and calls to the forge:")
    for title, run in (("release.yml (build, sbom, sign, candidate)", here.release), ("gate: staging", here.promote)):
        if run == here.promote:
            number = here.world.request("staging")
            here.world.review("alice", number)
            here.world.merge("bob", number)
        calls.clear()
        begin = time.monotonic()
        outcome = run()
        assert set(outcome.jobs.values()) == {"success"}, outcome.text
        counted = ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))
        print(f"  {title:45} {time.monotonic() - begin:5.1f}   {counted}")


if __name__ == "__main__":
    os.environ.setdefault("PATH", os.defpath)
    assert shutil.which("git"), "git is missing"
    main()
