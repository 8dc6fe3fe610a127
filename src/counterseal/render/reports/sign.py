"""What `sign` signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import wire
from counterseal.render import escape, versions
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.commands import sign


#: What only a run in CI knows.
ONLY_IN_CI = "identity: that of the workflow in CI; so are tag, manifest and signatures"


def preview(result: sign.SignPreview, folder: Path, *, changed: bool) -> Report:
    """Return what a run in CI would sign.

    Args:
        result: What lies here.
        folder: Where the signatures would be.
        changed: The working tree has what is not committed.
    """
    count = len(result.subjects)
    lines = [
        f"would sign: {count} artifact{'' if count == 1 else 's'} of the source at {result.revision[:12]}",
        *(f"  {escape.plain(subject.name)} sha256:{subject.digest}" for subject in result.subjects),
        f"  SBOM sha256:{result.sbom}",
        f"  statements: {', '.join(result.statements)}",
        f"  would write {', '.join(map(escape.plain, result.written))} in {escape.plain(str(folder))}",
        f"  {ONLY_IN_CI}",
        *_observed(result.observed),
        *(["  note: what is not committed here is in no job's checkout"] if changed else []),
    ]
    data = {"schema": "counterseal.sign-preview/v1", **wire.encode(result), "uncommitted": changed}
    return Report(text="\n".join(lines), data=data)


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
        *_observed(result.observed),
        *([f"  {SANDBOX_NOTE}"] if sandbox else []),
    ]
    return Report(
        text="\n".join(lines),
        data={"schema": "counterseal.sign/v1", **wire.encode(result), "sandbox": sandbox},
        outputs={"manifest": result.manifest, "tag": result.tag},
        warnings=(
            *versions.warnings(result.tag, (artifact.name for artifact in result.subjects)),
            *(f"{name} has other bytes than those that the observed command wrote" for name in result.contradicted),
        ),
    )


def _observed(commands: int) -> list[str]:
    return [f"  with the observation of {plural(commands, 'command')}"] if commands else []
