"""What a second build came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.errors import ALLOWED, COULD_NOT_DECIDE
from counterseal.formats import wire
from counterseal.formats.rebuilding import result as results
from counterseal.identifiers import REBUILD_LOG, REBUILD_RESULT
from counterseal.render import escape
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report
from counterseal.render.reports.rebuilding import parts

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.model import RebuildResult, StepEnd

_NETWORK: Final = "a build has no network: if that is why, let `fetch` bring what it needs"


def report(result: RebuildResult, folder: Path) -> Report:
    """Return what was built, and where it lies.

    Args:
        result: Of the second build.
        folder: Where artifacts, log and result are.
    """
    revision, place = result.source.revision[:12], escape.plain(str(folder))
    head = (
        f"rebuilt: {plural(len(result.subjects), 'artifact')} of {revision}"
        if result.built
        else f"not rebuilt: {revision}"
    )
    lines = [head, f"  {parts.apart(result.isolation)}"]
    for file in result.subjects:
        fetched = ", NOT built: the same bytes were fetched" if file.fetched else ""
        lines.append(f"  {escape.plain(file.name)} sha256:{file.digest.sha256}{fetched}")
    lines += parts.inputs(result.inputs)
    for step in result.steps:
        lines += _step(step)
    lines.append(f"  {place}/{REBUILD_RESULT}, {place}/{REBUILD_LOG}")
    errors = () if result.built else (("not rebuilt", "\n".join(lines)),)
    doubts = [] if result.isolation.isolated else [f"this build does not count: {result.isolation.why}"]
    return Report(
        text="\n".join(lines),
        data={"schema": results.SCHEMA, **wire.encode(result)},
        exit_code=ALLOWED if result.built else COULD_NOT_DECIDE,
        outputs={"rebuilt": str(result.built).lower(), "isolated": str(result.isolation.isolated).lower()},
        errors=errors,
        warnings=tuple(escape.plain(doubt, 400) for doubt in doubts),
    )


def _step(step: StepEnd) -> list[str]:
    lines = []
    if step.stopped:
        lines.append(f"  {step.name} was stopped: {step.stopped}")
    elif step.exit:
        lines.append(f"  {step.name} failed with exit code {step.exit}; {REBUILD_LOG} has what it printed")
        lines += [f"    {_NETWORK}"] if step.name == "build" else []
    if step.left:
        names = ", ".join(map(escape.plain, step.left))
        lines.append(f"  {step.name} left running, and it was stopped: {names}")
    return lines
