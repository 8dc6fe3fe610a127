"""`candidate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "candidate",
    "Upload artifacts and bundles for the gate: to a draft release of the tag, on GitLab to a generic package.",
    (
        parameters.subjects("the artifacts: files, globs or SHA256SUMS, as given to sign"),
        parameters.output("folder that sign wrote (default: counterseal-out)"),
        parameters.dry_run("say what would be uploaded, upload nothing"),
    ),
    ("candidate 'dist/*'", "candidate 'dist/*' --dry-run"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.on_a_laptop import in_job
    from counterseal.cli.showing import progress
    from counterseal.commands import candidate, policy
    from counterseal.identifiers import MANIFEST_FILE
    from counterseal.render.reports import candidate as reports

    files = [path for path, _ in wiring.files().collect(options.subjects)]
    own = policy.here(Path())
    stage = own.stages[0].name if own else None
    if options.dry_run and not in_job(wiring.surroundings) and not (options.output / MANIFEST_FILE).exists():
        return reports.preview(candidate.preview(options.output, files), stage)
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        store = wiring.at_home().asset_store()
        result = candidate.run(store, options.output, files, work, dry_run=options.dry_run, tell=tell)
    return reports.report(result, stage)
