"""`pack`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE, FOLDER, GLOB
from counterseal.cli.verb import Verb
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "pack",
    "Make tar.gz and zip archives, and SHA256SUMS, that are the same bytes each time; or say what in an existing "
    "archive or program is not.",
    (
        parameters.Argument("sources", "files, folders, globs; with --check archives", GLOB, nargs=-1, required=True),
        parameters.Option(
            "--to",
            kind=FILE,
            metavar="FILE",
            multiple=True,
            words="the archive: NAME.tar.gz, .tgz or .zip; repeatable",
        ),
        parameters.Option(
            "--from", kind=FOLDER, metavar="FOLDER", default=Path(), words="folder of the sources (default: here)"
        ),
        parameters.Option("--prefix", metavar="NAME", default="", words="folder in the archive that all is put into"),
        parameters.Switch("--store", words="do not compress: the bytes depend on no library then"),
        parameters.Switch("--check", words="look into archives, unpack and write nothing"),
        parameters.dry_run("make the archives, keep none"),
    ),
    (
        "pack bin README.md --to dist/app-1.2.0.tar.gz",
        "pack . --from build/app --prefix app-1.2.0 --to dist/app-1.2.0.zip",
        "pack --check dist/app-1.2.0-py3-none-any.whl",
    ),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    return _check(options, wiring) if options.check else _pack(options, wiring)


def _pack(options: SimpleNamespace, wiring: Wiring) -> Report:
    from counterseal.cli.showing import progress
    from counterseal.commands.archives import packing
    from counterseal.render.reports.archives import packed
    from counterseal.wiring import archives

    inputs = packing.PackInputs(
        sources=options.sources,
        to=options.to,
        prefix=options.prefix,
        epoch=wiring.surroundings.epoch(),
        store=options.store,
        dry_run=options.dry_run,
    )
    with progress(options, wiring.surroundings) as tell:
        result = packing.run(inputs, archives.packer(getattr(options, "from")), archives.reader(), tell)
    return packed.report(result)


def _check(options: SimpleNamespace, wiring: Wiring) -> Report:
    from counterseal.cli.showing import progress
    from counterseal.commands.archives import checking
    from counterseal.render.reports.archives import checked
    from counterseal.wiring import archives

    if options.to or options.store or options.prefix:
        raise UsageError("--check makes no archive", why="--to, --prefix and --store do", fix="leave them out")
    paths = [Path(source) for source in options.sources]
    with progress(options, wiring.surroundings) as tell:
        result = checking.run(paths, archives.reader(), wiring.surroundings.epoch() or None, tell)
    return checked.report(result)
