"""What people record at once or by two, in words: holds, resumes, revocations, reinstatements, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.formats import wire
from counterseal.history.events import Consent, Hold, Reinstatement, Resume, Revocation
from counterseal.render.escape import plain

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.gate.permitting import consented
    from counterseal.model import Target


def headline(body: object) -> str:
    """Return in one line what an event stops, takes back or lets on; nothing for other kinds."""
    match body:
        case Hold():
            more = ", for rollbacks, too" if body.stops == "all" else ""
            return f"hold: {stage_is(body.stage)} held until {wire.timestamp(body.until)}{more}"
        case Resume():
            return f"resume: {_count(len(body.holds), 'hold')} ended"
        case Revocation():
            return f"revocation: {target(body.target)} is revoked {until(body.until)}"
        case Reinstatement():
            return f"reinstatement: {_count(len(body.revocations), 'revocation')} taken back"
        case _:
            return ""


def permitted(known: consented.Permitted) -> str:
    """Return an event that people agreed to."""
    body, sequence = known.event.body, known.entry.link.sequence
    recorded = "recorded" if known.fresh else "recorded before"
    return (
        f"{headline(body)}\n"
        f"  {plain(known.path)}, {agreed(body)}\n"
        f"  ledger: entry {sequence} ({known.event.kind} {recorded})"
    )


def what(body: object) -> str:
    """Return in a few words what an event stops, takes back or lets on, for a column of a table."""
    match body:
        case Hold():
            return f"until {body.until:%Y-%m-%d %H:%M}" + (", rollbacks too" if body.stops == "all" else "")
        case Resume():
            return _many(len(body.holds), "hold")
        case Revocation():
            lasts = f"until {body.until:%Y-%m-%d %H:%M}" if body.until else "for good"
            return f"{plain(body.target.kind)} {plain(body.target.value[:12])}, {lasts}"
        case Reinstatement():
            return _many(len(body.revocations), "revocation")
        case _:
            return ""


def way_out(body: object, sequence: int) -> str:
    """Return how two people end what one person recorded in an entry; nothing for what two recorded."""
    if isinstance(body, Hold):
        return f"two people end it before: {request('resume', sequence)}"
    if isinstance(body, Revocation):
        back = f"two people take it back: {request('reinstatement', sequence)}"
        if body.consent is not None:
            return back
        return f"two people make it lasting: {request('revocation', sequence)}; or {back}"
    return ""


def request(kind: str, sequence: int) -> str:
    """Return the command that asks for an event about an entry."""
    return f"counterseal request --kind {kind} --entry {sequence}"


def reason(body: object) -> str:
    """Return the words of whoever asked, or nothing."""
    return body.reason if isinstance(body, Hold | Resume | Revocation | Reinstatement) else ""


def agreed(body: object) -> str:
    """Return who asked for what two agreed to, and who they are; nothing where one person was enough."""
    consent = getattr(body, "consent", None)
    if not isinstance(consent, Consent):
        return ""
    asker = plain(consent.requester.login, 40) if consent.requester else "somebody"
    approvers = ", ".join(plain(person.login, 40) for person in consent.approvers) or "nobody"
    return f"asked for by {asker}, approved by {approvers}"


def stage_is(stage: str | None) -> str:
    """Return the subject of a sentence about what is held."""
    return f"{plain(stage)} is" if stage else "every stage is"


def target(revoked: Target) -> str:
    """Return what is revoked."""
    window = ", ".join(
        f"{word} {wire.timestamp(moment)}"
        for word, moment in (("from", revoked.window_since), ("until", revoked.window_until))
        if moment is not None
    )
    return f"the {plain(revoked.kind)} {plain(revoked.value, 300)}{f' ({window})' if window else ''}"


def until(moment: datetime | None) -> str:
    """Return how long a revocation lasts."""
    return f"until {wire.timestamp(moment)}" if moment else "for good"


def members(body: object) -> list[tuple[str, str]]:
    """Return by name what one entry in full says of an event of these kinds; an empty list for other kinds."""
    rows: list[tuple[str, Any]] = []
    match body:
        case Hold():
            rows = [("stage", body.stage or "every stage"), ("stops", body.stops), ("until", body.until)]
        case Resume():
            rows = [("ends", holds) for holds in body.holds]
        case Revocation():
            rows = [("revoked", target(body.target)), ("since", body.since), ("until", body.until or "for good")]
            rows += [("confirms", body.confirms)] if body.confirms else []
        case Reinstatement():
            rows = [("takes back", entry_id) for entry_id in body.revocations]
        case _:
            return []
    rows.append(("reason", reason(body)))
    consent = getattr(body, "consent", None)
    if isinstance(consent, Consent):
        rows += [("agreed", agreed(body)), ("request", f"{consent.request} at {consent.merge_revision[:12]}")]
        rows.append(("evidence", f"sha256:{consent.evidence_digest.sha256}"))
    return [(name, value if isinstance(value, str) else wire.timestamp(value)) for name, value in rows]


def _count(number: int, what: str) -> str:
    return f"{_many(number, what)} {'is' if number == 1 else 'are'}"


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
