"""What `init` proposes where nobody said otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.forges import ForgeKind
from counterseal.project.plan.answers import Answers, GateChoice, Preset, Publish

if TYPE_CHECKING:
    from counterseal.model import Person
    from counterseal.project.plan.answers import Facts


def propose(facts: Facts, people: tuple[Person, ...], preset: Preset | None = None) -> Answers:
    """Return the answers that `--yes` takes.

    Args:
        facts: What was seen.
        people: Who may write to the repository; empty if nobody could see that.
        preset: The one that was asked for; else one that these people can fulfil.
    """
    chosen = preset or (Preset.SOLO if len(people) == 1 else Preset.TWO_PERSON)
    groups = {"maintainers": people, "meta": people}
    if chosen is Preset.REGULATED:
        groups = {"maintainers": people, "security": people, "meta": people}
    stages = ("production",) if chosen is Preset.SOLO else ("staging", "production")
    return Answers(
        preset=chosen,
        groups=groups,
        stages=stages,
        counts=counts_for(chosen, len(people), len(stages)),
        publish=Publish.PYPI if facts.layout.publishes == "pypi" else Publish.RELEASE,
        gate=GateChoice.COUNTERSEAL if facts.kind is ForgeKind.GITHUB else GateChoice.OWN,
    )


def counts_for(preset: Preset, people: int, stages: int) -> tuple[int, ...]:
    """Return how many approvals each stage asks for: one, and two for the last where there are people for that."""
    if preset is Preset.SOLO:
        return (0,) * stages
    last = 2 if preset is Preset.REGULATED or people > 2 else 1
    return (*(1,) * (stages - 1), last)
