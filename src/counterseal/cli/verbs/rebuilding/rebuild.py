"""`rebuild`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE, FOLDER, GLOB, NUMBER
from counterseal.cli.verb import Verb
from counterseal.identifiers import REBUILD_FOLDER

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.commands.rebuild import recorded
    from counterseal.model import Bounds
    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "rebuild",
    "Build the source of a release once more: a fresh checkout, what .counterseal/build.yml declares, first with "
    "network to fetch what is locked, then without. No token and no byte of the release is in its reach; `rebuild "
    "compare` compares, in another process.",
    (
        parameters.Argument("source", "a clone, or an address that all may read (default: here)", GLOB, required=False),
        parameters.Option("--revision", metavar="SHA", words="what to build (default: what is checked out)"),
        parameters.Option(
            "--provenance", kind=FILE, metavar="FILE", words="build.intoto.jsonl of the release: what it was made with"
        ),
        parameters.Option(
            "--tools", kind=FOLDER, metavar="FOLDER", multiple=True, words="folder with programs that it may see"
        ),
        parameters.Option(
            "--vary",
            metavar="LIST",
            words="build twice, and change in the second time,path,locale,umask,user,cpus",
        ),
        parameters.Option("--minutes", kind=NUMBER, default=60, metavar="N", words="how long a command may take (60)"),
        parameters.Option("--disk", kind=NUMBER, default=8, metavar="GIB", words="how much a build may write (8)"),
        parameters.Option(
            "--output",
            kind=FOLDER,
            metavar="FOLDER",
            default=Path(REBUILD_FOLDER),
            words=f"folder for the results (default: {REBUILD_FOLDER})",
        ),
    ),
    (
        "rebuild --provenance build.intoto.jsonl",
        "rebuild https://github.com/acme/app --revision SHA",
        "rebuild --vary time,path,umask",
    ),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands.rebuild import building, recorded, varying
    from counterseal.render.reports.rebuilding import built, varied
    from counterseal.reproduction import conditions
    from counterseal.wiring import rebuilding

    names = conditions.parse(options.vary) if options.vary else ()
    bounds = _bounds(options)
    found = recorded.read(options.provenance) if options.provenance else None
    where, revision = _source(options, found)
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        ports = rebuilding.ports(wiring, work, where, revision, options.tools or ())
        if names:
            return varied.report(varying.run(names, ports, bounds, tell))
        result = building.run(options.output, ports, found.matrix if found else None, bounds, tell)
    return built.report(result, options.output)


def _source(options: SimpleNamespace, found: recorded.Recorded | None) -> tuple[str, str | None]:
    """Return where the source is, and its revision: as it is said, else as the provenance has it."""
    from counterseal.errors import UsageError

    revision = options.revision
    if found is not None and found.revision is not None:
        if revision not in {None, found.revision}:
            raise UsageError(
                f"--revision {revision} is not that of the provenance",
                why=f"it records {found.revision}",
                fix="leave out --revision",
            )
        revision = found.revision
    return options.source or ".", revision


def _bounds(options: SimpleNamespace) -> Bounds:
    from counterseal.errors import UsageError
    from counterseal.model import Bounds

    if not 0 < options.minutes <= 24 * 60 or not 0 < options.disk <= 1024:
        raise UsageError(
            f"--minutes {options.minutes}, --disk {options.disk}",
            why="a build has a bound of 1 to 1440 minutes and 1 to 1024 GiB",
            fix="leave them out: 60 minutes and 8 GiB are usual",
        )
    return Bounds(seconds=options.minutes * 60.0, disk=options.disk << 30)
