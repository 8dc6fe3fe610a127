"""`observe`: runs a command of the build, and leaves what it saw for `sign`, beside what it saw in this run before."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import plain_file
from counterseal.commands import outputs
from counterseal.errors import FormatError, UsageError
from counterseal.formats.inputs import observation
from counterseal.identifiers import OBSERVATION_FILE
from counterseal.model import Observation, ObservedStep, Wrote

if TYPE_CHECKING:
    from counterseal.ports import Clock, Observer


@dataclass(frozen=True, slots=True)
class ObserveInputs:
    """What `observe` is asked for.

    Attributes:
        command: The program and its words.
        roots: Where to look for what it writes.
        output: The output folder.
        run: The number of the run of CI; None: of none.
    """

    command: tuple[str, ...]
    roots: tuple[Path, ...]
    output: Path
    run: str | None


@dataclass(frozen=True, slots=True)
class ObserveResult:
    """What was seen, the how many-th command of the run it is, and where that is written."""

    step: ObservedStep
    number: int
    path: Path


def run(inputs: ObserveInputs, observer: Observer, clock: Clock) -> ObserveResult:
    """Run the command, and write what was seen.

    Raises:
        UsageError: The command cannot be started, or the output folder has something else under the file's name, or
            enough commands; then the command did not run. Or the folder cannot be written after it.
        FormatError: What lies there is no observation; the command did not run.
    """
    earlier = _earlier(inputs)
    step = observer.watch(inputs.command, inputs.roots, clock.now())
    data = _document(Observation(inputs.run, (*earlier, step)))
    outputs.place(inputs.output, {OBSERVATION_FILE: data})
    return ObserveResult(step, len(earlier) + 1, inputs.output / OBSERVATION_FILE)


def _earlier(inputs: ObserveInputs) -> tuple[ObservedStep, ...]:
    """Return what was seen before in this run; what is of another, or of none, makes way."""
    path = inputs.output / OBSERVATION_FILE
    if inputs.output.is_symlink():
        raise UsageError(f"{inputs.output} is a symlink", why="symlinks are not followed", fix="remove it")
    if not os.path.lexists(path):
        return ()
    before = observation.parse(plain_file.read(path, max_bytes=observation.MAX_BYTES), str(path))
    if inputs.run is None or before.run != inputs.run:
        return ()
    if len(before.steps) >= observation.MAX_STEPS:
        raise UsageError(
            f"{len(before.steps)} commands were observed in this run",
            why=f"at most {observation.MAX_STEPS} are taken",
            fix="observe the ones that build, not each line of them",
        )
    return before.steps


def _document(seen: Observation) -> bytes:
    """Return the file; where its files make it too large, the newest command's are only counted."""
    try:
        return observation.build(seen)
    except FormatError:
        *earlier, step = seen.steps
        counted = dataclasses.replace(step, wrote=Wrote((), step.wrote.count, complete=False))
        return observation.build(dataclasses.replace(seen, steps=(*earlier, counted)))
