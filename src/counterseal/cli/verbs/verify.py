"""`verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE, NUMBER
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
        parameters.Option(
            "--stage", metavar="STAGE", required=True, words="stage the files must be allowed for, e.g. production"
        ),
        parameters.Option(
            "--repository", metavar="HOST/NAME", required=True, words="where they come from, e.g. github.com/acme/app"
        ),
        parameters.Option("--repository-id", kind=NUMBER, metavar="ID", words="its number (names can change hands)"),
        parameters.Option("--ledger", metavar="ID", words="the ledger that it has to be recorded in"),
        parameters.Option("--proof", kind=FILE, metavar="FILE", words="ledger-proof.json (default: beside each file)"),
        parameters.Option(
            "--gate-revision",
            metavar="SHA",
            multiple=True,
            words="accept only this revision of the gate (repeatable)",
        ),
        parameters.Option(
            "--gate-identity", metavar="URL", words="the project's own gate: https://HOST/PROJECT//FILE@REF"
        ),
        parameters.Option("--gate-issuer", metavar="URL", words="its OIDC issuer, e.g. https://gitlab.com"),
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

    trust, verifier = wiring.consumer(options.trust, sandbox=options.sandbox)
    own = verify.OwnGateNamed(options.gate_identity, options.gate_issuer) if options.gate_identity else None
    revisions = options.gate_revision or None
    question = verify.Question(options.stage, options.repository, options.repository_id, revisions, own, options.ledger)
    ports = verify.VerifyPorts(verifier, trust, wiring.clock())
    with progress(options, wiring.surroundings) as tell:
        result = verify.run(options.files, question, ports, proof=options.proof, tell=tell)
    return reports.report(result)
