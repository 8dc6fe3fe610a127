"""`rebuild`: the source once more, from nothing but itself and what it locks. It never sees what was released (R53)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.commands.rebuild.placing import Placing
from counterseal.errors import CountersealError, UsageError
from counterseal.formats import digests
from counterseal.formats.rebuilding import build_file, result
from counterseal.identifiers import BUILD_PATH, page
from counterseal.model import Bounds, BuildFile, DigestSet, Input, RebuildResult, RebuildSource, StepEnd
from counterseal.ports import BuildSource, Cell, Cells, Tell, silent
from counterseal.reproduction import conditions, inputs

if TYPE_CHECKING:
    from counterseal.formats.inputs import matrix as matrices
    from counterseal.model import Conditions


@dataclass(frozen=True, slots=True)
class RebuildPorts:
    """What a second build works with; `machine` says what this machine is, in the names of an input matrix."""

    source: BuildSource
    cells: Cells
    machine: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is built, before anything runs: the build file with its digest, and what has to be recreated."""

    file: BuildFile
    digest: str
    wanted: inputs.Wanted


@dataclass(frozen=True, slots=True)
class Built:
    """A build that came to its end, good or bad."""

    cell: Cell
    steps: tuple[StepEnd, ...]
    inputs: tuple[Input, ...]
    files: tuple[Path, ...]

    @property
    def done(self) -> bool:
        """Return whether every command came to a good end."""
        return all(step.done for step in self.steps)


def plan(source: BuildSource, recorded: matrices.InputMatrix | None) -> Plan:
    """Return what is to be built.

    Raises:
        UsageError: The source declares no build.
        PolicyError: It declares it so that it cannot be read.
    """
    data = source.read(BUILD_PATH)
    if data is None:
        raise UsageError(
            f"{source.revision[:12]} has no {BUILD_PATH}",
            why="the source says itself how it is built, and nothing is guessed",
            fix=f"add the file, commit it: {page('rebuild.md#what-the-source-declares')}",
        )
    file = build_file.parse(data)
    return Plan(file, digests.sha256(data), inputs.wanted(file, recorded, source.committed_at()))


def run(
    output: Path, ports: RebuildPorts, recorded: matrices.InputMatrix | None, bounds: Bounds, tell: Tell = silent
) -> RebuildResult:
    """Build, and leave artifacts, log and result in the output folder.

    Args:
        output: The output folder.
        ports: What it works with.
        recorded: The input matrix of the first build, if it is known.
        bounds: Of each command.
        tell: Told how far it is.

    Raises:
        UsageError: The source declares no build, nothing keeps it apart, or an output cannot be released.
        ServiceError: A command could not be kept apart.
    """
    planned = plan(ports.source, recorded)
    placing = Placing(output)
    cell = ports.cells.make(conditions.first(planned.wanted), bounds)
    try:
        built = build(cell, ports, planned, conditions.first(planned.wanted), tell)
        subjects = placing.bring(cell, built.files)
        found = RebuildResult(
            RebuildSource(ports.source.uri, ports.source.revision),
            DigestSet(planned.digest),
            subjects,
            cell.isolation,
            built.inputs,
            built.steps,
            placing.log(cell.log),
        )
        placing.finish(result.build(found))
    except CountersealError:
        placing.log_alone(cell.log)
        raise
    finally:
        placing.remove()
        cell.remove()
    return found


def build(cell: Cell, ports: RebuildPorts, planned: Plan, around: Conditions, tell: Tell) -> Built:
    """Return what became of one build in a new place, which whoever called has to remove.

    Raises:
        UsageError: An output is there before the build.
        ServiceError: A command could not be kept apart.
    """
    tell("checking out the source")
    ports.source.check_out(cell.source)
    found: dict[str, str | None] = dict(ports.machine)
    found |= {path: ports.source.digest(cell.source, path) for path in planned.wanted.lock_files}
    cell.settle()
    variables = inputs.variables(planned.wanted)
    steps = _fetch(cell, planned, variables, tell)
    told = inputs.told(planned.wanted, cell.ask(inputs.asking(planned.wanted), variables))
    has = {**variables, "LC_ALL": around.locale, "TZ": around.zone}
    had = (*told, *inputs.around(planned.wanted, has, found))
    if not all(step.done for step in steps):
        return Built(cell, tuple(steps), had, ())
    _check_nothing_is_there(cell, planned.file)
    cell.note()
    tell("building, without network")
    steps.append(cell.run("build", planned.file.build, variables))
    files = tuple(cell.outputs(planned.file.outputs)) if steps[-1].done else ()
    if steps[-1].done and not files:
        raise UsageError(
            "the build made none of its outputs",
            why=f"nothing matches {', '.join(planned.file.outputs)}",
            fix=f"correct `outputs` in {BUILD_PATH}",
        )
    return Built(cell, tuple(steps), had, files)


def _fetch(cell: Cell, planned: Plan, variables: Mapping[str, str], tell: Tell) -> list[StepEnd]:
    steps: list[StepEnd] = []
    tools = inputs.installing(planned.wanted)
    if tools is not None:
        tell("bringing tools")
        steps.append(cell.run("tools", tools, variables, network=True))
    if planned.file.fetch is not None and all(step.done for step in steps):
        tell("fetching what is locked")
        steps.append(cell.run("fetch", planned.file.fetch, variables, network=True))
    return steps


def _check_nothing_is_there(cell: Cell, file: BuildFile) -> None:
    there = cell.outputs(file.outputs)
    if there:
        raise UsageError(
            f"{there[0].relative_to(cell.source)} is there before the build",
            why="an output that was committed or fetched is not built",
            fix=f"take it out of the source, or correct `outputs` in {BUILD_PATH}",
        )
