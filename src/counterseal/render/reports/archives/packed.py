"""What `pack` made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.render import escape
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report
from counterseal.render.reports.archives.checked import flaw_data

if TYPE_CHECKING:
    from counterseal.commands.archives import packing


def report(result: packing.PackResult) -> Report:
    """Return the archives with their digests."""
    done = "would write" if result.dry_run else "wrote"
    how = f"deflate by zlib {result.zlib}" if result.zlib else "stored, without compression"
    rows = [
        f"{done} {escape.plain(str(each.path))} · {each.size} bytes · sha256:{each.digest}" for each in result.archives
    ]
    rows.append(f"{done} {escape.plain(str(result.sums))}")
    lines = [f"pack: {plural(result.members, 'member')} · {how}", *(f"  {row}" for row in rows)]
    return Report(
        "\n".join(lines),
        {
            "schema": "counterseal.pack/v1",
            "dryRun": result.dry_run,
            "members": result.members,
            "zlib": result.zlib,
            "checksums": str(result.sums),
            "archives": [
                {
                    "path": str(each.path),
                    "digest": each.digest,
                    "size": each.size,
                    "contentDigest": each.content_digest,
                }
                for each in result.archives
            ],
            "findings": [flaw_data(flaw) for flaw in result.flaws],
        },
        outputs={"archives": "\n".join(str(each.path) for each in result.archives), "checksums": str(result.sums)},
        warnings=tuple(f"{escape.plain(f'{flaw.what}: {flaw.samples[0]}', 600)}; {flaw.fix}" for flaw in result.flaws),
    )
