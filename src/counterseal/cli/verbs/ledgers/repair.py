"""`log repair`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "log repair",
    "Find the ledger again where its branch was rewound, deleted or filled with something else, and print the "
    "commands that put it back. Nothing is pushed.\n\n"
    "Every commit that the branch was at, by the forge's log of pushes, is verified as a whole; a token is needed "
    "that may read it (GITHUB_TOKEN or GITLAB_TOKEN).",
    (parameters.clone("clone of the repository (default: here)"),),
    ("log repair",),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands import repair
    from counterseal.render.reports import repair as reports
    from counterseal.wiring import lost

    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        return reports.proposed(repair.run(*lost.ledgers(wiring.at_home(options.folder), work), tell))
