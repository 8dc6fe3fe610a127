"""`sandbox`."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FOLDER, NUMBER
from counterseal.cli.verb import Verb
from counterseal.errors import UsageError
from counterseal.identifiers import page

if TYPE_CHECKING:
    from pathlib import Path
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "sandbox",
    "Start the sandbox and keep it running: forge, identities, certificate authority, log and timestamps on loopback."
    f"\n\nWhat it signs proves nothing to anybody. Control calls: {page('sandbox.md')}\n\n"
    "With --for it has a copy of a repository, committed state only, and the people of its policy, and prints the "
    "lines of a first promotion. The clone is only read.",
    (
        parameters.Option(
            "--port", kind=NUMBER, metavar="PORT", default=0, words="port on 127.0.0.1 (default: a free one)"
        ),
        parameters.Option(
            "--state", kind=FOLDER, metavar="FOLDER", words="folder for git objects and assets (default: temporary)"
        ),
        parameters.Option(
            "--for", "for_", kind=FOLDER, metavar="FOLDER", words="rehearse the policy of this clone, on a copy of it"
        ),
        parameters.Option("--tag", metavar="TAG", words="of the copy: the tag to promote (default: one is proposed)"),
        parameters.Option(
            "--build", metavar="COMMAND", words="of the copy: what makes dist/* (default: an archive of the sources)"
        ),
        parameters.Switch("--private", words="the copy is a private repository"),
    ),
    ("sandbox", "sandbox --for .", "sandbox --port 8470 --state sandbox-state"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb.

    Raises:
        UsageError: An option is about a copy, and none is asked for.
    """
    from counterseal.cli.showing import write_json
    from counterseal.commands import sandbox
    from counterseal.render.reports import sandbox as reports

    def ready(url: str, gate: str) -> None:
        if options.format == "json":
            write_json(reports.data(url, gate))
            return
        sys.stdout.write(reports.ready(url, gate) + "\n")
        sys.stdout.flush()

    _check(options)
    with contextlib.ExitStack() as stack:
        state = options.state or stack.enter_context(wiring.surroundings.work_folder())
        with contextlib.suppress(KeyboardInterrupt):
            if options.for_ is None:
                sandbox.run(state, options.port, ready=ready)
            else:
                _rehearse(options, wiring, state)
    return reports.gone()


def _check(options: SimpleNamespace) -> None:
    """Refuse options that say nothing without a copy.

    Raises:
        UsageError: There is one.
    """
    given = {"--tag": options.tag, "--build": options.build, "--private": options.private}
    for name, value in given.items():
        if value and options.for_ is None:
            raise UsageError(
                f"{name} is about a copy", why="the sandbox starts empty without --for", fix=f"--for . {name} …"
            )


def _rehearse(options: SimpleNamespace, wiring: Wiring, state: Path) -> None:
    from counterseal.cli.showing import show
    from counterseal.commands import rehearsal
    from counterseal.render.reports import sandbox as reports
    from counterseal.wiring import project

    inputs = rehearsal.RehearsalInputs(options.tag, options.build, private=options.private)
    planned = rehearsal.plan(project.clone(options.for_), inputs, wiring.surroundings.random)

    def ready(running: rehearsal.Running) -> None:
        show(reports.rehearsal(planned, running), options.format, wiring.surroundings, quiet=options.quiet)

    rehearsal.run(planned, state, options.port, ready=ready)
