"""`observe`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE
from counterseal.cli.verb import Verb
from counterseal.identifiers import OUTPUT_FOLDER

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "observe",
    "Run a command of a build unchanged, and record what it ran in and what it wrote, for sign.",
    (
        parameters.Words("command", "the program and its words, after --", nargs=-1, required=True),
        parameters.Option(
            "--wrote",
            kind=FILE,
            metavar="PATH",
            multiple=True,
            words="look here for what it writes; repeatable (default: the current folder)",
        ),
        parameters.output(f"folder for the result (default: {OUTPUT_FOLDER})"),
    ),
    ("observe -- python -m build", "observe --wrote dist -- make dist"),
)
VERB.allow_interspersed_args = False


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.commands.building import observing
    from counterseal.render.reports.building import observing as reports
    from counterseal.wiring import builds

    here = wiring.surroundings
    roots = options.wrote or (Path(),)
    inputs = observing.ObserveInputs(options.command, roots, options.output, builds.run_number(here))
    return reports.report(observing.run(inputs, builds.observer(here, options.output), wiring.clock()))
