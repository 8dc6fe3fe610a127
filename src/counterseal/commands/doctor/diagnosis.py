"""Has all that was seen judged, topic by topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.project.checks import CHECKS, Mark, Observation

if TYPE_CHECKING:
    from counterseal.project.checks import Seen


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What all checks said, by topic; a topic about which there is nothing to say is left out."""

    host: str
    name: str
    topics: tuple[tuple[str, tuple[Observation, ...]], ...]

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Return what all of them said."""
        return tuple(observation for _, said in self.topics for observation in said)

    def count(self, mark: Mark) -> int:
        """Return how many observations have a mark."""
        return sum(observation.mark is mark for observation in self.observations)

    @property
    def repairable(self) -> tuple[Observation, ...]:
        """Return what `--fix` can do something about, each repair once."""
        found = {(each.repair, each.target): each for each in reversed(self.observations) if each.repair}
        return tuple(reversed(found.values()))


def examine(seen: Seen) -> Diagnosis:
    """Return what every check says of what was seen."""
    said = ((topic, tuple(check(seen))) for topic, check in CHECKS.items())
    return Diagnosis(seen.host, seen.name, tuple((topic, found) for topic, found in said if found))
