"""The builds that `init` can write: how a project is recognised, what locks it, which commands make its artifacts.

Commands are ours alone: the project's folder reaches them as the variable PROJECT, never as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Build:
    """How packages of an ecosystem are built into `dist/`.

    Args:
        ecosystem: Its name for people.
        marker: The file that makes a folder a project.
        locks: Files that lock its dependencies, any of which is enough.
        lock_with: The command that makes one.
        image: GitLab's image; at GitHub the runner has what is needed.
        at_top: Lines of shell for a project at the top of its repository.
        below: The same for one in the folder `$PROJECT`.
        prepare: What GitLab's image lacks, installed first.
        at_gitlab: A program of GitHub's runner, and what stands for it there.
    """

    ecosystem: str
    marker: str
    locks: tuple[str, ...]
    lock_with: str
    image: str
    at_top: tuple[str, ...]
    below: tuple[str, ...]
    prepare: tuple[str, ...] = ()
    at_gitlab: tuple[str, str] = ("", "")

    def commands(self, folder: str, *, gitlab: bool) -> tuple[str, ...]:
        """Return the lines that build the project in a folder (`.`: the top)."""
        lines = self.at_top if folder == "." else self.below
        if not gitlab:
            return lines
        return (*self.prepare, *(line.replace(*self.at_gitlab) if self.at_gitlab[0] else line for line in lines))


BUILDS: Final = (
    Build(
        "Python",
        "pyproject.toml",
        ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "requirements.txt"),
        "uv lock",
        "python:3.12-bookworm",
        ("pipx run build",),
        ('pipx run build --outdir dist "$PROJECT"',),
        ("pip install build",),
        ("pipx run build", "pyproject-build"),
    ),
    Build(
        "npm",
        "package.json",
        ("package-lock.json", "pnpm-lock.yaml", "npm-shrinkwrap.json", "yarn.lock"),
        "npm install --package-lock-only",
        "node:22-bookworm",
        ("npm ci", "mkdir -p dist", "npm pack --pack-destination dist"),
        ('npm ci --prefix "$PROJECT"', "mkdir -p dist", 'npm pack "./$PROJECT" --pack-destination dist'),
    ),
    Build(
        "Rust",
        "Cargo.toml",
        ("Cargo.lock",),
        "cargo generate-lockfile",
        "rust:1-bookworm",
        ("cargo package --locked", "mkdir -p dist && cp target/package/*.crate dist/"),
        (
            'cargo package --locked --manifest-path "$PROJECT/Cargo.toml" --target-dir target',
            "mkdir -p dist && cp target/package/*.crate dist/",
        ),
    ),
    Build(
        "Go",
        "go.mod",
        ("go.sum",),
        "go mod tidy",
        "golang:1-bookworm",
        ("mkdir -p dist", "CGO_ENABLED=0 go build -trimpath -o dist/ ./..."),
        ("mkdir -p dist", 'CGO_ENABLED=0 go build -C "$PROJECT" -trimpath -o "$PWD/dist/" ./...'),
    ),
)
