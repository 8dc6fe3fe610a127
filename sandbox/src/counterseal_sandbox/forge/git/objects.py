"""What git has, as the sandbox's forge reads it: commits, who made them, what differs; and how git fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

NO_COMMIT: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class Signature:
    """A name, an address and a moment, as git writes them into a commit."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CommitObject:
    """A commit as git has it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """A path that differs between two commits.

    `status` is git's letter, `previous` the name before a rename, `modes` are git's before and after.
    """

    status: str
    path: str
    previous: str | None
    sha: str
    additions: int
    deletions: int
    modes: tuple[str, str]


class GitError(Exception):
    """A git command failed."""


class ConflictError(GitError):
    """Two commits cannot be merged."""
