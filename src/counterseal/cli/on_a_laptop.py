"""What works in a job of CI only says so anywhere else, before it speaks of what a job would lack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from counterseal.ports import Clone
    from counterseal.wiring import Surroundings

#: What only jobs have: the identity that they sign with.
_IDENTITIES: Final = ("ACTIONS_ID_TOKEN_REQUEST_URL", "SIGSTORE_ID_TOKEN")


def in_job(surroundings: Surroundings) -> bool:
    """Return whether this is a job of CI, or anything with the identity of one."""
    return surroundings.in_github or surroundings.in_gitlab or any(map(surroundings.environ.get, _IDENTITIES))


def require_job(surroundings: Surroundings, verb: str, *, instead: str) -> None:
    """Refuse a verb outside of CI.

    Args:
        surroundings: Where we are.
        verb: That needs a job's identity.
        instead: What to do here.

    Raises:
        UsageError: This is no job.
    """
    if in_job(surroundings):
        return
    raise UsageError(f"{verb} runs in CI only", why="it needs the identity of a CI job", fix=instead)


def here() -> tuple[Clone, str]:
    """Return the clone that we are in, and the commit that is checked out.

    Raises:
        UsageError: This is no clone, or nothing is committed.
    """
    from counterseal.wiring import project  # noqa: PLC0415 - a job does not pay for it

    clone = project.clone(Path())
    if (revision := clone.revision("HEAD")) is None:
        raise UsageError("nothing is committed here", why="what is released has a source revision", fix="git commit")
    return clone, revision
