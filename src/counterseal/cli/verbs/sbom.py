"""Make a CycloneDX SBOM of a project, with the artifacts in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli.report import Report
from counterseal.commands import sbom
from counterseal.identifiers import OUTPUT_FOLDER

if TYPE_CHECKING:
    import argparse

    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    add_build_arguments(parser)
    parser.add_argument("--lock", type=Path, help="the lock file, if the project has several or none of its own")
    parser.add_argument("--dry-run", action="store_true", help="make and check it, write nothing")


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `sbom` and `sign` are both told."""
    parser.add_argument("subjects", nargs="+", help="the artifacts: files, globs or SHA256SUMS")
    parser.add_argument("--project", type=Path, default=Path(), help="folder of the project (default: here)")
    parser.add_argument("--output", type=Path, default=Path(OUTPUT_FOLDER), help=f"default: {OUTPUT_FOLDER}")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    inputs = sbom.SbomInputs(
        project=options.project,
        subjects=tuple(options.subjects),
        output=options.output,
        epoch=wiring.surroundings.epoch(),
        revision=wiring.surroundings.revision(),
        dry_run=options.dry_run,
    )
    result = sbom.run(inputs, builder=wiring.sbom_builder(options.lock), files=wiring.files())
    verb = "would write" if result.dry_run else "wrote"
    text = (
        f"sbom: {result.components} components, {len(result.subjects)} artifacts\n"
        f"  {verb} {result.path} · sha256:{result.digest}"
    )
    outputs = {"sbom": str(result.path), "sbom-digest": result.digest}
    return Report(text, sbom.as_json(result), outputs=outputs)
