"""`status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.verb import Verb
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path
    from types import SimpleNamespace

    from counterseal.commands import status
    from counterseal.ports import Tell
    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "status",
    "Show what each stage has now, what waits and for what, and what was denied; of a tag its whole history.\n\n"
    "Decisions come from the ledger in a clone, which is verified first; candidates and open requests from the "
    "forge, if there is a token (GITHUB_TOKEN or GITLAB_TOKEN).",
    (
        parameters.Argument("tag", "only this tag, and all that happened to it", required=False),
        parameters.clone(),
        parameters.no_cache(),
        *parameters.trust(),
    ),
    ("status", "status v1.2.0"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands import status
    from counterseal.gate.ledger import Asked
    from counterseal.render.reports import status as reports

    tag = options.tag.removeprefix("refs/tags/") if options.tag else None
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading and verifying the ledger")
        reader, source = wiring.local_ledger(
            options.folder, work, options.trust, sandbox=options.sandbox, cached=not options.no_cache
        )
        clone = status.read(reader, source, wiring.clock().now(), Asked(tell=tell))
        forge = _forge(wiring.at_home(options.folder), work / "forge", clone, tag, tell)
    if tag is None:
        return reports.overview(status.now(clone, forge))
    return reports.way(status.way(clone, forge, tag))


def _forge(wiring: Wiring, work: Path, clone: status.Clone, tag: str | None, tell: Tell) -> status.AtForge:
    """Return what the forge says to the holder of the token, or why it says nothing."""
    from counterseal.commands import status

    work.mkdir()
    try:
        sources, store = wiring.preview(work)
    except CountersealError as error:
        return status.nothing(error)
    return status.look(sources, store, clone, tag, tell)
