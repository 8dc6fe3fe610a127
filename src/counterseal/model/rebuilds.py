"""A second build: what the source declares, around what it ran, what came out. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from counterseal.model.artifacts import DigestSet


@dataclass(frozen=True, slots=True)
class BuildFile:
    """`.counterseal/build.yml`: how the artifacts of a revision are made (docs/formats.md#build-file).

    Attributes:
        build: Text for `sh -eu`, run in the top folder of the source, without network.
        outputs: Patterns of the artifacts, relative to that folder.
        fetch: Text for `sh -eu` that brings what is locked by digest, run before with network.
        environment: Variables of both.
        tools: Versions of what builds, by name.
    """

    build: str
    outputs: tuple[str, ...]
    fetch: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a build may not depend on: everything around it that `rebuild --vary` changes.

    Attributes:
        path: Where the source lies, as the build sees it.
        locale: `LC_ALL` and `LANG`.
        zone: `TZ`.
        umask: Of the commands.
        user: Name of the user that the commands run as.
        uid: Their number.
        cpus: How many processors they may use; None: all.
        age: How many seconds older than now the source's files are.
    """

    path: str = "/build/source"
    locale: str = "C.UTF-8"
    zone: str = "UTC"
    umask: int = 0o022
    user: str = "build"
    uid: int = 1000
    cpus: int | None = None
    age: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a command of a build may take, how much it may write, and how much it may print."""

    seconds: float = 3600.0
    disk: int = 8 << 30
    output: int = 64 << 20


@dataclass(frozen=True, slots=True)
class Isolation:
    """What kept a build apart, as it was tried out.

    Attributes:
        mechanism: `bubblewrap`, `unshare` or `none`.
        isolated: The build had no network, no token, and no file but its own; where not, it never counts.
        why: Of `none`, why nothing better works here.
    """

    mechanism: str
    isolated: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a command of a build ended.

    Attributes:
        name: `tools`, `fetch` or `build`.
        exit: Its exit code.
        stopped: Why it was stopped before its end; nothing if it was not.
        left: Names of the processes that were still there at its end, and were stopped then.
    """

    name: str
    exit: int
    stopped: str = ""
    left: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Return whether it came to its end, and that was a good one."""
        return self.exit == 0 and not self.stopped


@dataclass(frozen=True, slots=True)
class Input:
    """Something that the first build was made with, and whether the second had it as well.

    Attributes:
        name: What it is, such as `python` or `epoch`.
        wanted: What was recorded or declared; None if nothing was.
        found: What the second build had; None if that is not known.
        recreated: Whether it is the same.
        why: If not, why not.
    """

    name: str
    wanted: str | None
    found: str | None
    recreated: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class RebuiltFile:
    """An artifact of the second build.

    `fetched`: the very same bytes were brought before the build began, so it did not make them.
    """

    name: str
    digest: DigestSet
    fetched: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which an artifact differs from that of the second build.

    Attributes:
        kind: `missing`, `added`, `order`, `mode`, `time`, `owner`, `kind`, `content`, `compression` or `frame`.
        member: In which member of an archive; empty for the file as a whole.
        released: What the release has, in words.
        rebuilt: What the second build has.
    """

    kind: str
    member: str
    released: str
    rebuilt: str


@dataclass(frozen=True, slots=True)
class ComparedArtifact:
    """A released artifact beside the second build's: equal or not, and what differed.

    Attributes:
        name: Its name.
        digest: Of the release.
        rebuilt: Of the second build; None if it made no such file.
        equal: The bytes are the same.
        differences: The first of what differs.
        more: How many are not listed.
    """

    name: str
    digest: DigestSet
    rebuilt: DigestSet | None
    equal: bool
    differences: tuple[Difference, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class RebuildSource:
    """What was built: where the source was taken from, and its revision."""

    uri: str
    revision: str


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """What a second build came to; nobody has signed it (docs/formats.md#rebuild-result).

    Attributes:
        source: What was built.
        build_file: The sha256 of the build file.
        subjects: The artifacts; none if a command failed.
        isolation: What kept the build apart.
        inputs: What was recreated, and what was not.
        steps: How each command ended.
        log: The sha256 of all that the commands printed.
    """

    source: RebuildSource
    build_file: DigestSet
    subjects: tuple[RebuiltFile, ...]
    isolation: Isolation
    inputs: tuple[Input, ...]
    steps: tuple[StepEnd, ...]
    log: DigestSet

    @property
    def built(self) -> bool:
        """Return whether every command came to a good end."""
        return bool(self.steps) and all(step.done for step in self.steps)

    @property
    def counts(self) -> bool:
        """Return whether the build was what a second build has to be: apart, and the one that made its files."""
        return self.built and self.isolation.isolated and not any(file.fetched for file in self.subjects)
