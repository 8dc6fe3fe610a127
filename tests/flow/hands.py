"""What people, builds and gates do at each forge beyond the demo's story, and where its services are asked for it.

One protocol, two pairs of hands: a scenario that uses only these is told once and holds at both forges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

#: A service's prefix, a pattern in path and query, a method: what `faults.fault` takes.
Call = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class File:
    """A file of the candidate or release as the forge shows it; the digest is a sha256 in hexadecimal."""

    id: int
    digest: str


class Hands(Protocol):
    """Hands at one forge, in its one project."""

    api: str
    git: str

    def run(self, **changes: Any) -> dict[str, str]:
        """Return the environment of a gate's run, with some of the order changed."""

    def build(self, **changes: Any) -> dict[str, str]:
        """Return the environment of the tag's build run, with some of the order changed."""

    def objects(self, login: str, number: int) -> None:
        """Let somebody request changes."""

    def takes_back(self, login: str, number: int) -> None:
        """Let somebody's approval be none any more."""

    def merges(self, login: str, number: int, method: str) -> None:
        """Let somebody merge by `squash`, `merge` (a merge commit) or `rebase` (the commits themselves)."""

    def retargets(self, login: str, number: int, branch: str) -> None:
        """Let somebody turn a change request to another branch."""

    def closes(self, login: str, number: int) -> None:
        """Let somebody close a change request."""

    def comments(self, number: int) -> list[str]:
        """Return what people wrote below a change request."""

    def draft(self) -> bool:
        """Return whether the candidate waits, and nothing is public."""

    def candidate(self) -> int:
        """Return the candidate's id."""

    def files(self) -> dict[str, File]:
        """Return the candidate's files by name."""

    def read(self, name: str) -> bytes:
        """Return a file's bytes as the forge gives them to bob."""

    def stored(self, name: str) -> Path:
        """Return where the forge keeps the bytes of a file."""

    def upload(self, name: str, data: bytes) -> None:
        """Let bob upload a file to the candidate, in place of one of the same name."""

    def remove(self, name: str) -> None:
        """Let bob delete a file of the candidate."""

    def delete_candidate(self) -> None:
        """Let bob delete the candidate."""

    def other_release(self, tag: str, name: str, data: bytes) -> AbstractContextManager[None]:
        """Let there be a published release of bob's with one file, for as long as the block runs."""

    def upload_of(self, name: str) -> Call:
        """Return the call that uploads a file whose name begins so."""

    def publishing(self) -> Call:
        """Return the call that makes a release public."""

    def listing(self) -> Call:
        """Return the call that lists releases: once before the decisions, once before the publications."""

    def reading(self) -> Call:
        """Return the call that reads a request's reviews."""
