"""`gate`: decide and publish; `--action`: hold or revoke, in a run that somebody started; and `--preview`.

Only inputs and outputs can be chosen here. Trust, policy, identities, clock and sandbox follow from the run's OIDC
identity and the policy on the protected branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import NUMBER
from counterseal.cli.verb import Verb
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Surroundings, Wiring

#: What a run that somebody starts is told.
INPUTS = ("action", "stage", "reason", "target", "hours")

VERB = Verb(
    "gate",
    "Decide every merged promotion request that has no decision yet, record the decision, publish what is allowed.\n\n"
    "Only inputs and outputs can be chosen here. Trust, policy, identities, clock and sandbox follow from the run's "
    "OIDC identity and the policy on the protected branch. In a run that somebody started with an action it holds or "
    "revokes, and decides nothing.",
    (
        parameters.Option("--stage", metavar="STAGE", words="only requests for this stage"),
        parameters.Option(
            "--request", metavar="FILE", words="only this request file; an earlier decision is shown again"
        ),
        parameters.Switch("--preview", words="check an open change request; decide nothing"),
        parameters.Option(
            "--number", kind=NUMBER, metavar="NUMBER", words="with --preview: the change request (default: the event's)"
        ),
        parameters.Option("--action", metavar="WORD", words="in a run that somebody started: hold or revoke"),
        parameters.Option("--reason", metavar="TEXT", words="with --action: why"),
        parameters.Option(
            "--target",
            metavar="TARGET",
            words="with --action: of revoke manifest:SHA256 or artifact:SHA256; of hold all",
        ),
        parameters.Option(
            "--hours", metavar="NUMBER", words="with --action hold: for how long (default: the policy's)"
        ),
        parameters.Switch("--exit-code", words="with --preview: end with 10 if a gate would not allow it"),
    ),
    ("gate --stage production", "gate --preview --number 17 --exit-code"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    if (wanted := _wanted(options, wiring.surroundings)) is not None:
        return _restrict(options, wiring, wanted)
    if options.preview:
        return _preview(options, wiring.at_home())
    if options.exit_code:
        what = "--exit-code is for previews"
        raise UsageError(what, why="a gate always ends with what it decided", fix="leave it out, or add --preview")
    preview = "to see what a gate would say of an open request: counterseal gate --preview --number NUMBER"
    _require_gate(options, wiring, instead=preview)
    from counterseal.cli.showing import progress
    from counterseal.commands import gate
    from counterseal.render.reports import gate as reports

    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading requests and ledger")
        opened = wiring.gate(work)
        return reports.report(gate.decide_and_publish(opened, stage=options.stage, request=options.request))


def _require_gate(options: SimpleNamespace, wiring: Wiring, *, instead: str) -> None:
    """Refuse a place that is no job of CI, and an environment that would choose for the gate (R35)."""
    from counterseal.cli.on_a_laptop import require_job

    require_job(wiring.surroundings, "gate", instead=instead)
    wiring.surroundings.refuse_influence(vars(options))


def _wanted(options: SimpleNamespace, surroundings: Surroundings) -> dict[str, str] | None:
    """Return what somebody started this run for, or None: for nothing beside deciding.

    At GitHub that is what they filled in themselves, as the event tells it. What the workflow hands on may be anything:
    it has to be the same, or empty (R52).

    Raises:
        UsageError: It is not, or something is missing.
    """
    given = {name: str(getattr(options, name) or "") for name in INPUTS}
    told = surroundings.event_inputs() if surroundings.in_github else given
    action = told.get("action", "")
    if given["action"] and not action:
        raise UsageError(
            f"nobody started this run for the action {given['action'][:40]!r}",
            why="the event of the run names none: it counts only from whoever starts the run, not from a workflow",
            fix="start it on its page (Run workflow), or: counterseal hold, counterseal revoke",
        )
    if not action:
        if more := [name for name in INPUTS if name != "stage" and (given[name] or told.get(name))]:
            raise UsageError(
                f"{more[0]} without an action",
                why="this run was not started to hold or revoke anything; nothing was decided",
                fix="start it again: with an action, or with nothing but a stage filled in",
            )
        return None
    for name in INPUTS:
        if given[name] not in ("", told.get(name, "")):
            raise UsageError(
                f"{name} is not what this run was started with",
                why=f"the workflow hands on {given[name][:40]!r}, and the event says {told.get(name, '')[:40]!r}",
                fix=f"in the workflow: with: {{{name}: ${{{{ inputs.{name} }}}}}}, or leave it out",
            )
    if options.preview or options.request or options.exit_code:
        raise UsageError(
            f"with --action {action[:40]} nothing else can be asked for",
            why="a run that holds or revokes decides and shows nothing",
            fix="leave out --preview, --request and --exit-code",
        )
    return {name: told.get(name, "") for name in INPUTS}


def _restrict(options: SimpleNamespace, wiring: Wiring, wanted: dict[str, str]) -> Report:
    _require_gate(options, wiring, instead="start the run: counterseal hold, or counterseal revoke")
    from counterseal.cli.showing import progress
    from counterseal.commands import gate
    from counterseal.render.reports import gate as reports

    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading the ledger")
        opened = wiring.gate(work, emergency=True)
        return reports.restricted(gate.restrict(opened, gate.Wanted(**wanted)))


def _preview(options: SimpleNamespace, wiring: Wiring) -> Report:
    from counterseal.cli.showing import progress
    from counterseal.commands import preview
    from counterseal.render.reports import preview as reports

    number = options.number or wiring.surroundings.change_request_number()
    if number is None:
        raise UsageError(
            "no change request named", why="the event of this run is not about one", fix="name it: --number 17"
        )
    comment = reports.comment if wiring.surroundings.can_comment else None
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading the request and the ledger")
        known = preview.run(*wiring.preview(work), number, comment=comment)
    return reports.report(known, exit_code=options.exit_code)
