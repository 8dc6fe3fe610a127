"""Put artifacts and bundles where they wait for a gate: a draft release of the tag, at GitLab a generic package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.cli.report import Report
from counterseal.commands import candidate
from counterseal.identifiers import OUTPUT_FOLDER

if TYPE_CHECKING:
    import argparse

    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("subjects", nargs="+", help="the artifacts: files, globs or SHA256SUMS, as given to sign")
    parser.add_argument("--output", type=Path, default=Path(OUTPUT_FOLDER), help="folder that sign wrote")
    parser.add_argument("--dry-run", action="store_true", help="say what would be uploaded, upload nothing")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    files = [path for path, _ in wiring.files().collect(options.subjects)]
    with wiring.surroundings.work_folder() as work:
        result = candidate.run(wiring.asset_store(), options.output, files, work, dry_run=options.dry_run)
    count = len(result.uploaded)
    done = "would upload" if result.dry_run else "uploaded"
    text = (
        f"candidate: {result.release.tag} · manifest sha256:{result.manifest}\n"
        f"  {done} {count} of {len(result.release.assets) or count} assets"
        + (f" · {result.release.url}" if result.release.url else "")
        + f"\n  next: counterseal request --stage STAGE --tag {result.release.tag}"
    )
    outputs = {"tag": result.release.tag, "manifest": result.manifest, "release-id": str(result.release.id)}
    return Report(text, candidate.as_json(result), outputs=outputs)
