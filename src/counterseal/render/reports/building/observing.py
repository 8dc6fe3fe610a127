"""What was seen of a command. It goes to stderr: stdout is the command's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.formats import wire
from counterseal.render import escape
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands.building import observing

#: How many files are named in text; the written document has more.
SHOWN: Final = 5


def report(result: observing.ObserveResult) -> Report:
    """Return what was seen; the exit code is the command's, 128 and its number for a signal that ended it."""
    step, wrote = result.step, result.step.wrote
    ended = f"was ended by {step.signal}" if step.signal else f"ended with {step.exit}"
    command = escape.plain(" ".join(step.command), 120)
    files = [f"    {escape.plain(file.path)} sha256:{file.digest.sha256}" for file in wrote.files[:SHOWN]]
    more = wrote.count - len(files)
    unanswered = f", no answer from {', '.join(step.around.unanswered)}" if step.around.unanswered else ""
    lines = [
        f"observed: {command} {ended} after {step.duration_ms / 1000:.1f} s",
        f"  {plural(len(step.around.tools), 'tool')}{unanswered}",
        f"  wrote {plural(wrote.count, 'file')}{'' if wrote.complete else ', not all of them looked at'}",
        *files,
        *([f"    and {more} more"] if more > 0 else []),
        f"  {escape.plain(str(result.path))}, step {result.number}: sign takes it into the provenance from there",
    ]
    data = {
        "schema": "counterseal.observe/v1",
        "path": str(result.path),
        "number": result.number,
        "step": wire.encode(step),
    }
    return Report("\n".join(lines), data, exit_code=step.exit, aside=True)
