"""`gate`, and `gate --preview`.

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
    from counterseal.wiring import Wiring

VERB = Verb(
    "gate",
    "Decide every merged promotion request that has no decision yet, record the decision, publish what is allowed.\n\n"
    "Only inputs and outputs can be chosen here. Trust, policy, identities, clock and sandbox follow from the run's "
    "OIDC identity and the policy on the protected branch.",
    (
        parameters.Option("--stage", metavar="STAGE", words="only requests for this stage"),
        parameters.Option(
            "--request", metavar="FILE", words="only this request file; an earlier decision is shown again"
        ),
        parameters.Switch("--preview", words="check an open change request; decide nothing"),
        parameters.Option(
            "--number", kind=NUMBER, metavar="NUMBER", words="with --preview: the change request (default: the event's)"
        ),
        parameters.Option("--action", metavar="WORD", words="what a run that somebody started is to do (not yet)"),
        parameters.Option("--reason", metavar="TEXT", words="with --action: why (not yet)"),
        parameters.Switch("--exit-code", words="with --preview: end with 10 if a gate would not allow it"),
    ),
    ("gate --stage production", "gate --preview --number 17 --exit-code"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    if options.action or options.reason:
        raise UsageError(
            f"no action {options.action!r} in this version" if options.action else "a reason without an action",
            why="a run that somebody starts decides merged requests, and nothing else yet; nothing was decided",
            fix="leave action and reason empty, or move the pins to a version that has it: counterseal init --upgrade",
        )
    if options.preview:
        return _preview(options, wiring.at_home())
    if options.exit_code:
        what = "--exit-code is for previews"
        raise UsageError(what, why="a gate always ends with what it decided", fix="leave it out, or add --preview")
    from counterseal.cli.on_a_laptop import require_job

    preview = "to see what a gate would say of an open request: counterseal gate --preview --number NUMBER"
    require_job(wiring.surroundings, "gate", instead=preview)
    wiring.surroundings.refuse_influence(vars(options))
    from counterseal.cli.showing import progress
    from counterseal.commands import gate
    from counterseal.render.reports import gate as reports

    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading requests and ledger")
        opened = wiring.gate(work)
        return reports.report(gate.decide_and_publish(opened, stage=options.stage, request=options.request))


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
