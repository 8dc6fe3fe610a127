"""Prints how well and how fast SBOMs are made from lock files: ours beside the ecosystems' own tools, cdxgen and syft.

Each lock file has a truth that no SBOM tool made (`tests/unit/adapters/sbom/test_locks.py`); the real ones of
`$COUNTERSEAL_SUITES` if it is set, else those of `tests/assets/locks`. Every program reads everything, development
included, as a whole process, in turns; the least of its times counts. Nothing is installed beside the lock files.

    python bench/sbom.py [--write] [--sizes N,…] [CASE …]     # --write: into docs/sbom.md, between its markers
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from bench import sbom_locks, sbom_truth  # noqa: E402 - found by the line above
from bench.sbom_tools import ECOSYSTEMS, TOOLS, Run, Tool, Work  # noqa: E402 - as above

from counterseal.inventory import document as documents  # noqa: E402 - as above
from counterseal.inventory import minimum  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
from tests.unit.adapters.sbom.test_locks import CASES, OWN_LOCKS, Case  # noqa: E402 - as above

ROUNDS = 3
#: Seconds after which a program is stopped.
LIMIT = 120.0
SIZES = (1_000, 10_000, 50_000)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "sbom.md"
BEGIN, END = "<!-- measured by: python bench/sbom.py --write -->\n", "<!-- end of what was measured -->\n"
SUITES = os.environ.get("COUNTERSEAL_SUITES")
HEAD = (
    "| lock file | tool | components | digests | edges | licences | minimum | seconds | MiB |",
    "|---|---|---|---|---|---|---|---|---|",
)
SIZE_HEAD = ("| lock file | tool | components | seconds | MiB |", "|---|---|---|---|---|")


@dataclass(frozen=True)
class Measured:
    """A tool's best run on a lock file."""

    tool: Tool
    run: Run


def main() -> None:
    """Print the tables; with --write put them into the page."""
    parser = argparse.ArgumentParser(description="Measures SBOMs of lock files.")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/sbom.md")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="packages of the synthetic locks")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names of cases (default: all)")
    options = parser.parse_args()
    rows = []
    for row in _rows(options.cases, [int(size) for size in options.sizes.split(",") if size]):
        print(row, flush=True)
        rows.append(row)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n".join(rows) + "\n" + END + rest.partition(END)[2], encoding="utf-8")


