"""`inputs diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "inputs diff",
    "Show what two builds were not made from alike, the likeliest cause of other bytes first.",
    (
        parameters.Argument("old", "folder or file, as of inputs show", FILE, required=True),
        parameters.Argument("new", "another one", FILE, required=True),
        *parameters.trust(),
    ),
    ("inputs diff downloads/v1.2.0 downloads/v1.2.1", "inputs diff before.json after.json --format markdown"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands.building import comparing
    from counterseal.render.reports.building import difference as reports

    with progress(options, wiring.surroundings) as tell:
        tell("reading and verifying the provenances")
        result = comparing.run(
            options.old, options.new, lambda: wiring.consumer(options.trust, sandbox=options.sandbox)[1]
        )
    return reports.report(result, sandbox=options.sandbox)
