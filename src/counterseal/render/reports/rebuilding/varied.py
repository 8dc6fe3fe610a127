"""Two builds of the same source under different conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ALLOWED, NOT_VERIFIED
from counterseal.formats import wire
from counterseal.render import escape
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report
from counterseal.render.reports.rebuilding import parts

if TYPE_CHECKING:
    from counterseal.commands.rebuild import varying


def report(found: varying.Variation) -> Report:
    """Return whether both builds made the same, and what to do where they did not."""
    count = sum(artifact.equal for artifact in found.artifacts)
    word = "the same" if found.equal else "different"
    counted, what = plural(len(found.artifacts), "artifact"), ", ".join(found.varied)
    lines = [
        f"{word}: {count} of {counted} of {found.revision[:12]}, varied: {what}",
        f"  {parts.apart(found.isolation)}",
        *parts.artifacts(found.artifacts, found.fixes),
    ]
    if found.failed is not None:
        why = found.failed.stopped or f"exit code {found.failed.exit}"
        lines.append(f"  the second build failed where the first did not: {found.failed.name}: {why}")
        lines += [f"    {escape.plain(line)}" for line in found.log.splitlines()[-10:]]
    return Report(
        text="\n".join(lines),
        data={"schema": "counterseal.rebuild-vary/v1", **wire.encode(found), "equal": found.equal},
        exit_code=ALLOWED if found.equal else NOT_VERIFIED,
        outputs={"equal": str(found.equal).lower()},
    )
