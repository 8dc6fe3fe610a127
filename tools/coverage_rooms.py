"""Prints what `coverage json` says room by room, and of the core which lines and branches no test reached."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

CORE = ("model", "formats", "inventory", "policy", "evaluation", "ledger", "history", "verification")


def rooms(files: dict[str, Any]) -> dict[str, list[tuple[str, Any]]]:
    """Return the measured files of each room; a module at the top is a room of its own."""
    by_room: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for name, measured in sorted(files.items()):
        inside = Path(name).parts[Path(name).parts.index("counterseal") + 1 :]
        by_room[inside[0] if len(inside) > 1 else "the top"].append(("/".join(inside), measured))
    return by_room


def row(name: str, files: list[tuple[str, Any]]) -> str:
    """Return the line of a room: statements and branches, and how many of both were reached."""
    total = {
        key: sum(measured["summary"][key] for _, measured in files) for key in files[0][1]["summary"] if "num" in key
    }
    covered = sum(
        measured["summary"]["covered_lines"] + measured["summary"]["covered_branches"] for _, measured in files
    )
    wanted = total["num_statements"] + total["num_branches"]
    return f"| `{name}` | {total['num_statements']} | {total['num_branches']} | {100 * covered / wanted:.1f} % |"


def missing(measured: Any) -> str:
    """Return the lines and branches that no test reached."""
    lines = [str(line) for line in measured["missing_lines"]]
    unseen = [(start, end) for start, end in measured["missing_branches"] if start not in measured["missing_lines"]]
    return ", ".join([*lines, *(f"{start}→{end if end > 0 else 'out'}" for start, end in unseen)])


def main(report: str) -> int:
    """Print the tables."""
    files = json.loads(Path(report).read_text())["files"]
    by_room = {name: [pair for pair in of if pair[1]["summary"]["num_statements"]] for name, of in rooms(files).items()}
    order = [*CORE, *(name for name in by_room if name not in CORE)]
    print("| room | statements | branches | reached |\n|---|---|---|---|")
    print("\n".join(row(name, by_room[name]) for name in order))
    print(row("all", [pair for of in by_room.values() for pair in of]))
    print("\nNot reached in the core:")
    for name in CORE:
        for file, measured in by_room[name]:
            if unseen := missing(measured):
                print(f"  {file}: {unseen}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