def _rows(names: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    yield from _programs()
    yield ""
    yield from HEAD
    for case, folder in _cases(names):
        yield from _of_case(case, folder)
    yield from ("", *SIZE_HEAD)
    for kind in sbom_locks.KINDS:
        yield from _of_sizes(kind, sizes)


def _programs() -> Iterator[str]:
    """Tell the versions of the programs that are here, and which are not."""
    programs = {tool.program: tool for tool in TOOLS}
    here = [f"{tool.program} {tool.told_version()}".strip() for tool in programs.values() if tool.path()]
    missing = [tool.program for tool in programs.values() if not tool.path()]
    yield f"Measured with {', '.join(here)}, {os.cpu_count()} cores, Python {'.'.join(map(str, sys.version_info[:3]))}."
    if missing:
        yield f"Not there: {', '.join(missing)}."


def _cases(names: Sequence[str]) -> Iterator[tuple[Case, Path]]:
    for case in CASES:
        own, suite = OWN_LOCKS / case.name, Path(SUITES or os.devnull) / "locks" / case.name
        folder = suite if SUITES else own
        if folder.is_dir() and (not names or case.name in names):
            yield case, folder


def _of_case(case: Case, folder: Path) -> Iterator[str]:
    known = sbom_truth.truth(folder / "truth.json")
    kind = _kind(folder / "files" / case.project, case.locks)
    tools = [tool for tool in TOOLS if tool.reads_all(kind, case.locks)]
    work = Work(folder / "files", case.project, case.locks, kind, Path())
    with tempfile.TemporaryDirectory(prefix="counterseal-bench.") as place:
        for measured, least in _measured(Path(place), tools, work):
            what = f"{case.name} ({len(known.packages)})"
            yield f"| {what} | {measured.tool.name} | {_quality(measured.run, known)} | {_cost(measured.run, least)} |"


def _of_sizes(kind: str, sizes: Sequence[int]) -> Iterator[str]:
    """Yield the rows of synthetic locks; who makes no SBOM of a small one is not asked for one of a large one."""
    able = [tool for tool in TOOLS if tool.reads_all(kind, ())]
    for size in sorted(sizes):
        with tempfile.TemporaryDirectory(prefix="counterseal-bench.") as place:
            files = Path(place) / "files"
            files.mkdir()
            sbom_locks.KINDS[kind](files, size)
            measured = list(_measured(Path(place), able, Work(files, ".", (), kind, Path()), rounds=1))
            for one, least in measured:
                document = one.run.document
                said = f"{_count(document):,}" if document else f"none: {one.run.reason}"
                yield f"| {kind}, {size:,} packages | {one.tool.name} | {said} | {_cost(one.run, least)} |"
        able = [one.tool for one, _ in measured if one.run.document]


def _measured(
    place: Path, tools: Sequence[Tool], work: Work, *, rounds: int = ROUNDS
) -> Iterator[tuple[Measured, float]]:
    """Yield each tool's best run on a copy of some work, and the seconds of our own."""
    runs: dict[str, Run] = {}
    for number in range(rounds):
        for tool in tools:
            run = tool.run(_copied(work, place / f"{number} {tool.name}"), LIMIT)
            if tool.name not in runs or run.seconds < runs[tool.name].seconds:
                runs[tool.name] = run
    for tool in tools:
        yield Measured(tool, runs[tool.name]), runs[TOOLS[0].name].seconds


def _copied(work: Work, place: Path) -> Work:
    """Return the same work in a place of its own, where everything can be written."""
    (place / "out").mkdir(parents=True)
    shutil.copytree(work.folder, place / "files", copy_function=shutil.copyfile)
    for folder in (place / "files", *(place / "files").rglob("*/")):
        folder.chmod(0o755)
    return replace(work, folder=place / "files", output=place / "out" / "sbom.cdx.json")


def _kind(project: Path, locks: Sequence[str]) -> str:
    """Return what kind of lock file a case has: as it names it, or as the project's folder has it."""
    if locks:
        return "requirements" if locks[0].endswith(".txt") else Path(locks[0]).name
    return next(name for name in ECOSYSTEMS if (project / name).exists())


def _quality(run: Run, known: sbom_truth.Truth) -> str:
    if run.document is None:
        return f"none: {run.reason} | | | | "
    data = run.document.read_bytes()
    said = sbom_truth.said(json.loads(data), known)
    shares = (
        sbom_truth.share(known.packages, said.packages),
        sbom_truth.share(known.digests, said.digests) if known.digests else sbom_truth.Share(None, None),
        sbom_truth.edge_share(known, said),
    )
    licensed = f"{len(said.licensed & known.packages)}"
    score = float(minimum.score(documents.parse(data, run.document.name)).share)
    return " | ".join((*(_shown(share) for share in shares), licensed, f"{score:.2f}"))


def _shown(share: sbom_truth.Share) -> str:
    """Return recall and precision; one number where they are one."""
    if share.recall is None:
        return "–" if share.precision is None else f"– / {share.precision:.3f}"
    precision = 0.0 if share.precision is None else share.precision
    return f"{share.recall:.3f}" if share.recall == precision else f"{share.recall:.3f} / {precision:.3f}"


def _cost(run: Run, least: float) -> str:
    ratio = run.seconds / least
    return f"{run.seconds:.2f} ({ratio:.{1 if ratio > 1 else 2}f} ×) | {run.mebibytes:.0f}"


def _count(document: Path) -> int:
    """Return how many components with a purl a document has at its top."""
    return sum("purl" in component for component in json.loads(document.read_bytes())["components"])


if __name__ == "__main__":
    main()
