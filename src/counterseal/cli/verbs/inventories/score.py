"""`sbom score`."""

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
    "sbom score",
    "Show which of NTIA's minimum elements an SBOM lacks, and where.",
    (parameters.Argument("file", "a CycloneDX document (JSON), whoever made it", FILE, required=True),),
    ("sbom score counterseal-out/sbom.cdx.json", "sbom score syft.cdx.json --format json"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands.inventories import scoring
    from counterseal.render.reports.inventories import score as reports

    with progress(options, wiring.surroundings) as tell:
        tell("reading the document")
        return reports.report(scoring.run(options.file))
