"""The project's own files, as its checks see them."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "counterseal"
SANDBOX = ROOT / "sandbox" / "src" / "counterseal_sandbox"


@cache
def tracked(*patterns: str) -> tuple[Path, ...]:
    """Return the files that are or will be committed and match a pattern, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return tuple(sorted(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()))


@cache
def modules() -> dict[Path, ast.Module]:
    """Return every module of both packages with its syntax tree."""
    paths = (path for package in (PACKAGE, SANDBOX) for path in sorted(package.rglob("*.py")))
    return {path: ast.parse(path.read_text()) for path in paths}


def relative(path: Path) -> str:
    """Return the path as a reader names it."""
    return path.relative_to(ROOT).as_posix()
