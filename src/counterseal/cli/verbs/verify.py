"""`verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

_OWN_GATE = """\\
  --repository gitlab.com/acme/app \\
  --gate-identity https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main \\
  --gate-issuer https://gitlab.com"""
VERB = Verb(
    "verify",
    "Verify downloaded release files, offline: allowed for a stage, recorded in the ledger, published.",
    (
        parameters.Argument("files", "the downloaded files, globs or folders", FILE, nargs=-1, required=True),
        parameters.Option("--stage", metavar="STAGE", required=True, words="stage the files must be allowed for"),
        *parameters.project(),
        parameters.Option("--proof", kind=FILE, metavar="FILE", words="ledger-proof.json (default: beside each file)"),
        parameters.state(),
        parameters.Switch("--current", words="it has to be what the stage has now, by --state"),
        parameters.Option("--pin", kind=FILE, metavar="FILE", words="file of pins (default: the one of this clone)"),
        *parameters.trust(),
    ),
    (
        "verify app.whl --stage production --repository github.com/acme/app",
        f"verify SHA256SUMS --stage production {_OWN_GATE}",
    ),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.cli.showing import progress
    from counterseal.commands import verify
    from counterseal.render.reports import verify as reports
    from counterseal.wiring import knowledge

    pins = knowledge.known_pins(options.pin)
    with wiring.surroundings.work_folder() as work:
        question, ports = knowledge.consumer(options, wiring, work, pins)
        with progress(options, wiring.surroundings) as tell:
            result = verify.run(options.files, question, ports, proof=options.proof, tell=tell)
    return reports.report(result, knowledge.first_use(options, wiring, pins))
