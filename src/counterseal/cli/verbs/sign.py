"""`sign`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.render import Report
    from counterseal.wiring import Wiring

VERB = Verb(
    "sign",
    "Sign artifacts, manifest, provenance and SBOM with this run's identity: all or nothing.",
    (
        *parameters.build(),
        parameters.Option("--test-results", kind=FILE, metavar="FILE", words="JUnit report to attest"),
        parameters.Option(
            "--trust-config", kind=FILE, metavar="FILE", words="ClientTrustConfig of another Sigstore instance"
        ),
        parameters.Switch("--publish-names", words="let the names of a private repository become public"),
        parameters.Switch("--sandbox", words="rehearse: refuse an identity that is not a sandbox's"),
        parameters.dry_run("do everything but sign and write"),
    ),
    ("sign 'dist/*'", "sign 'dist/*' --test-results junit.xml --dry-run"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb.

    Raises:
        UsageError: A rehearsal with a real identity.
    """
    from counterseal.cli.on_a_laptop import require_job
    from counterseal.cli.showing import progress
    from counterseal.commands import sign
    from counterseal.render.reports import sign as reports

    require_job(
        wiring.surroundings, "sign", instead="let the tag's workflow sign; to watch the whole way: counterseal demo"
    )
    environment = wiring.environment()
    current = environment.run()
    sign.check_rehearsal(current, rehearsal=options.sandbox)
    projects = options.project or (Path(),)
    inputs = sign.SignInputs(
        projects=projects,
        subjects=options.subjects,
        output=options.output,
        public_log=options.trust_config is None and not current.sandbox,
        visibility=current.visibility,
        publish_names=options.publish_names,
        test_results=options.test_results,
        dry_run=options.dry_run,
    )
    ports = sign.SignPorts(
        environment, wiring.signer(options.trust_config), wiring.files(), wiring.build_facts(projects)
    )
    with progress(options, wiring.surroundings) as tell:
        tell("signing")
        result = sign.run(inputs, ports)
    return reports.report(result, options.output, sandbox=current.sandbox)
