"""What `candidate` uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import wire
from counterseal.render import escape, versions
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands import candidate


def preview(result: candidate.CandidatePreview, stage: str | None) -> Report:
    """Return what a run in CI would upload.

    Args:
        result: What lies here, and what `sign` would make of it.
        stage: The policy's first stage, as far as this checkout knows it.
    """
    lines = [
        f"would upload {len(result.present) + len(result.signed)} assets to the tag's candidate",
        f"  here: {', '.join(map(escape.plain, result.present))}",
        f"  signed in CI, not here: {', '.join(map(escape.plain, result.signed))}",
        "  tag: that of the workflow in CI; whether it has a candidate already was not looked at",
        f'  then: counterseal request --stage {escape.plain(stage or "STAGE")} --tag TAG --reason "…"',
    ]
    return Report("\n".join(lines), {"schema": "counterseal.candidate-preview/v1", **wire.encode(result)})


def report(result: candidate.CandidateResult, stage: str | None = None) -> Report:
    """Return the candidate, and what this run added to it.

    Args:
        result: What was uploaded.
        stage: The policy's first stage, as far as this checkout knows it.
    """
    release, count = result.release, len(result.uploaded)
    done = "would upload" if result.dry_run else "uploaded"
    text = (
        f"candidate: {release.tag} · manifest sha256:{result.manifest}\n"
        f"  {done} {count} of {len(release.assets) or count} assets"
        + (f" · {release.url}" if release.url else "")
        + f'\n  next: counterseal request --stage {escape.plain(stage or "STAGE")} --tag {release.tag} --reason "…"'
    )
    data = {"schema": "counterseal.candidate/v1", **wire.encode(result)}
    outputs = {"tag": release.tag, "manifest": result.manifest, "release-id": str(release.id)}
    files = [asset.name for asset in release.assets] or result.uploaded
    return Report(text, data, outputs=outputs, warnings=tuple(versions.warnings(release.tag, files)))
