"""Which events there can be after what is in force: the table of what leads from where to where (R37).

`STEPS` is the table, `CONDITIONS` says what its words mean; docs/formats.md draws them. What events need besides:

| event | what it needs |
|---|---|
| hold | an end after its beginning |
| resume | the consent of two who neither asked for it nor hold |
| revocation at once | a manifest or an artifact, and an end |
| revocation by two | no end, and their consent |
| confirmation | also the same target as the provisional one, made by neither of them, and no later begin |
| reinstatement | the consent of two |

A gate judges the request before it signs. Readers ask again here, so that an event which no gate may have signed is an
error of the whole ledger. It knows no clock: that a hold has ended by itself is for the gate; a resume of it does no
harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.history.events import Event, Hold, Reinstatement, Resume, Revocation, revocation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from counterseal.history.events import Consent
    from counterseal.model import Held, Revoked

#: So many people agree to what permits.
QUORUM: Final = 2

MANIFEST, PUBLICATION, HOLD, REVOCATION = "manifest", "publication", "hold", "revocation"
ABSENT: Final = "absent"
IN_FORCE, RESUMED = "in force", "resumed"
PROVISIONAL, LASTING, TAKEN_BACK = "provisional", "lasting", "taken back"
#: What leads somewhere and is no event: time, and what is done about something else.
ITS_END: Final = "its end"
#: What there is a condition of, and what each condition means.
CONDITIONS: Final[Mapping[str, Mapping[str, str]]] = {
    MANIFEST: {
        ABSENT: "Nothing was decided on it for this stage.",
        "denied": "The newest decision let it not in, and none before did.",
        "active": "It is what the stage has: the newest allow that was not withdrawn.",
        "superseded": "The stage has something newer, and falls back to this if that is withdrawn.",
        "withdrawn": "It was let in and taken back before it was out, or since its tag moved.",
    },
    PUBLICATION: {
        "waiting": "A stage that publishes let it in, and it is no release yet.",
        "published": "It is sealed: the entry lists every file of the release.",
        "withdrawn": "It will not be published, or it is ignored although it was.",
    },
    HOLD: {
        ABSENT: "Nobody holds the stage by this entry.",
        IN_FORCE: "Nothing is let into the stage, or into any.",
        "over": "It ended by itself; who made it needs somebody else for another within seven days.",
        RESUMED: "People ended it; the seven days count as well.",
    },
    REVOCATION: {
        ABSENT: "Nothing is revoked by this entry.",
        PROVISIONAL: "One person revoked it: it does not count for three days.",
        LASTING: "Two agreed: it does not count any more.",
        "over": "It ended by itself and does nothing more; who made it needs somebody else for another in seven days.",
        TAKEN_BACK: "People took it back; the seven days count as well.",
    },
}


@dataclass(frozen=True, slots=True)
class Step:
    """What leads a thing from one condition to another: an event, or what else happens."""

    thing: str
    before: str
    by: str
    after: str


STEPS: Final = tuple(
    Step(thing, before, by, after)
    for thing, before, by, after in (
        (MANIFEST, ABSENT, "deny", "denied"),
        (MANIFEST, ABSENT, "allow", "active"),
        (MANIFEST, "denied", "allow", "active"),
        (MANIFEST, "active", "allow of another", "superseded"),
        (MANIFEST, "active", "withdrawal", "withdrawn"),
        (MANIFEST, "superseded", "withdrawal", "withdrawn"),
        (MANIFEST, "superseded", "withdrawal of the newer", "active"),
        (MANIFEST, "superseded", "allow", "active"),
        (MANIFEST, "withdrawn", "allow", "active"),
        (PUBLICATION, "waiting", "publication", "published"),
        (PUBLICATION, "waiting", "withdrawal", "withdrawn"),
        (PUBLICATION, "published", "withdrawal", "withdrawn"),
        (HOLD, ABSENT, "hold", IN_FORCE),
        (HOLD, IN_FORCE, "resume", RESUMED),
        (HOLD, IN_FORCE, ITS_END, "over"),
        (REVOCATION, ABSENT, "revocation at once", PROVISIONAL),
        (REVOCATION, ABSENT, "revocation by two", LASTING),
        (REVOCATION, PROVISIONAL, "confirmation", LASTING),
        (REVOCATION, PROVISIONAL, ITS_END, "over"),
        (REVOCATION, PROVISIONAL, "reinstatement", TAKEN_BACK),
        (REVOCATION, LASTING, "reinstatement", TAKEN_BACK),
    )
)


def _leads(thing: str, before: str, by: str) -> bool:
    return any((step.thing, step.before, step.by) == (thing, before, by) for step in STEPS)


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
            return _reinstatement(body, {known.entry_id: known for known in revoked})
        case _:
            return ""


def _resume(body: Resume, holds: dict[str, Held]) -> str:
    if unknown := _unknown(body.holds, holds):
        return unknown
    for held in (holds[entry_id] for entry_id in body.holds):
        if not _leads(HOLD, RESUMED if held.ended else IN_FORCE, "resume"):
            return f"a resume of entry {held.sequence}, which was resumed before"
    return _disagreement(body.consent, {holds[entry_id].by for entry_id in body.holds})


def _reinstatement(body: Reinstatement, revoked: dict[str, Revoked]) -> str:
    if unknown := _unknown(body.revocations, revoked):
        return unknown
    for known in (revoked[entry_id] for entry_id in body.revocations):
        if not _leads(REVOCATION, _condition(known), "reinstatement"):
            return f"a reinstatement of entry {known.sequence}, which was taken back or confirmed before"
    return _disagreement(body.consent, ())


def _condition(known: Revoked) -> str:
    """Return the condition of a revocation, as far as no clock is needed."""
    if known.ended:
        return TAKEN_BACK
    return PROVISIONAL if known.until else LASTING


def _revocation(body: Revocation, revoked: dict[str, Revoked]) -> str:
    if body.consent is None:
        return _alone(body)
    if body.until is not None:
        return "a revocation that people agreed to, and that ends"
    if body.confirms is None:
        return _disagreement(body.consent, ())
    return _unknown((body.confirms,), revoked) or _confirmation(body, body.consent, revoked[body.confirms])


def _confirmation(body: Revocation, consent: Consent, known: Revoked) -> str:
    if not _leads(REVOCATION, _condition(known), "confirmation") or known.target != body.target:
        return f"it confirms entry {known.sequence}, which lasts already, was taken back, or is of something else"
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
