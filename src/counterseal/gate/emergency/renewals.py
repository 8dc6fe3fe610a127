"""Whether somebody may stop or revoke once more: nobody keeps a thing stopped, or revoked, for good alone (R52).

What one person did within seven days counts, whatever became of it. A manifest and its files are one thing here: with a
revocation of any of them the whole release is refused, so they could be revoked in turn for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import UsageError
from counterseal.formats import wire
from counterseal.gate.emergency import known, person
from counterseal.history.events import hold as holds
from counterseal.history.events import revocation as revocations

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.gate.ledger import Tip
    from counterseal.gate.opening import Gate
    from counterseal.model import Actor, Revoked, Target


def check_hold(gate: Gate, tip: Tip, stage: str | None, who: Actor, now: datetime) -> None:
    """Require that a hold renews none of the same person.

    Raises:
        UsageError: It would.
    """
    earlier = holds.renewed(tip.state.holds if tip.state else (), stage, _by(who), now)
    if earlier is not None:
        free = wire.timestamp(earlier.since + holds.MEMORY)
        raise UsageError(
            f"{who.login} held {stage or 'every stage'} already (entry {earlier.sequence})",
            why=f"it ends or ended at {wire.timestamp(earlier.until)}, and whoever holds again within 7 days "
            f"renews it (until {free}): for that it takes another person",
            fix=f"ask somebody else to hold it: {person.others(gate, who) or 'nobody else is listed'}",
        )


def lasts(gate: Gate, tip: Tip, target: Target, who: Actor, now: datetime) -> datetime:
    """Return until when a person may revoke something: no longer than what they revoked of the same release already.

    Raises:
        UsageError: It is revoked; or it is more than a person may in a day; or they revoked it, or another part of a
            release that it is in, within seven days, and that has ended.
        LedgerError: The ledger is not what it was.
    """
    revoked = tip.state.revoked if tip.state else ()
    _check_standing(gate, revoked, target, now)
    if revocations.made_today(revoked, _by(who), now) >= revocations.MOST_A_DAY:
        raise UsageError(
            f"{who.login} revoked {revocations.MOST_A_DAY} things within a day, and that is all one person may",
            why="otherwise one person could take everything back",
            fix="hold the stage, let somebody else revoke, or ask: counterseal request --kind revocation",
        )
    end = now + revocations.PROVISIONAL
    for before in known.of_one_release(gate, tip, target, revocations.made(revoked, _by(who), now)):
        if not before.stands(now):
            raise _renewed(gate, before, target, who)
        end = min(end, before.until or end)
    return end


def _check_standing(gate: Gate, revoked: tuple[Revoked, ...], target: Target, now: datetime) -> None:
    for before in revoked:
        if before.target == target and before.stands(now):
            until = f"until {wire.timestamp(before.until)}" if before.until else "for good"
            raise UsageError(
                f"this {target.kind} is revoked already, {until} (entry {before.sequence})",
                why=f"{gate.policy.known_as(before.by)} revoked it",
                fix=f"two people make it lasting: counterseal request --kind revocation --entry {before.sequence}",
            )


def _renewed(gate: Gate, before: Revoked, target: Target, who: Actor) -> UsageError:
    """Return why it is not for this person to revoke that again."""
    same = before.target == target
    what = f"this {target.kind}" if same else f"the {before.target.kind} {before.target.value[:12]} of the same release"
    ended = before.ended or before.until or before.since
    free = wire.timestamp(before.since + revocations.MEMORY)
    others = person.others(gate, who) or "nobody else is listed"
    return UsageError(
        f"{who.login} revoked {what} already (entry {before.sequence})",
        why=f"it ended at {wire.timestamp(ended)}, and whoever revokes again within 7 days renews it (until {free}): "
        "for that it takes another person",
        fix=f"ask somebody else to revoke it ({others}), or two to agree: "
        f"counterseal request --kind revocation --target {target.kind}={target.value}",
    )


def _by(who: Actor) -> str:
    return f"{who.host}/{who.id}"
