"""A build as fields: what may have changed what came out, likeliest first, each with its name and value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterseal.formats.inputs import matrix as matrices
    from counterseal.inputs.build import Build
    from counterseal.model import Container, ObservedStep


class Group(Enum):
    """What a field is about, likeliest culprit first; the value says why it may change what comes out."""

    SOURCE = "other sources, other bytes"
    LOCK_FILES = "other dependencies are built in"
    TOOLS = "another compiler or tool writes other bytes"
    PIPELINE = "other steps ran, or other code ran them"
    RUNNER = "another image has other libraries and tools"
    VARIABLES = "flags, dates and seeds come in by variables"
    SURROUNDINGS = "modes, sort order and dates follow the machine's settings"
    LIMITS = "with other processors, work is split and ordered otherwise"
    REST = "seldom the cause"
    WRITTEN = "what came out, not why"

    @property
    def rank(self) -> int:
        """Return its place, likeliest first."""
        return list(Group).index(self)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a build says of itself."""

    group: Group
    name: str
    value: str


def fields(build: Build) -> tuple[Field, ...]:
    """Return all fields of a build, in the order of their groups, then by name.

    Left out is what differs between any two builds: when it began, and how long it took.
    """
    found: list[Field] = []
    if build.matrix is not None:
        found += _of_matrix(build.matrix)
    steps = build.observation.steps if build.observation else ()
    for number, step in enumerate(steps, 1):
        found += _of_step(step, f"step {number}: " if len(steps) > 1 else "observed ")
    return tuple(sorted(found, key=lambda field: (field.group.rank, field.name)))


def _of_matrix(matrix: matrices.InputMatrix) -> Iterator[Field]:
    equal = matrix.must_equal
    yield Field(Group.SOURCE, "revision", equal.revision)
    yield from _named(Group.SOURCE, "submodule ", equal.submodules)
    if matrix.checkout is not None:
        yield Field(Group.SOURCE, "checked out", matrix.checkout.revision)
        more = matrix.checkout.changes - len(matrix.checkout.changed)
        names = (*matrix.checkout.changed, *([f"and {more} more"] if more > 0 else []))
        yield Field(Group.SOURCE, "changed, not committed", ", ".join(names) or "nothing")
    yield from _named(
        Group.LOCK_FILES, "", {path: f"sha256:{digest.sha256}" for path, digest in equal.lock_files.items()}
    )
    yield from _named(Group.TOOLS, "", equal.tools)
    if matrix.definition is not None:
        yield Field(Group.PIPELINE, matrix.definition.path, f"sha256:{matrix.definition.digest.sha256}")
        used: dict[str, list[str]] = {}
        for use in matrix.definition.uses:
            used.setdefault(f"{use.kind} {use.name}", []).append(use.at or "of no version")
        yield from _named(Group.PIPELINE, "", {name: ", ".join(at) for name, at in used.items()})
    yield from _named(Group.RUNNER, "", matrix.informational)
    yield from _of_container("", matrix.container)
    epoch = equal.source_date_epoch
    yield Field(Group.VARIABLES, "SOURCE_DATE_EPOCH", "not set" if epoch is None else str(epoch))
    chosen = {name: value for name, value in matrix.variables.items() if name != "SOURCE_DATE_EPOCH"}
    yield from _named(Group.VARIABLES, "", chosen)
    yield from _named(Group.VARIABLES, "parameter ", matrix.parameters)


def _of_container(prefix: str, container: Container | None) -> Iterator[Field]:
    if container is not None:
        digest = f"@sha256:{container.digest.sha256}" if container.digest else ""
        yield Field(Group.RUNNER, f"{prefix}container", f"{container.image}{digest}")


def _of_step(step: ObservedStep, prefix: str) -> Iterator[Field]:
    around, limits = step.around, step.around.limits
    yield from _named(Group.TOOLS, prefix, around.tools)
    yield from _named(Group.TOOLS, prefix, dict.fromkeys(around.unanswered, "no answer"))
    yield from _named(Group.RUNNER, prefix, around.platform)
    yield from _of_container(prefix, around.container)
    yield from _named(Group.VARIABLES, prefix, around.variables)
    yield Field(Group.SURROUNDINGS, f"{prefix}umask", around.umask)
    yield Field(Group.SURROUNDINGS, f"{prefix}locale", around.locale)
    yield Field(Group.SURROUNDINGS, f"{prefix}time zone", around.time_zone or "not named")
    yield Field(Group.LIMITS, f"{prefix}cpus", limits.cpus or "no limit")
    yield Field(Group.LIMITS, f"{prefix}memory", "no limit" if limits.memory is None else str(limits.memory))
    yield Field(Group.LIMITS, f"{prefix}processors", str(limits.processors))
    yield Field(Group.REST, f"{prefix}command", " ".join(step.command))
    yield Field(Group.REST, f"{prefix}exit", step.signal or str(step.exit))
    wrote = step.wrote
    told = f"{wrote.count} files{'' if wrote.complete else ', not all listed'}"
    yield Field(Group.WRITTEN, f"{prefix}wrote", told)
    yield from _named(Group.WRITTEN, prefix, {file.path: f"sha256:{file.digest.sha256}" for file in wrote.files})


def _named(group: Group, prefix: str, values: Mapping[str, str]) -> Iterator[Field]:
    for name, value in values.items():
        yield Field(group, f"{prefix}{name}", value)
