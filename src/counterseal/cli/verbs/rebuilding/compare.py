"""`rebuild compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE, FOLDER
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.ports import Signer
    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "rebuild compare",
    "Say for each artifact of a release whether a second build made the same bytes, what differs, and the usual fix. "
    "Ends with 0 if all are equal, else with 11.",
    (
        parameters.Argument("result", "the folder that `rebuild` left", FOLDER, required=True),
        parameters.Argument("release", "a folder with the files of the release", FOLDER, required=True),
        parameters.Switch("--sign", words="sign what was found with this run's identity (in CI)"),
        parameters.Option(
            "--trust-config", kind=FILE, metavar="FILE", words="ClientTrustConfig of another Sigstore instance"
        ),
        parameters.Switch("--publish-names", words="let the names of a private repository become public"),
    ),
    ("rebuild compare counterseal-rebuild release/", "rebuild compare counterseal-rebuild release/ --sign"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands.rebuild import comparing
    from counterseal.render.reports.rebuilding import compared

    signer = _signer(options, wiring) if options.sign else None
    with progress(options, wiring.surroundings) as tell:
        tell("comparing")
        return compared.report(comparing.run(options.result, options.release, signer))


def _signer(options: SimpleNamespace, wiring: Wiring) -> Signer:
    """Return what signs with this run's identity.

    Raises:
        UsageError: This is no job of CI, or names would become public.
    """
    from counterseal.cli.on_a_laptop import require_job
    from counterseal.commands import sign

    require_job(wiring.surroundings, "rebuild compare --sign", instead="leave out --sign: it compares all the same")
    current = wiring.environment().run()
    public = options.trust_config is None
    sign.check_names_may_leak(current, current.visibility, public_log=public, allowed=options.publish_names)
    return wiring.signer(options.trust_config)
