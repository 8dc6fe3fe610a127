"""What works in a job of CI only says so anywhere else, before it speaks of what a job would lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from counterseal.wiring import Surroundings

#: What only jobs have: the identity that they sign with.
_IDENTITIES: Final = ("ACTIONS_ID_TOKEN_REQUEST_URL", "SIGSTORE_ID_TOKEN")


def require_job(surroundings: Surroundings, verb: str, *, instead: str) -> None:
    """Refuse a verb outside of CI.

    Args:
        surroundings: Where we are.
        verb: That needs a job's identity.
        instead: What to do here.

    Raises:
        UsageError: This is no job.
    """
    if surroundings.in_github or surroundings.in_gitlab or any(surroundings.environ.get(name) for name in _IDENTITIES):
        return
    raise UsageError(f"{verb} runs in CI only", why="it needs the identity of a CI job", fix=instead)
