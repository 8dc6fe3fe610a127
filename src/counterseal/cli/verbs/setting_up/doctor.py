"""`doctor`."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from counterseal.cli import parameters
from counterseal.cli.verb import Verb
from counterseal.errors import CountersealError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import SimpleNamespace

    from counterseal.commands.doctor import Diagnosis, Sources
    from counterseal.ports import ProjectFixes, Tell
    from counterseal.project.checks import InLedger, Observation
    from counterseal.render import Report
    from counterseal.wiring import Surroundings, Wiring

VERB = Verb(
    "doctor",
    "Look for what would stop a promotion, or let somebody get around the gate: files, people, rules, settings, "
    "tokens, this clone. Reads only.\n\n"
    "Each finding says what to do, and on which page. What the token (GITHUB_TOKEN or GITLAB_TOKEN) is not shown "
    "is said to be not seen; an administrator's sees most. Ends with 2 if there is a fault (✗), with 0 if there are "
    "only warnings (!) and things not seen (?).",
    (
        parameters.clone(),
        parameters.no_cache(),
        *parameters.trust(),
        parameters.Switch("--fix", words="offer to change settings, each call shown and asked for; on a terminal only"),
    ),
    ("doctor", "doctor --fix", "doctor --format json"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.render.reports.setting_up import doctor as reports

    here = wiring.surroundings
    if options.fix:
        _require_terminal(here)
    home = wiring.at_home(options.folder)
    with here.work_folder() as work, progress(options, here) as tell:
        found = _examine(options, home, work / "before", tell)
    if options.fix and _repair(found, home):
        with here.work_folder() as work, progress(options, here) as tell:
            found = _examine(options, home, work / "after", tell)
    return reports.diagnosis(found)


def _examine(options: SimpleNamespace, wiring: Wiring, work: Path, tell: Tell) -> Diagnosis:
    from counterseal.commands import doctor

    work.mkdir()
    return doctor.examine(doctor.collect(_sources(options, wiring, work), tell))


def _sources(options: SimpleNamespace, wiring: Wiring, work: Path) -> Sources:
    from counterseal.commands import doctor
    from counterseal.wiring import project

    here = wiring.surroundings
    place, trust = here.forge_host(), wiring.consumer(options.trust, sandbox=options.sandbox)[0]
    try:
        name = here.repository_name()
    except UsageError:
        name = ""
    return doctor.Sources(
        host=place.host,
        name=name,
        clone=project.clone(options.folder),
        survey=doctor.look(partial(project.survey, wiring)),
        forge=doctor.look(wiring.forge),
        trust=trust,
        clock=wiring.clock(),
        gate_inputs=_gate_inputs(here),
        git=project.git_version(),
        ledger=_ledger(options, wiring, work),
        tip=_tip(wiring, work / "forge"),
        refreshed=None if trust.sandbox else project.root_refreshed,
    )


def _gate_inputs(here: Surroundings) -> frozenset[str]:
    from counterseal.cli.verbs.gate import VERB as GATE

    return here.gate_variables(name for param in GATE.params if (name := param.name))


def _ledger(options: SimpleNamespace, wiring: Wiring, work: Path) -> Callable[[], InLedger]:
    """Return what reads and verifies the clone's ledger."""
    from counterseal.commands import status
    from counterseal.project.checks import InLedger

    def read() -> InLedger:
        reader, source = wiring.local_ledger(
            options.folder, work, options.trust, sandbox=options.sandbox, cached=not options.no_cache
        )
        clone = status.read(reader, source, wiring.clock().now())
        return InLedger(len(clone.merged) + len(clone.unread), clone.proven.beat)

    return read


def _tip(wiring: Wiring, work: Path) -> Callable[[], str | None]:
    """Return what asks the forge where the ledger is."""

    def ask() -> str | None:
        work.mkdir()
        return wiring.preview(work)[1].tip()

    return ask


# --- --fix ---------------------------------------------------------------------------------------


def _require_terminal(here: Surroundings) -> None:
    """Refuse to change anything where nobody can be asked.

    Raises:
        UsageError: This is a job of CI, or no terminal.
    """
    in_ci = here.in_github or here.in_gitlab or here.environ.get("CI") in ("true", "1")
    if in_ci or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "doctor --fix needs a terminal",
            why=f"it asks before each call, and {'a job of CI' if in_ci else 'here nobody'} can be asked",
            fix="run it on your machine; doctor without --fix only reads",
        )


def _repair(found: Diagnosis, wiring: Wiring) -> bool:
    """Offer every repair; return whether a setting was changed."""
    from counterseal.wiring import project

    if not found.repairable:
        click.echo("nothing that --fix could change", err=True)
        return False
    fixes, api = project.fixes(wiring), wiring.surroundings.forge_host().api
    made = [_offer(observation, fixes, api) for observation in found.repairable]
    return any(made)


def _offer(observation: Observation, fixes: ProjectFixes, api: str) -> bool:
    from counterseal.render import failure
    from counterseal.render.reports.setting_up import doctor as reports

    if observation.repair is None:
        return False
    call = fixes.call(observation.repair, observation.target)
    click.echo(reports.proposal(observation, call, api), err=True)
    try:
        if not click.confirm("make this call?", default=False, err=True):
            return False
    except click.Abort:
        raise KeyboardInterrupt from None
    try:
        fixes.make(call)
    except CountersealError as error:
        click.echo(failure.text(error), err=True)
        return False
    click.echo("done\n", err=True)
    return True
