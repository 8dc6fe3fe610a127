"""Trees of files for tests of archives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Names that sort otherwise by locale, without case, or by parts; an empty file, and one that compresses.
FILES: Mapping[str, bytes] = {
    "bin/run": b"#!/bin/sh\n",
    "README.md": b"read me\n",
    "lib/a.py": b"a = 1\n" * 5000,
    "lib/B.py": b"",
    "lib/a-b.py": b"ab\n",
    "lib.txt": b"text\n",
    "lib/ä.txt": "ä\n".encode(),
    f"deep/{'d' * 90}/{'e' * 90}.txt": b"deep\n",
}
RUN = frozenset({"bin/run"})


def grow(root: Path, files: Mapping[str, bytes] = FILES, order: Sequence[str] | None = None, mtime: int = 7) -> Path:
    """Make the files in an order, with a time."""
    for name in order or list(files):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
        mode = path.stat().st_mode
        path.chmod(mode | 0o100 if name in RUN else mode & ~0o111)
        os.utime(path, (mtime, mtime))
    (root / "empty").mkdir(parents=True, exist_ok=True)
    return root
