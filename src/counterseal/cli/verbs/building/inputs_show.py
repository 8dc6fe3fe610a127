"""`inputs show`."""

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
    "inputs show",
    "Show what a build was made from: what the platform certifies, and what the build says itself.",
    (
        parameters.Argument(
            "release", "folder of a release, or of sign; or a file with bundles or an observation", FILE, required=True
        ),
        *parameters.trust(),
    ),
    ("inputs show downloads/v1.2.0", "inputs show counterseal-out/build-observation.json --format json"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands.building import reading
    from counterseal.render.reports.building import showing as reports

    with progress(options, wiring.surroundings) as tell:
        tell("reading and verifying the provenance")
        result = reading.read(options.release, lambda: wiring.consumer(options.trust, sandbox=options.sandbox)[1])
    return reports.report(result, sandbox=options.sandbox)
