"""What one listed person does at once, by starting the gate's run; and what the two verbs for that share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.on_a_laptop import in_job
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

    from counterseal.cli.parameters import Option, Switch
    from counterseal.commands.emergency import Order, Place
    from counterseal.gate.ledger import Tip
    from counterseal.render import Report
    from counterseal.wiring import Wiring

ABOUT = (
    "It takes one person whom the policy lists: the gate's run is started with your own token (GITHUB_TOKEN or "
    "GITLAB_TOKEN), and then waited for until the ledger has the entry."
)


def shared() -> tuple[Option | Switch, ...]:
    """Return the options of both verbs."""
    return (
        parameters.Option("--reason", metavar="TEXT", default="", words="why, for everybody whom it stops"),
        parameters.Switch("--no-wait", words="start the run and do not wait for its entry"),
        parameters.clone("clone of the repository (default: here)"),
        parameters.dry_run("print what the run would be told, start nothing"),
    )


def start(
    options: SimpleNamespace, wiring: Wiring, make: Callable[[Place, Callable[[], Tip]], Order], verb: str
) -> Report:
    """Start the run that `make` says, and return what came of it.

    Raises:
        UsageError: This is a job of CI, which is nobody.
    """
    if in_job(wiring.surroundings):
        raise UsageError(
            f"{verb} is for people",
            why="a job's token has no name of its own, and what stops others is done in somebody's name",
            fix="run it on your machine; or start the gate on its page, with the action filled in",
        )
    from counterseal.cli.showing import progress
    from counterseal.commands import emergency
    from counterseal.gate import ledger as ledgers
    from counterseal.render.reports import emergencies as reports
    from counterseal.wiring import project

    home = wiring.at_home(options.folder)
    with home.surroundings.work_folder() as work, progress(options, home.surroundings) as tell:
        sources, store = home.preview(work)

        def read() -> Tip:
            return ledgers.remote(sources, store)[1]

        tell("reading the policy")
        place = emergency.look(sources.forge, lambda: project.clone(options.folder))
        ports = emergency.Ports(project.gate_runs(home), home.clock(), store.tip, read)
        order = make(place, read)
        wait, dry_run = not options.no_wait, options.dry_run
        return reports.report(emergency.run(ports, place, order, wait=wait, dry_run=dry_run, tell=tell))
