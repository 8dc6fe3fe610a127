"""This clone: whether it has the whole history and the ledger, and whether merged requests wait for a gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.identifiers import LEDGER_BRANCH
from counterseal.ledger import STOPPED
from counterseal.project.observations import fault, unseen, warning, well
from counterseal.project.seen import Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.observations import Observation
    from counterseal.project.seen import Seen

_FETCH: Final = f"git fetch origin {LEDGER_BRANCH}"


def check(seen: Seen) -> Iterator[Observation]:
    """Yield what is to be said of the clone."""
    if seen.clone.shallow:
        yield warning(
            "shallow",
            "this clone is shallow",
            why="the history on which requests and ledger are checked is cut off",
            fix="git fetch --unshallow",
        )
    else:
        yield well("shallow", "this clone has the whole history")
    yield from _ledger(seen)
    if not _is_explained(seen):
        yield _waiting(seen)
        yield from _heartbeat(seen)


def _is_explained(seen: Seen) -> bool:
    """Return whether it was said already why nobody can tell which requests wait."""
    explained = seen.clone.shallow or isinstance(seen.policy, Unseen)
    return explained and isinstance(seen.ledger, Unseen) and not seen.ledger.broken


def _ledger(seen: Seen) -> Iterator[Observation]:
    here = seen.clone.ledger
    if isinstance(seen.forge_ledger, Unseen):
        yield unseen("ledger-fetched", "whether this clone has the ledger that the forge has", seen.forge_ledger)
    elif seen.forge_ledger is None:
        yield well("ledger-fetched", "there is no ledger yet: the first gate begins it")
    elif here != seen.forge_ledger:
        yield warning(
            "ledger-fetched",
            "this clone has an old ledger" if here else "this clone has not fetched the ledger",
            why="log and status know less than there is",
            fix=_FETCH,
        )
    else:
        yield well("ledger-fetched", "this clone has the ledger that the forge has")


def _waiting(seen: Seen) -> Observation:
    ledger = seen.ledger
    if isinstance(ledger, Unseen):
        if ledger.broken:
            return fault("ledger", ledger.what, why=ledger.why, fix=ledger.fix or "counterseal log verify")
        return unseen("undecided", "whether merged requests wait for a gate", ledger)
    waiting = ledger.undecided
    if not waiting:
        return well("undecided", "no merged request waits for a gate")
    requests = "a merged request has" if waiting == 1 else f"{waiting} merged requests have"
    return warning(
        "undecided",
        f"{requests} no decision",
        why="a run of the gate was cancelled or failed, is still running, or never started",
        fix="start the gate by hand; counterseal status shows them",
    )


def _heartbeat(seen: Seen) -> Iterator[Observation]:
    """Yield whether scheduled runs still audit the ledger: a stopped one is a stopped schedule, and no attack."""
    if isinstance(seen.ledger, Unseen) or seen.ledger.beat is None:
        return
    age = seen.now - seen.ledger.beat
    if age < STOPPED:
        yield well("heartbeat", "scheduled runs audit the ledger")
        return
    yield warning(
        "heartbeat",
        f"the ledger's heartbeat stopped: no scheduled run has audited it for {age.days} days",
        why="one does every third day at least; the schedule was turned off (GitHub does that after 60 days without a "
        "commit), or this clone is old: no sign of an attack",
        fix=f"{_FETCH}; then look at what starts by itself, above, and start the schedule again",
    )
