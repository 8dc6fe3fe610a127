"""`rebuild --vary`: the same source twice, under other conditions; no release is needed, and nothing is signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import plain_file
from counterseal.commands.rebuild import building
from counterseal.errors import ServiceError
from counterseal.formats import digests
from counterseal.model import ComparedArtifact, DigestSet, Isolation, StepEnd
from counterseal.ports import Tell, silent
from counterseal.reproduction import comparing, conditions, fixes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.commands.rebuild.building import Built, RebuildPorts
    from counterseal.model import Bounds

_TAIL: Final = 4096


@dataclass(frozen=True, slots=True)
class Variation:
    """What became of two builds under different conditions.

    Attributes:
        revision: What was built.
        varied: What was different around the second.
        isolation: What kept both apart.
        artifacts: Those of the first beside those of the second.
        fixes: The usual ones, by artifact.
        failed: How the second build failed that the first did not; None if both came to their end.
        log: The end of what the second printed, if it failed.
    """

    revision: str
    varied: tuple[str, ...]
    isolation: Isolation
    artifacts: tuple[ComparedArtifact, ...]
    fixes: Mapping[str, tuple[str, ...]]
    failed: StepEnd | None = None
    log: str = ""

    @property
    def equal(self) -> bool:
        """Return whether the second made the same."""
        return self.failed is None and bool(self.artifacts) and all(each.equal for each in self.artifacts)


def run(names: Sequence[str], ports: RebuildPorts, bounds: Bounds, tell: Tell = silent) -> Variation:
    """Build twice and compare.

    Args:
        names: What is varied.
        ports: What it works with.
        bounds: Of each command.
        tell: Told how far it is.

    Raises:
        UsageError: The source declares no build, or nothing keeps it apart.
        ServiceError: The first build failed.
    """
    planned = building.plan(ports.source, None)
    before = conditions.first(planned.wanted)
    after = conditions.varied(before, names)
    first, second = ports.cells.make(before, bounds), ports.cells.make(after, bounds)
    try:
        usual = building.build(first, ports, planned, before, tell)
        if not usual.done:
            end = usual.steps[-1]
            raise ServiceError(
                f"the {end.name} command failed", why=end.stopped or f"exit code {end.exit}", fix=_end_of(first.log)
            )
        other = building.build(second, ports, planned, after, tell)
        failed = None if other.done else other.steps[-1]
        artifacts, hints = ((), {}) if failed else _compare(usual, other)
        log = _end_of(second.log) if failed else ""
        return Variation(ports.source.revision, tuple(names), first.isolation, artifacts, hints, failed, log)
    finally:
        first.remove()
        second.remove()


def _compare(first: Built, second: Built) -> tuple[tuple[ComparedArtifact, ...], dict[str, tuple[str, ...]]]:
    theirs = {path.relative_to(second.cell.source): path for path in second.files}
    compared, hints = [], {}
    for path in first.files:
        name = path.relative_to(first.cell.source)
        artifact, usual = _of(name.as_posix(), path, theirs.pop(name, None))
        compared.append(artifact)
        if usual:
            hints[artifact.name] = tuple(usual)
    for name, path in theirs.items():
        with plain_file.opened(path) as stream:
            digest = DigestSet(digests.sha256_of(stream))
        compared.append(ComparedArtifact(f"{name.as_posix()} (only in the second)", digest, digest, equal=False))
    return tuple(compared), hints


def _of(name: str, path: Path, other: Path | None) -> tuple[ComparedArtifact, list[str]]:
    with plain_file.opened(path) as first:
        digest = DigestSet(digests.sha256_of(first))
        if other is None:
            return ComparedArtifact(name, digest, None, equal=False), []
        with plain_file.opened(other) as second:
            again = DigestSet(digests.sha256_of(second))
            if again == digest:
                return ComparedArtifact(name, digest, again, equal=True), []
            found, more = comparing.differences(first, second)
            return ComparedArtifact(name, digest, again, equal=False, differences=found, more=more), fixes.usual(
                found, fixes.made_by(first)
            )


def _end_of(log: Path) -> str:
    with plain_file.opened(log) as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _TAIL))
        return stream.read().decode("utf-8", "replace")
