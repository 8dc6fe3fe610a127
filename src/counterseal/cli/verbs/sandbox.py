"""`sandbox`."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FOLDER, NUMBER
from counterseal.cli.verb import Verb
from counterseal.identifiers import page

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "sandbox",
    "Start the sandbox and keep it running: forge, identities, certificate authority, log and timestamps on loopback."
    f"\n\nWhat it signs proves nothing to anybody. Control calls: {page('sandbox.md')}",
    (
        parameters.Option(
            "--port", kind=NUMBER, metavar="PORT", default=0, words="port on 127.0.0.1 (default: a free one)"
        ),
        parameters.Option(
            "--state", kind=FOLDER, metavar="FOLDER", words="folder for git objects and assets (default: temporary)"
        ),
    ),
    ("sandbox", "sandbox --port 8470 --state sandbox-state"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import write_json
    from counterseal.commands import sandbox
    from counterseal.render.reports import sandbox as reports

    def ready(url: str, gate: str) -> None:
        if options.format == "json":
            write_json(reports.data(url, gate))
            return
        sys.stdout.write(reports.ready(url, gate) + "\n")
        sys.stdout.flush()

    with contextlib.ExitStack() as stack:
        state = options.state or stack.enter_context(wiring.surroundings.work_folder())
        with contextlib.suppress(KeyboardInterrupt):
            sandbox.run(state, options.port, ready=ready)
    return reports.gone()
