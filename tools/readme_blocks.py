"""Writes what commands really print into README.md and docs/, so that the pages cannot rot.

A block is

    <!-- generated: counterseal --help -->
    (replaced)
    <!-- end -->

`generated: $ COMMAND` shows the command above its output, `generated 10: COMMAND` expects the exit code 10. Commands
run in bash at the top of the project, in the order of the pages, each different one once; `$WORK` is a folder that
all of them share. Paths, times and digests are replaced by constant ones. `--check` writes nothing and exits with 1
if a page would change.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(
    r"(?P<open><!-- generated(?: (?P<code>\d+))?: (?P<command>.+?) -->\n)(?P<text>.*?)(?P<end><!-- end -->)", re.DOTALL
)
CONSTANT = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), "2026-11-24T09:10:44Z"),
    (re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d(?::\d\d)?\b"), "2026-11-24 09:10"),
    (re.compile(r"\b\d+\.\d+ (ms|s)\b"), r"0.1 \1"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:8470"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)
#: Whole digests; abbreviated ones where only a digest can stand, or with both a digit and a letter in them.
DIGEST = re.compile(
    r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{12}|(?<=at )[0-9a-f]{7}|(?<=\()[0-9a-f]{7}(?=\))"
    r"|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64})\b"
)


class CommandError(Exception):
    """A command did not end as its block says."""


def main() -> int:
    """Write or check every page that has a block; return the exit code."""
    parser = argparse.ArgumentParser(description="Writes the generated blocks of README.md and docs/.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a page is out of date")
    parser.add_argument("pages", nargs="*", type=Path, help="README.md and docs/ if none is named")
    options = parser.parse_args()
    pages = options.pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    stale = []
    with tempfile.TemporaryDirectory(prefix="counterseal-docs-") as work:
        printed: dict[str, tuple[int, str]] = {}
        for page in pages:
            try:
                before, after = page.read_text(), render(page.read_text(), Path(work), printed)
            except CommandError as error:
                sys.stderr.write(f"{page}: {error}\n")
                return 1
            if before != after:
                stale.append(page)
                if options.check:
                    sys.stderr.writelines(difference(page, before, after))
                else:
                    page.write_text(after)
    for page in stale:
        print(f"{'out of date' if options.check else 'written'}: {page}")
    return 1 if stale and options.check else 0


def difference(page: Path, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a diff from a page to what it should be."""
    return difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), str(page), "made anew"
    )


def render(text: str, work: Path, printed: dict[str, tuple[int, str]]) -> str:
    """Return a page with every block made anew; `printed` remembers what each command printed."""

    def block(match: re.Match[str]) -> str:
        command = match["command"].removeprefix("$ ")
        if command not in printed:
            printed[command] = run(command, work)
        code, output = printed[command]
        if code != int(match["code"] or 0):
            raise CommandError(f"`{command}` ended with {code}, not {match['code'] or 0}:\n{output}")
        shown = f"{match['command']}\n" if match["command"].startswith("$ ") else ""
        return f"{match['open']}```text\n{shown}{constant(output, work)}```\n{match['end']}"

    return BLOCK.sub(block, text)


def run(command: str, work: Path) -> tuple[int, str]:
    """Return exit code and output of a command, in an environment without colour and without CI."""
    keep = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**keep, "PATH": path, "WORK": str(work), "NO_COLOR": "1", "COLUMNS": "100", "TERM": "dumb"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout


def constant(output: str, work: Path) -> str:
    """Return the output with everything replaced that differs from run to run; equal digests stay equal."""
    text = output.replace(str(work), "…").replace(f"{ROOT}/", "").replace(str(ROOT), ".")
    for pattern, replacement in CONSTANT:
        text = pattern.sub(replacement, text)
    order: dict[str, int] = {}

    def digest(match: re.Match[str]) -> str:
        # An abbreviated digest keeps the number of the full one that it begins.
        known = next((full for full in order if full.startswith(match[0]) or match[0].startswith(full)), match[0])
        number = order.setdefault(known, len(order))
        return hashlib.sha256(str(number).encode()).hexdigest()[: len(match[0])]

    text = DIGEST.sub(digest, text)
    return text if text.endswith("\n") or not text else f"{text}\n"


if __name__ == "__main__":
    sys.exit(main())
