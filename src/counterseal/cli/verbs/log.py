"""`log`: `log show`, `log verify`, `log prove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import MOMENT, NUMBER, OneOf
from counterseal.cli.verb import Verb
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.gate import reading
    from counterseal.model import StoredLedger
    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "log",
    "Answer who promoted what, when and why, from a ledger that is verified as a whole first.",
    (
        parameters.Argument("action", "default: list", OneOf(("list", "show", "verify", "prove")), default="list"),
        parameters.Argument("sequence", "the entry, for show and prove", NUMBER, required=False),
        parameters.Option("--stage", metavar="STAGE", words="only this stage"),
        parameters.Option(
            "--since", kind=MOMENT, metavar="DAY", words="only from this day (2026-10-01) or moment on, UTC"
        ),
        parameters.Option("--search", metavar="TEXT", words="only with this tag, file, digest, revision or login"),
        parameters.clone(),
        *parameters.trust(),
    ),
    ("log --stage production --since 2026-10-01", "log show 42"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress

    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading and verifying the ledger")
        reader, stored = wiring.local_ledger(options.folder, work, options.trust, sandbox=options.sandbox)
        return _answer(options, reader, stored)


def _answer(options: SimpleNamespace, reader: reading.LedgerReader, stored: StoredLedger) -> Report:
    from counterseal.commands import log
    from counterseal.render.reports import log as reports

    if options.action in ("show", "prove") and options.sequence is None:
        raise UsageError(
            f"log {options.action} needs the number of an entry",
            why="it is about one entry",
            fix=f"counterseal log shows the numbers; then: counterseal log {options.action} 42",
        )
    if options.action == "show":
        return reports.entry(log.show(reader, stored, options.sequence))
    if options.action == "prove":
        return reports.proof(log.prove(reader, stored, options.sequence))
    result = log.run(reader, stored, log.LogQuery(options.stage, options.since, options.search))
    return reports.verified(result) if options.action == "verify" else reports.listed(result)
