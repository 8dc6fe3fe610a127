"""What can be known of the build that this process is part of, by what it was started with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.forges import ForgeKind
from counterseal.wiring import event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.ports import BuildFacts, Observer
    from counterseal.wiring.surroundings import Surroundings

_RUN: Final = {ForgeKind.GITHUB: "GITHUB_RUN_ID", ForgeKind.GITLAB: "CI_PIPELINE_ID"}


def facts(surroundings: Surroundings, projects: Sequence[Path]) -> BuildFacts:
    """Return what can be known of this build, in the words that the projects' policy allows."""
    from counterseal.adapters.local.build_facts import LocalBuildFacts
    from counterseal.wiring.confidential import redaction_of

    return LocalBuildFacts(surroundings.environ, redaction_of(projects[0]), surroundings.kind, _filled(surroundings))


def observer(surroundings: Surroundings, output: Path) -> Observer:
    """Return what runs a command of the build here, and watches it.

    Args:
        surroundings: The environment, which the command gets unchanged.
        output: The output folder, which no command is said to have written.
    """
    from counterseal.adapters.observing.observer import LocalObserver
    from counterseal.wiring.confidential import redaction_of

    return LocalObserver(surroundings.environ, redaction_of(Path()), output)


def run_number(surroundings: Surroundings) -> str | None:
    """Return the number of the run of CI that this is part of, of all of its jobs and attempts; None: of none."""
    return surroundings.environ.get(_RUN[surroundings.kind]) or None


def _filled(surroundings: Surroundings) -> dict[str, str]:
    """Return what whoever started a build at GitHub by hand filled in; GitLab has that among its variables."""
    by_hand = surroundings.in_github and surroundings.environ.get("GITHUB_EVENT_NAME") == "workflow_dispatch"
    path = surroundings.environ.get("GITHUB_EVENT_PATH")
    return event.filled(Path(path)) if by_hand and path else {}
