"""`sbom diff`."""

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
    "sbom diff",
    "Show how two SBOMs differ: components, versions, licences, and equal versions with other bytes.",
    (
        parameters.Argument("old", "a CycloneDX document (JSON), whoever made it", FILE, required=True),
        parameters.Argument("new", "another one", FILE, required=True),
    ),
    ("sbom diff old.cdx.json counterseal-out/sbom.cdx.json", "sbom diff old.cdx.json new.cdx.json --format markdown"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands.inventories import comparing
    from counterseal.render.reports.inventories import difference as reports

    with progress(options, wiring.surroundings) as tell:
        tell("reading the documents")
        return reports.report(comparing.run(options.old, options.new))
