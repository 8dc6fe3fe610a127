"""`hold`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import NUMBER, OneOf
from counterseal.cli.verb import Verb
from counterseal.cli.verbs import emergencies

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "hold",
    "Stop what enters a stage, or every stage, at once. It ends by itself; two people end it before.\n\n"
    f"{emergencies.ABOUT}",
    (
        parameters.Option("--stage", metavar="STAGE", words="the stage (default: every one)"),
        parameters.Option(
            "--stops", kind=OneOf(("promote", "all")), default="promote", words="what it stops (default: promote)"
        ),
        parameters.Option(
            "--hours", kind=NUMBER, metavar="NUMBER", words="for how long (default: as long as the policy lets you)"
        ),
        *emergencies.shared(),
    ),
    ('hold --stage production --reason "it deletes files, see #61"',),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.commands import emergency

    return emergencies.start(
        options,
        wiring,
        lambda place, _: emergency.hold(place, options.stage, options.stops, options.hours, options.reason),
        "hold",
    )
