"""Writes the examples of docs/formats.md from the known-answer vectors, so that the page cannot rot.

An example is

    <!-- example: decision/allow#predicate/ledger -->
    (replaced)
    <!-- end -->

with the name of a vector file in tests/assets/vectors, a case in it and, after `#`, what of its document to show.
`--check` writes nothing and exits with 1 if the page would change.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "formats.md"
EXAMPLE = re.compile(
    r"(?P<open><!-- example: (?P<file>[a-z-]+)/(?P<case>[^#\n]+?)(?:#(?P<path>\S+))? -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)
WIDTH = 118


def main(arguments: list[str]) -> int:
    """Write or check the page; return the exit code."""
    page = PAGE.read_text()
    wanted = EXAMPLE.sub(_block, page)
    if "--check" in arguments:
        return int(page != wanted)
    PAGE.write_text(wanted)
    return 0


def _block(match: re.Match[str]) -> str:
    vectors = json.loads((ROOT / "tests" / "assets" / "vectors" / f"{match['file']}.json").read_text())
    value = next(case["document"] for case in vectors["cases"] if case["case"] == match["case"])
    for step in (match["path"] or "").split("/"):
        if step:
            value = value[int(step) if isinstance(value, list) else step]
    return f"{match['open']}```json\n{pretty(value)}\n```\n{match['end']}"


def pretty(value: Any, indent: int = 0, taken: int = 0) -> str:
    """Return JSON of which everything that fits stands on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    inner = " " * (indent + 2)
    if len(flat) + indent + taken <= WIDTH or not isinstance(value, (dict, list)):
        return flat
    if isinstance(value, dict):
        heads = {key: f"{json.dumps(key, ensure_ascii=False)}: " for key in value}
        rows = [inner + head + pretty(value[key], indent + 2, len(head) + 1) for key, head in heads.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(inner + pretty(item, indent + 2, 1) for item in value) + "\n" + " " * indent + "]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
