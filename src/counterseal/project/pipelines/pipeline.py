"""What is known of a workflow or pipeline file. All names in it are text of whoever wrote the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a file names code of counterseal: `what` (`actions/sign`), at which `revision` as it is written there."""

    file: str
    what: str
    revision: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    `uses` is the code of counterseal that it runs (`actions/sign`, a workflow's or a template's path). `permissions`
    are those that the file gives it at GitHub (None: none are named). `signs`: it has an ID token that Sigstore takes.
    `scripts`: it runs commands of the project's own. `variables` are the names that the file sets for it.
    """

    name: str
    uses: tuple[str, ...] = ()
    permissions: Mapping[str, str] | None = None
    signs: bool = False
    scripts: bool = False
    variables: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A workflow or pipeline file.

    `problem` says why it cannot be read; then all else is empty. `events` maps what starts it to patterns of refs
    (`refs/tags/v*`), with nothing for an event that has none. `elsewhere` counts the parts that stand in files which
    are not looked into.
    """

    path: str
    problem: str = ""
    events: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    pins: tuple[Pin, ...] = ()
    elsewhere: int = 0

    def jobs_with(self, *codes: str) -> tuple[Job, ...]:
        """Return the jobs that run one of these pieces of counterseal."""
        return tuple(job for job in self.jobs if any(code in job.uses for code in codes))
