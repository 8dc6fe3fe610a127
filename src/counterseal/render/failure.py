"""An error as lines for people and as JSON: of a call that has no result, and of one file among several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.render.escape import plain
from counterseal.verification import StepError

if TYPE_CHECKING:
    from counterseal.errors import CountersealError


def text(problem: CountersealError) -> str:
    """Return what went wrong, why, and how to fix it."""
    parts = [f"error: {plain(problem.what, 2000)}"]
    for title, words in (("why", problem.why), ("fix", problem.fix)):
        for number, line in enumerate(words.split("\n") if words else ()):
            parts.append(f"  {f'{title}: ' if number == 0 else '     '}{plain(line, 2000)}".rstrip())
    return "\n".join(parts)


def document(error: CountersealError) -> dict[str, Any]:
    """Return what a call that failed has for a reader of JSON."""
    return {"schema": "counterseal.error/v1", "error": data(error), "exitCode": error.exit_code}


def data(error: CountersealError) -> dict[str, Any]:
    """Return an error as data; `step` is the number of the verification step that failed, if one did."""
    step = error.look.number if isinstance(error, StepError) else None
    return {"step": step, "message": error.what, "why": error.why, "fix": error.fix}
