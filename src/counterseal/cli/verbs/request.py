"""`request`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import MOMENT, NUMBER, OneOf
from counterseal.cli.verb import Verb
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.gate.ledger import Tip
    from counterseal.history import Past
    from counterseal.model import Target
    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "request",
    "Open a request for a promotion, or to end or confirm what is in force: a change request that adds one file.",
    (
        parameters.Option("--stage", metavar="STAGE", words="stage to enter, e.g. production"),
        parameters.Option("--tag", metavar="TAG", words="the candidate's tag (default: the only one waiting)"),
        parameters.Option(
            "--kind",
            kind=OneOf(("resume", "reinstatement", "revocation")),
            words="no promotion: end holds, take revocations back, or make one that lasts",
        ),
        parameters.Option(
            "--entry",
            kind=NUMBER,
            metavar="NUMBER",
            multiple=True,
            words="with --kind: the ledger's entry that it is about; repeatable",
        ),
        parameters.Option(
            "--target",
            metavar="KIND=VALUE",
            words="with --kind revocation: manifest, artifact, run, gate or identity",
        ),
        parameters.Option(
            "--since", kind=MOMENT, metavar="MOMENT", words="with --target: from when (default: at once)"
        ),
        parameters.Option(
            "--signed-since", kind=MOMENT, metavar="MOMENT", words="with --target identity=…: what it signed from then"
        ),
        parameters.Option(
            "--signed-until", kind=MOMENT, metavar="MOMENT", words="with --target identity=…: what it signed before"
        ),
        parameters.Option("--reason", metavar="TEXT", default="", words="reason, for reviewers and auditors"),
        parameters.Switch("--again", words="request again after a deny"),
        parameters.Option(
            "--valid-days", kind=NUMBER, metavar="DAYS", default=7, words="days until it expires (default: 7)"
        ),
        parameters.dry_run("print the request file, open nothing"),
    ),
    (
        'request --stage production --reason "fixes the parser, see #16"',
        "request --stage staging --tag v1.2.0 --dry-run",
        'request --kind resume --entry 43 --reason "it was another machine"',
    ),
)
_OF_EVENTS = ("entry", "target", "since", "signed_since", "signed_until")
_OF_PROMOTIONS = ("stage", "tag", "again")


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    _check(options)
    return _event(options, wiring.at_home()) if options.kind else _promotion(options, wiring.at_home())


def _check(options: SimpleNamespace) -> None:
    """Refuse options of the one kind of request together with the other."""
    given = [name for name in (_OF_PROMOTIONS if options.kind else _OF_EVENTS) if getattr(options, name)]
    if given:
        what = "a promotion" if options.kind else "--kind"
        raise UsageError(f"--{given[0].replace('_', '-')} is an option of {what}", fix="leave out one of the two")
    if not (options.kind or options.stage):
        raise UsageError("no --stage", why="a promotion is into a stage of the policy", fix="--stage production")


def _promotion(options: SimpleNamespace, wiring: Wiring) -> Report:
    from counterseal.cli.showing import progress
    from counterseal.commands import request
    from counterseal.gate import sboms
    from counterseal.render import change_request
    from counterseal.render.reports import request as reports

    valid_for = request.days(options.valid_days)
    tag = options.tag.removeprefix("refs/tags/") if options.tag else None
    asked = request.Asked(
        options.stage, tag, options.reason, wiring.requester(), options.again, valid_for, _in_job(wiring)
    )
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:
        tell("reading the candidate")

        def past() -> Past:
            tell("reading and verifying the ledger")
            return sboms.past(*wiring.preview(work))

        ports = request.RequestPorts(wiring.forge(), wiring.asset_store(), wiring.clock(), past, change_request.words)
        result = request.run(ports, asked, work, dry_run=options.dry_run)
    return reports.report(result, asked)


def _event(options: SimpleNamespace, wiring: Wiring) -> Report:
    from counterseal.cli.showing import progress
    from counterseal.commands import request
    from counterseal.gate import ledger
    from counterseal.render import event_request
    from counterseal.render.reports import request as reports

    asked = request.AskedEvent(
        options.kind,
        options.entry,
        _target(options),
        options.since,
        options.reason,
        wiring.requester(),
        request.days(options.valid_days),
        _in_job(wiring),
    )
    with wiring.surroundings.work_folder() as work, progress(options, wiring.surroundings) as tell:

        def tip() -> Tip:
            tell("reading and verifying the ledger")
            return ledger.remote(*wiring.preview(work))[1]

        ports = request.EventPorts(wiring.forge(), wiring.clock(), tip, event_request.words)
        result = request.run_event(ports, asked, dry_run=options.dry_run)
    return reports.event_report(result)


def _target(options: SimpleNamespace) -> Target | None:
    from counterseal.model import Target

    if not options.target:
        if options.signed_since or options.signed_until:
            raise UsageError("--signed-since and --signed-until are of --target identity=…", fix="name the identity")
        return None
    kind, equals, value = options.target.partition("=")
    if not equals:
        raise UsageError(f"--target {options.target[:80]!r} has no value", fix="write it like --target artifact=SHA256")
    return Target(kind, value, options.signed_since, options.signed_until)


def _in_job(wiring: Wiring) -> bool:
    return wiring.surroundings.in_github or wiring.surroundings.in_gitlab
