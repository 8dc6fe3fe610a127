"""What `sign` signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import wire
from counterseal.render import versions
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report
from counterseal.render.text import SANDBOX_NOTE

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.commands import sign


def report(result: sign.SignResult, folder: Path, *, sandbox: bool) -> Report:
    """Return what was signed, and where it lies.

    Args:
        result: What was signed.
        folder: Where the signatures are.
        sandbox: The identity was a sandbox's.
    """
    done, count = "would sign" if result.dry_run else "signed", len(result.subjects)
    lines = [
        f"{done}: {plural(count, 'artifact')} of {result.tag} at {result.revision[:12]}",
        f"  manifest sha256:{result.manifest}",
        f"  {plural(len(result.statements), 'statement')}, {plural(count, 'file signature')} in {folder}",
        *([f"  {SANDBOX_NOTE}"] if sandbox else []),
    ]
    return Report(
        text="\n".join(lines),
        data={"schema": "counterseal.sign/v1", **wire.encode(result), "sandbox": sandbox},
        outputs={"manifest": result.manifest, "tag": result.tag},
        warnings=tuple(versions.warnings(result.tag, (artifact.name for artifact in result.subjects))),
    )
