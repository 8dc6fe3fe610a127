"""What the build says of itself, as `sign` carries it into the provenance: input matrix, and what `observe` left."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal import inputs, plain_file
from counterseal.errors import UsageError
from counterseal.formats import digests, provenance, wire
from counterseal.formats.inputs import matrix, observation
from counterseal.identifiers import OBSERVATION_FILE
from counterseal.model import Observation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from counterseal.model import BuildInputs, Run, Subject


@dataclass(frozen=True, slots=True)
class OwnWord:
    """The input matrix, and the observation, as data and as what it says; None if nothing was observed."""

    matrix: Mapping[str, Any]
    observation: Observation | None
    observation_data: Mapping[str, Any] | None

    @property
    def matrix_digest(self) -> str:
        """Return the sha256 of the canonical input matrix."""
        return digests.sha256(wire.canonical(self.matrix))

    @property
    def observed(self) -> int:
        """Return how many commands were observed."""
        return len(self.observation.steps) if self.observation else 0

    def check_run(self, run: str | None) -> None:
        """Refuse what was observed in another run: it is about another build.

        Args:
            run: The number of this run, as `observe` writes it.

        Raises:
            UsageError: It was.
        """
        if self.observation is not None and self.observation.run != run:
            raise UsageError(
                f"{OBSERVATION_FILE} is of {_named(self.observation.run)}",
                why=f"this is {_named(run)}, and what was observed elsewhere says nothing of what is signed here",
                fix=f"remove it, or hand over the one that `counterseal observe` wrote in this run ({OBSERVATION_FILE} "
                "in the output folder)",
            )

    def predicate(self, run: Run) -> dict[str, Any]:
        """Return the provenance of a run, with all of this in it."""
        return provenance.predicate(run, self.matrix, self.observation_data)

    def contradicted(self, subjects: Iterable[Subject]) -> tuple[str, ...]:
        """Return the names of artifacts that have other bytes than a command is said to have written last."""
        return inputs.contradicted(self.observation, subjects) if self.observation else ()


def _named(run: str | None) -> str:
    return "no run of CI" if run is None else f"the run {run[:40]!r}"


def gather(facts: BuildInputs, revision: str, folder: Path) -> OwnWord:
    """Return what is known of a build.

    Args:
        facts: What is known here.
        revision: The source revision.
        folder: The output folder, where `observe` left what it saw.

    Raises:
        UsageError: What lies there is no plain file, or too large.
        FormatError: It is no observation.
    """
    data = matrix.build(facts, revision)
    path = folder / OBSERVATION_FILE
    if not os.path.lexists(path):
        return OwnWord(data, None, None)
    written = plain_file.read(path, max_bytes=observation.MAX_BYTES)
    observed = observation.parse(written, OBSERVATION_FILE)
    return OwnWord(data, observed, wire.load_json(written, OBSERVATION_FILE))
