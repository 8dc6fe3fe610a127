"""What a second build asks of the machine: the source at a revision, and a place where commands run apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from counterseal.model import Bounds, Conditions, Isolation, StepEnd


class BuildSource(Protocol):
    """The source at one revision, as it was committed."""

    uri: str
    revision: str

    def read(self, path: str) -> bytes | None:
        """Return a file, or None if it is not there or no plain file."""

    def committed_at(self) -> int:
        """Return when the revision was committed, in seconds since 1970."""

    def check_out(self, folder: Path) -> None:
        """Put all files into an empty folder.

        Raises:
            ServiceError: It did not work.
        """

    def digest(self, folder: Path, path: str) -> str | None:
        """Return the sha256 of a plain file of a fresh checkout, None if there is none."""


class Cell(Protocol):
    """The place of one build: folders of its own, and commands that see nothing else."""

    @property
    def isolation(self) -> Isolation:
        """Return what keeps the commands apart, as it was tried out."""

    @property
    def source(self) -> Path:
        """Return the folder for the source, empty at first."""

    @property
    def log(self) -> Path:
        """Return the file with all that the commands printed."""

    def run(self, name: str, script: str, more: Mapping[str, str], *, network: bool = False) -> StepEnd:
        """Run a text for `sh -eu` to its end, within bounds; nothing that it started goes on.

        Raises:
            ServiceError: It could not be kept apart, so it was not run.
        """

    def ask(self, script: str, more: Mapping[str, str]) -> str:
        """Return what a text for `sh -eu` prints, without network, and not into the log."""

    def settle(self) -> None:
        """Give the source's files the modes and the age that the conditions want them to have."""

    def note(self) -> None:
        """Take note of every file that was brought, and is not committed, before the build begins."""

    def was_brought(self, digest: str) -> bool:
        """Return whether a file with this sha256 was among those."""

    def outputs(self, patterns: Sequence[str]) -> Sequence[Path]:
        """Return what matches some patterns of a build file, in the order of the names."""

    def remove(self) -> None:
        """Remove everything of this build."""


class Cells(Protocol):
    """Makes places for builds."""

    def make(self, conditions: Conditions, bounds: Bounds) -> Cell:
        """Return a new place.

        Raises:
            UsageError: Nothing keeps a build apart here, and this is somebody's own machine.
        """
