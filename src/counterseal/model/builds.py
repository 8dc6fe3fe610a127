"""What a build was made from and with: its own word on that, as far as it can be known where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from counterseal.model.artifacts import DigestSet


@dataclass(frozen=True, slots=True)
class Used:
    """Code or an image that a workflow or pipeline file names.

    Attributes:
        kind: `action`, `workflow`, `image`, `project`, `component`, `remote`, `template`, or `local` (of the same
            revision).
        name: What it is, without its version.
        at: The version as it is written there: a commit id, a tag, a digest (`sha256:…`); None if none is written.
    """

    kind: str
    name: str
    at: str | None


@dataclass(frozen=True, slots=True)
class Definition:
    """The workflow or pipeline file as it is committed, and what it names; `complete`: it names nothing else."""

    path: str
    digest: DigestSet
    uses: tuple[Used, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The checkout: its commit, the tracked files that are not as committed (the first of `changes`), submodules."""

    revision: str
    changed: tuple[str, ...]
    changes: int
    submodules: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Container:
    """The image that a job runs in, as CI names it; without a digest it is only a name."""

    image: str
    digest: DigestSet | None


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """What a build was made from and with, as far as it can be known here.

    `lock_files` maps a path, relative to the first project, to its sha256, `tools` a tool to its version; both have to
    be equal in a rebuild. `platform` is for people. `variables` are environment variables by allow-list. `epoch` is
    SOURCE_DATE_EPOCH in seconds since 1970 (None: not set). `parameters` are what whoever started the run filled in.
    """

    lock_files: Mapping[str, str]
    tools: Mapping[str, str]
    platform: Mapping[str, str]
    variables: Mapping[str, str]
    epoch: int | None
    checkout: CheckedOut | None = None
    definition: Definition | None = None
    container: Container | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the control groups let a process have: processors (`2.5`), bytes of memory; None: no limit is set.

    `processors` is how many it may run on.
    """

    cpus: str | None
    memory: int | None
    processors: int


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that a command wrote, by its path below where it was looked for."""

    path: str
    size: int
    digest: DigestSet


@dataclass(frozen=True, slots=True)
class Wrote:
    """The files that a command wrote: the first of `count`; `complete`: all of them, and none changed meanwhile."""

    files: tuple[WrittenFile, ...]
    count: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Around:
    """What a command ran in and with.

    Attributes:
        tools: Tools to versions, by the fixed list of calls.
        unanswered: Tools that are there and said nothing in time, or failed.
        platform: Architecture, kernel, runner image.
        container: The job's image, where CI names it.
        umask: In octal, `0022`.
        locale: As it is in force for characters.
        time_zone: Its name; empty if nothing names it.
        limits: Of the control groups.
        variables: Environment variables by allow-list, redacted.
    """

    tools: Mapping[str, str]
    unanswered: tuple[str, ...]
    platform: Mapping[str, str]
    container: Container | None
    umask: str
    locale: str
    time_zone: str
    limits: Limits
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObservedStep:
    """A command that was watched: its words, redacted; how it ended (`signal` if one ended it); what it wrote."""

    command: tuple[str, ...]
    started_at: datetime
    duration_ms: int
    exit: int
    signal: str | None
    around: Around
    wrote: Wrote


@dataclass(frozen=True, slots=True)
class Observation:
    """What `observe` saw in one run of CI, step by step; `run` is that run's number there (None: no CI)."""

    run: str | None
    steps: tuple[ObservedStep, ...]
