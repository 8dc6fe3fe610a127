"""Open a promotion request: a change request that adds one file, which people review and merge."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.cli.report import Report
from counterseal.commands import request
from counterseal.errors import UsageError
from counterseal.formats import manifest, wire

if TYPE_CHECKING:
    import argparse

    from counterseal.wiring import Wiring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--stage", required=True, help="the stage to enter")
    parser.add_argument("--tag", help="the tag whose candidate it is (default: the only one that waits)")
    parser.add_argument("--reason", default="", help="why, in words for reviewers and auditors")
    parser.add_argument("--again", action="store_true", help="ask once more after a deny")
    parser.add_argument("--valid-days", type=int, default=7, help="days until the request lapses (default 7)")
    parser.add_argument("--dry-run", action="store_true", help="print the request file, open nothing")


def run(options: argparse.Namespace, wiring: Wiring) -> Report:
    """Run the verb."""
    wiring = wiring.at_home()
    if not 1 <= options.valid_days <= manifest.MAX_VALID.days:
        raise UsageError(
            f"--valid-days {options.valid_days} cannot be",
            why=f"a request is valid for 1 to {manifest.MAX_VALID.days} days",
            fix="--valid-days 7",
        )
    asked = request.Asked(
        stage=options.stage,
        tag=options.tag.removeprefix("refs/tags/") if options.tag else None,
        reason=options.reason,
        requester=wiring.requester(),
        again=options.again,
        valid_for=timedelta(days=options.valid_days),
    )
    with wiring.surroundings.work_folder() as work:
        result = request.run(wiring.forge(), wiring.asset_store(), wiring.clock(), asked, work, dry_run=options.dry_run)
    if result.dry_run:
        text = f"would request: {result.tag} into {asked.stage}\n  {result.path}\n{result.content.decode()}"
    else:
        name = forges.change_name(asked.requester.host, result.number or 0)
        text = (
            f"requested: {result.tag} into {asked.stage} · {name} {result.url}\n"
            f"  valid until {wire.timestamp(result.valid_until)} · {result.path}\n"
            "  next: have it approved, then merge it; the merge starts the gate"
        )
    data = {
        "schema": "counterseal.request-result/v1",
        "tag": result.tag,
        "number": result.number,
        "url": result.url,
        "path": result.path,
        "validUntil": wire.timestamp(result.valid_until),
        "dryRun": result.dry_run,
    }
    outputs = {"number": str(result.number or ""), "url": result.url or "", "path": result.path}
    return Report(text, data, outputs=outputs)
