"""`sbom find`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import MOMENT
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "sbom find",
    "Show which releases in a ledger contain a component, by the SBOM of each release.",
    (
        parameters.Argument("component", "a name, NAME@VERSION or a package URL", required=True),
        parameters.Option("--stage", metavar="STAGE", words="only releases of this stage"),
        parameters.Option(
            "--since", kind=MOMENT, metavar="DAY", words="only decided since this day (2026-10-01) or moment, UTC"
        ),
        parameters.clone(),
        parameters.no_cache(),
        *parameters.trust(),
    ),
    ("sbom find requests@2.32.0", "sbom find pkg:npm/lodash --since 2026-10-01"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands import log
    from counterseal.commands.inventories import finding
    from counterseal.gate.ledger import Asked
    from counterseal.render.reports.inventories import finding as reports

    asked = finding.Asked(options.component, log.LogQuery(options.stage, options.since))
    finding.check(asked)
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading and verifying the ledger")
        reader, stored = wiring.local_ledger(
            options.folder, work, options.trust, sandbox=options.sandbox, cached=not options.no_cache
        )
        assets = wiring.at_home().asset_store()
        return reports.report(finding.run(log.read(reader, stored, Asked(tell=tell)), assets, asked, work, tell=tell))
