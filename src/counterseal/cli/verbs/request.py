"""`request`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import NUMBER
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.history import Past
    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "request",
    "Open a promotion request: a change request that adds one file, for people to review and merge.",
    (
        parameters.Option("--stage", metavar="STAGE", required=True, words="stage to enter, e.g. production"),
        parameters.Option("--tag", metavar="TAG", words="the candidate's tag (default: the only one waiting)"),
        parameters.Option("--reason", metavar="TEXT", default="", words="reason, for reviewers and auditors"),
        parameters.Switch("--again", words="request again after a deny"),
        parameters.Option(
            "--valid-days", kind=NUMBER, metavar="DAYS", default=7, words="days until it expires (default: 7)"
        ),
        parameters.dry_run("print the request file, open nothing"),
    ),
    (
        'request --stage production --reason "fixes the parser, see #16"',
        "request --stage staging --tag v1.2.0 --dry-run",
    ),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands import request
    from counterseal.gate import sboms
    from counterseal.render import change_request
    from counterseal.render.reports import request as reports

    wiring = wiring.at_home()
    valid_for = request.days(options.valid_days)
    tag = options.tag.removeprefix("refs/tags/") if options.tag else None
    requester = wiring.requester()
    job = wiring.surroundings.in_github or wiring.surroundings.in_gitlab
    asked = request.Asked(options.stage, tag, options.reason, requester, options.again, valid_for, job)
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading the candidate")

        def past() -> Past:
            tell("reading and verifying the ledger")
            return sboms.past(*wiring.preview(work))

        ports = request.RequestPorts(wiring.forge(), wiring.asset_store(), wiring.clock(), past, change_request.words)
        result = request.run(ports, asked, work, dry_run=options.dry_run)
    return reports.report(result, asked)
