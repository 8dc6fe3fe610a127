"""`log`: `log show`, `log verify`, `log prove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import DIGEST, MOMENT, NUMBER, OneOf
from counterseal.cli.verb import Verb
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.gate.ledger import LedgerReader
    from counterseal.ports import LedgerSource, Tell
    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "log",
    "Show who promoted what, when and why. The whole ledger is verified first.",
    (
        parameters.Argument("action", "default: list", OneOf(("list", "show", "verify", "prove")), default="list"),
        parameters.Argument("sequence", "the entry, for show and prove", NUMBER, required=False),
        parameters.Option("--stage", metavar="STAGE", words="only this stage"),
        parameters.Option(
            "--since", kind=MOMENT, metavar="DAY", words="only since this day (2026-10-01) or moment, UTC"
        ),
        parameters.Option(
            "--since-head",
            kind=DIGEST,
            metavar="SHA256",
            words="verify that nothing is gone of what came before this head, which somebody saw earlier",
        ),
        parameters.Option(
            "--search",
            metavar="TEXT",
            words="only with this tag, file, digest, revision, login, request (#17), reason, outcome or violated rule",
        ),
        parameters.Option(
            "--ledger", metavar="ID", words="the ledger that it has to be, whatever the policy says by now"
        ),
        parameters.clone(),
        parameters.no_cache(),
        *parameters.trust(),
    ),
    ("log --stage production --since 2026-10-01", "log show 42"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress

    _check(options)
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading and verifying the ledger")
        reader, source = wiring.local_ledger(
            options.folder, work, options.trust, sandbox=options.sandbox, cached=not options.no_cache
        )
        return _answer(options, reader, source, tell)


def _check(options: SimpleNamespace) -> None:
    """Refuse what an action would pass over, and one without the entry that it is about.

    Raises:
        UsageError: There is such a thing.
    """
    of_one, action = options.action in ("show", "prove"), options.action
    if of_one and options.sequence is None:
        raise UsageError(
            f"log {action} needs the number of an entry",
            why="it is about one entry",
            fix=f"counterseal log shows the numbers; then: counterseal log {action} 42",
        )
    if not of_one and options.sequence is not None:
        why = "it verifies the whole ledger" if action == "verify" else "it lists all decisions"
        raise UsageError(
            f"log {action} takes no entry, and {options.sequence} is one",
            why=why,
            fix=f"counterseal log show {options.sequence}",
        )
    if action != "verify" and options.since_head is not None:
        raise UsageError(
            f"log {action} takes no --since-head",
            why="it is about the whole ledger, not about what is shown",
            fix=f"counterseal log verify --since-head {options.since_head}",
        )
    chosen = next((name for name in ("stage", "since", "search") if getattr(options, name) is not None), None)
    if action != "list" and chosen is not None:
        raise UsageError(
            f"log {action} takes no --{chosen}",
            why="it chooses what is listed",
            fix=f"leave it out; or list: counterseal log --{chosen} …",
        )


def _answer(options: SimpleNamespace, reader: LedgerReader, source: LedgerSource, tell: Tell) -> Report:
    from counterseal.commands import log
    from counterseal.gate.ledger import Asked
    from counterseal.render.reports import log as reports

    log.require(reader, options.ledger)
    how = Asked(tell=tell)
    if options.action == "show":
        return reports.entry(log.show(reader, source, options.sequence, how))
    if options.action == "prove":
        return reports.proof(log.prove(reader, source, options.sequence, how))
    if options.action == "verify":
        return reports.verified(log.verify(reader, source, options.since_head, how))
    query = log.LogQuery(options.stage, options.since, options.search)
    return reports.listed(log.run(reader, source, query, how, full=options.format == "json"))
