"""Clones of projects that are not ours, set up by the blocks of our own how-to pages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "app"


def blocks(page: str) -> list[str]:
    """Return the YAML blocks of a page of ours."""
    return re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)


def policy(kind: ForgeKind) -> str:
    """Return the policy of the page of a forge."""
    return next(block for block in blocks(f"how-to-{kind}.md") if block.startswith("apiVersion"))


def make(folder: Path, kind: ForgeKind, *, text: str | None = None, origin: str | None = None) -> Path:
    """Return a clone with one commit: the example project with policy and pipeline files."""
    left_out = shutil.ignore_patterns("dist", "counterseal-out", "__pycache__")
    shutil.copytree(EXAMPLE, folder, ignore=left_out)
    files = {POLICY_PATH: policy(kind) if text is None else text}
    if kind is ForgeKind.GITLAB:
        files[".gitlab-ci.yml"] = blocks("how-to-gitlab.md")[0]
    else:
        names = ("release.yml", "promote.yml", "preview.yml")
        files |= {
            f".github/workflows/{name}": text for name, text in zip(names, blocks("how-to-github.md"), strict=False)
        }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", origin or f"git@{kind}.com:ACME/app.git")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything."""
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "--allow-empty", "-m", "one")


def git(folder: Path, *arguments: str) -> str:
    """Return what git printed."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
