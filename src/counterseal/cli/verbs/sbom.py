"""`sbom`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "sbom",
    "Make a CycloneDX SBOM of a project, with the artifacts in it.",
    (
        *parameters.build(),
        parameters.Option(
            "--lock", kind=FILE, metavar="FILE", words="the lock file, if there are several or none of its own"
        ),
        parameters.dry_run("make and check it, write nothing"),
    ),
    ("sbom 'dist/*'", "sbom 'dist/*' --project app --lock app/requirements.txt"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands import sbom
    from counterseal.render.reports import sbom as reports

    inputs = sbom.SbomInputs(
        projects=(options.project,),
        subjects=options.subjects,
        output=options.output,
        epoch=wiring.surroundings.epoch(),
        revision=wiring.surroundings.revision(),
        dry_run=options.dry_run,
    )
    with progress(options, wiring.surroundings) as tell:
        tell("reading the lock file and what is installed")
        result = sbom.run(
            inputs, builder=wiring.sbom_builder((options.lock,) if options.lock else ()), files=wiring.files()
        )
    return reports.report(result)
