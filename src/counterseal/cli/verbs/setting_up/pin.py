"""`pin`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE
from counterseal.cli.verb import Verb
from counterseal.identifiers import PINS_PATH

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "pin",
    "Write down whom you believe of a project whose releases you use: number, gate, ledger, and how far you saw it.",
    (
        *parameters.project(),
        parameters.state(),
        parameters.Option(
            "--max-age", metavar="AGE", words="how old knowledge of its ledger may be (default: 7d, or as pinned)"
        ),
        parameters.Option("--pin", kind=FILE, metavar="FILE", words="file of pins (default: the one of this clone)"),
        parameters.dry_run("write nothing"),
        *parameters.trust(),
    ),
    ("pin --repository github.com/acme/app --state newest",),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.commands import pin
    from counterseal.render.reports.setting_up import pin as reports
    from counterseal.wiring import knowledge

    path = options.pin or (knowledge.top_of(Path.cwd()) or Path.cwd()) / PINS_PATH
    with wiring.surroundings.work_folder() as work:
        known = knowledge.read_pins(path) if os.path.lexists(path) else ()
        question, ports = knowledge.consumer(options, wiring, work, known)
        return reports.report(pin.run(question, ports, path, max_age=options.max_age, dry_run=options.dry_run))
