"""What the core asks of the machine that it runs on: the time, files, what a project was built from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from counterseal.ports.progress import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from counterseal.model import BuildInputs, ObservedStep, SbomDocument, Subject


class Clock(Protocol):
    """The only source of `now`."""

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC."""


class SbomBuilder(Protocol):
    """Makes an SBOM of projects."""

    def build(
        self,
        projects: Sequence[Path],
        subjects: Iterable[Subject],
        *,
        revision: str | None,
        epoch: int,
        tell: Tell = silent,
    ) -> SbomDocument:
        """Return a schema-valid CycloneDX JSON document, 1.6 or 1.7; equal inputs give equal bytes.

        Args:
            projects: Folders of the projects; the first is the one that the artifacts are of.
            subjects: The artifacts, which become file components with their digests.
            revision: Source revision, recorded at the root component.
            epoch: Seconds since 1970 for the document's timestamp (SOURCE_DATE_EPOCH).
            tell: Told how far it is.
        """


class SubjectFiles(Protocol):
    """The files of the workspace that are to be signed."""

    def collect(self, patterns: Sequence[str]) -> Sequence[tuple[Path, Subject]]:
        """Return each named file once, with its subject, in the order of the names.

        Args:
            patterns: Paths, globs and checksum lists (`SHA256SUMS`), relative to the workspace.

        Raises:
            UsageError: A pattern matches nothing; a symlink, a folder, an empty file, a refused name or content.
        """


class BuildFacts(Protocol):
    """What can be known here about how something was built."""

    def collect(
        self, projects: Sequence[Path], files: Sequence[Path], definition: tuple[str, str] | None = None
    ) -> BuildInputs:
        """Return what is checked out, digests of lock files, what the workflow names, tools, platform, variables.

        Args:
            projects: Folders of the projects; the lock files' paths are relative to the first.
            files: The artifacts; a wheel says which tool made it.
            definition: Path of the workflow or pipeline file, and the commit that it is run at; None: of no run.
        """


class Observer(Protocol):
    """Runs a command of the build, and watches it."""

    def watch(self, command: Sequence[str], roots: Sequence[Path], started_at: datetime) -> ObservedStep:
        """Run a command to its end, unchanged, and return what there is to know of it.

        Args:
            command: The program and its words.
            roots: Where to look for what it writes.
            started_at: Now.

        Raises:
            UsageError: It cannot be started.
        """
