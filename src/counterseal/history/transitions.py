"""Which events there can be after what is in force: the table of what ends, confirms or takes back what (R37).

| event | what it needs |
|---|---|
| hold | an end after its beginning |
| resume | holds that nobody ended yet; the consent of two who neither asked for it nor hold |
| revocation at once | a manifest or an artifact, and an end |
| revocation by two | no end, and their consent |
| confirmation | also a provisional revocation of the same target, made by neither of them, and no later begin |
| reinstatement | revocations that are known; the consent of two |

A gate judges the request before it signs. Readers ask again here, so that an event which no gate may have signed is an
error of the whole ledger. It knows no clock: that a hold has ended by itself is for the gate; a resume of it does no
harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.history.events import Event, Hold, Reinstatement, Resume, Revocation, revocation

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from counterseal.history.events import Consent
    from counterseal.model import Held, Revoked

#: So many people agree to what permits.
QUORUM: Final = 2


def problem(event: Event, holds: Sequence[Held], revoked: Sequence[Revoked]) -> str:
    """Return why an event cannot follow, or nothing if it can.

    Args:
        event: The event.
        holds: The holds that are known before it.
        revoked: The revocations that are known before it.
    """
    match event.body:
        case Hold() as body:
            return "" if body.until > event.occurred_at else "a hold that ends before it begins"
        case Resume() as body:
            return _resume(body, {held.entry_id: held for held in holds})
        case Revocation() as body:
            return _revocation(body, {known.entry_id: known for known in revoked})
        case Reinstatement() as body:
            unknown = _unknown(body.revocations, {known.entry_id for known in revoked})
            return unknown or _disagreement(body.consent, ())
        case _:
            return ""


def _resume(body: Resume, holds: dict[str, Held]) -> str:
    if unknown := _unknown(body.holds, holds):
        return unknown
    ended = [holds[entry_id] for entry_id in body.holds if holds[entry_id].ended]
    if ended:
        return f"a resume of entry {ended[0].sequence}, which was resumed before"
    return _disagreement(body.consent, {holds[entry_id].by for entry_id in body.holds})


def _revocation(body: Revocation, revoked: dict[str, Revoked]) -> str:
    if body.consent is None:
        return _alone(body)
    if body.until is not None:
        return "a revocation that people agreed to, and that ends"
    if body.confirms is None:
        return _disagreement(body.consent, ())
    return _unknown((body.confirms,), revoked) or _confirmation(body, body.consent, revoked[body.confirms])


def _confirmation(body: Revocation, consent: Consent, known: Revoked) -> str:
    if known.until is None or known.target != body.target:
        return f"it confirms entry {known.sequence}, which lasts already or is of something else"
    if body.since > known.since:
        return f"it confirms entry {known.sequence}, and counts from later than that"
    return _disagreement(consent, {known.by})


def _alone(body: Revocation) -> str:
    """Return why this is not for one person to revoke."""
    if body.target.kind not in revocation.AT_ONCE:
        return f"one person revokes a {body.target.kind}, which takes {QUORUM}"
    lasts = body.until is None or body.confirms is not None
    return f"one person revokes for good, which takes {QUORUM}" if lasts else ""


def _unknown(entries: Sequence[str], known: Collection[str]) -> str:
    """Return which entry is not in force; also if there is none, or one twice."""
    if not entries or len(set(entries)) != len(entries):
        return "it names no entries, or one twice"
    return next(
        (f"it names {entry_id[:12]}, which is not in force" for entry_id in entries if entry_id not in known), ""
    )


def _disagreement(consent: Consent, concerned: Collection[str]) -> str:
    """Return why it is no consent: too few agree of those who did not ask, and whom it is not about."""
    asked = {consent.requester.key} if consent.requester else set()
    agree = {actor.key for actor in consent.approvers if f"{actor.host}/{actor.id}" not in concerned} - asked
    return "" if len(agree) >= QUORUM else f"{len(agree)} agreed who may, and it takes {QUORUM}"
