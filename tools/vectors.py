"""Writes the known-answer vectors anew from `tests/unit/frozen.py`, for a format that changed before its release.

A vector of a released format is never written anew: a change of it is another version of the format. `--check` writes
nothing and exits with 1 if a file would change.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

from tests.unit import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def case(name: str, make: Callable[[], bytes]) -> dict[str, Any]:
    """Return a case: what is written, as JSON, as bytes, and their sha256."""
    data = make()
    return {
        "case": name,
        "document": json.loads(data),
        "canonical": data.decode(),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def written(name: str, cases: Mapping[str, Callable[[], bytes]]) -> str:
    """Return the text of a file; what it says of itself stays."""
    before = json.loads((frozen.VECTORS / f"{name}.json").read_text())
    whole = {"about": before["about"], "cases": [case(title, make) for title, make in cases.items()]}
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the files; return the exit code."""
    changed = False
    for name, cases in frozen.CASES.items():
        path, text = frozen.VECTORS / f"{name}.json", written(name, cases)
        if path.read_text() != text:
            changed = True
            print(path.name)
            if "--check" not in arguments:
                path.write_text(text)
    return int(changed and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
