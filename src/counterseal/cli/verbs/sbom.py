"""`sbom`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE, OneOf
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "sbom",
    "Make a CycloneDX SBOM of a project and its artifacts.",
    (
        *parameters.build(),
        parameters.Option(
            "--lock",
            kind=FILE,
            metavar="FILE",
            multiple=True,
            words="lock file of the first project, if it has several or none of its own; repeatable",
        ),
        parameters.Option(
            "--from",
            kind=FILE,
            metavar="FILE",
            multiple=True,
            words="CycloneDX document of another tool, instead of lock files, or in addition to those of --project "
            "and --lock; repeatable",
        ),
        parameters.Option("--include", kind=OneOf(("dev",)), words="include development dependencies"),
        parameters.dry_run("make and check the SBOM, write nothing"),
    ),
    (
        "sbom 'dist/*'",
        "sbom 'dist/*' --project app --lock app/requirements.txt",
        "sbom 'dist/*' --from syft.cdx.json",
    ),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands import sbom
    from counterseal.render.reports import sbom as reports

    documents, projects = getattr(options, "from"), options.project or (Path(),)
    inputs = sbom.SbomInputs(
        projects=projects,
        subjects=options.subjects,
        output=options.output,
        epoch=wiring.surroundings.epoch(),
        revision=wiring.surroundings.revision(),
        dry_run=options.dry_run,
    )
    with progress(options, wiring.surroundings) as tell:
        tell("reading the artifacts")
        builder = wiring.sbom_builder(
            projects[0],
            locks=options.lock,
            documents=documents,
            reads_locks=bool(options.project or options.lock or not documents),
            development=options.include == "dev",
        )
        result = sbom.run(inputs, builder=builder, files=wiring.files(), tell=tell)
    return reports.report(result, wiring.surroundings.tag())
