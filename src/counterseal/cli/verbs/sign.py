"""Sign artifacts, manifest, provenance and SBOM with this run's identity; all of it or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli.report import Report
from counterseal.cli.verbs.sbom import add_build_arguments
from counterseal.commands import sign
from counterseal.errors import UsageError
from counterseal.render import text

if TYPE_CHECKING:
    import argparse

    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    add_build_arguments(parser)
    parser.add_argument("--test-results", type=Path, help="a JUnit report to attest")
    parser.add_argument("--trust-config", type=Path, help="ClientTrustConfig of another Sigstore instance")
    parser.add_argument("--publish-names", action="store_true", help="a private repository's names may become public")
    parser.add_argument("--sandbox", action="store_true", help="a rehearsal: refuse an identity that is no sandbox's")
    parser.add_argument("--dry-run", action="store_true", help="do everything but sign and write")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    environment = wiring.environment()
    current = environment.run()
    if options.sandbox and not current.sandbox:
        raise UsageError(
            "this identity is no sandbox's, and nothing was signed",
            why=f"{current.issuer} issued it, and --sandbox is for rehearsals",
            fix="sign in the environment of a sandbox's run (docs/sandbox.md), or leave --sandbox away",
        )
    inputs = sign.SignInputs(
        project=options.project,
        subjects=tuple(options.subjects),
        output=options.output,
        public_log=options.trust_config is None and not current.sandbox,
        visibility=current.visibility,
        publish_names=options.publish_names,
        test_results=options.test_results,
        dry_run=options.dry_run,
    )
    ports = sign.SignPorts(environment, wiring.signer(options.trust_config), wiring.files(), wiring.build_facts())
    result = sign.run(inputs, ports)
    verb = "would sign" if result.dry_run else "signed"
    shown = "\n".join(
        (
            f"{verb}: {len(result.subjects)} artifacts of {result.tag} at {result.revision[:12]}",
            f"  manifest sha256:{result.manifest}",
            f"  {len(result.statements)} statements, {len(result.subjects)} file signatures in {options.output}",
            *([f"  {text.SANDBOX_NOTE}"] if current.sandbox else []),
        )
    )
    outputs = {"manifest": result.manifest, "tag": result.tag}
    return Report(shown, {**sign.as_json(result), "sandbox": current.sandbox}, outputs=outputs)
