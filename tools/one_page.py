"""Writes one page of docs/ anew, or says whether it is current: what the tools share that make a part of one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]


def main(page: Path, render: Callable[[str], str]) -> int:
    """Write or check a page (`--check`: change nothing, 1 if it is out of date); return the exit code.

    Args:
        page: The page.
        render: Returns it with its generated parts made anew.
    """
    before = page.read_text()
    after = render(before)
    if before == after:
        return 0
    print(page.relative_to(ROOT))
    if "--check" in sys.argv[1:]:
        return 1
    page.write_text(after)
    return 0
