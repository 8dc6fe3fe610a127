"""`sign`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli import parameters
from counterseal.cli.kinds import FILE
from counterseal.cli.verb import Verb

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.commands import sign
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
    from counterseal.cli.on_a_laptop import in_job
    from counterseal.cli.showing import progress
    from counterseal.commands import policy, sign
    from counterseal.render.reports import sign as reports
    from counterseal.wiring import builds

    if not in_job(wiring.surroundings):
        return _on_a_laptop(options, wiring)
    environment = wiring.environment()
    current = environment.run()
    sign.check_rehearsal(current, rehearsal=options.sandbox)
    own = policy.here(Path())
    allowed = options.publish_names or (own is not None and own.publish_names)
    inputs = dataclasses.replace(
        _inputs(options),
        visibility=current.visibility,
        publish_names=allowed,
        run=builds.run_number(wiring.surroundings),
    )
    facts = builds.facts(wiring.surroundings, inputs.projects)
    ports = sign.SignPorts(environment, wiring.signer(options.trust_config), wiring.files(), facts)
    with progress(options, wiring.surroundings) as tell:
        tell("signing")
        result = sign.run(inputs, ports)
    return reports.report(result, options.output, sandbox=current.sandbox)


def _inputs(options: SimpleNamespace) -> sign.SignInputs:
    from counterseal.commands import sign

    return sign.SignInputs(
        projects=options.project or (Path(),),
        subjects=options.subjects,
        output=options.output,
        public_log=options.trust_config is None,
        test_results=options.test_results,
        dry_run=options.dry_run,
    )


def _on_a_laptop(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Say what a job would sign, if that is what was asked; files that are not there are named first.

    Raises:
        UsageError: A file is missing, or something was to be signed.
    """
    from counterseal.cli.on_a_laptop import here, require_job
    from counterseal.commands import sign
    from counterseal.render.reports import sign as reports
    from counterseal.wiring import builds

    inputs, files = _inputs(options), wiring.files()
    if not options.dry_run:
        files.collect(options.subjects)
        require_job(
            wiring.surroundings,
            "sign",
            instead="let the tag's workflow sign; to see what it would sign: --dry-run; to rehearse the whole way: "
            "counterseal sandbox --for .",
        )
    clone, revision = here()
    result = sign.preview(inputs, files, builds.facts(wiring.surroundings, inputs.projects), revision)
    return reports.preview(result, options.output, changed=clone.changed())
