"""`publish`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "publish",
    "Publish what was allowed into a publishing stage and is not released yet.",
    (
        parameters.Option("--stage", metavar="STAGE", words="only this stage"),
        parameters.dry_run("say what would be published, publish nothing"),
    ),
    ("publish", "publish --stage production --dry-run"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    wiring.surroundings.refuse_influence(vars(options))
    from counterseal.cli.showing import progress
    from counterseal.gate.publication import publishing
    from counterseal.render.reports import publish as reports

    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading the ledger")
        opened = wiring.gate(work)
        if options.dry_run:
            return reports.plan(publishing.plan(opened, stage=options.stage))
        result = publishing.run(opened, stage=options.stage)
        return reports.report(result, opened.run, opened.policy, sandbox=opened.sources.trust.sandbox)
