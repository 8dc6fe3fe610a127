"""The console script: `app CHANGELOG [--newer-than VERSION]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from app import __version__, changelog


def read(source: str) -> str:
    """Return the text of a file or of an https address."""
    if source.startswith("https://"):
        return httpx.get(source, timeout=10, follow_redirects=True).raise_for_status().text
    return Path(source).read_text(encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Print the releases of a changelog; exit with 1 if there are none."""
    parser = argparse.ArgumentParser(prog="app", description="Prints the releases of a changelog.")
    parser.add_argument("changelog", help="a Markdown file, or its https address")
    parser.add_argument("--newer-than", metavar="VERSION", help="only releases after this one")
    parser.add_argument("--version", action="version", version=__version__)
    options = parser.parse_args(arguments)
    releases = changelog.parse(read(options.changelog))
    if options.newer_than:
        releases = changelog.newer(releases, options.newer_than)
    table = Table("version", "date", "notes")
    for release in releases:
        table.add_row(release.version, str(release.date or ""), "\n".join(release.notes))
    Console().print(table)
    return 0 if releases else 1


if __name__ == "__main__":
    sys.exit(main())
