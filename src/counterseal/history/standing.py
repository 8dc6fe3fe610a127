"""What follows from a history for today: what a stage has, what was turned away for good, the way of one tag.

Pure: reads a `History` and what else waits, and fetches nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import FormatError
from counterseal.formats import manifest
from counterseal.history.events import (
    Consent,
    Hold,
    Publication,
    Reinstatement,
    Resume,
    Revocation,
    Withdrawn,
)
from counterseal.history.events.revocation import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from counterseal.history.events import Body
    from counterseal.history.fold import History, Told, ToldEvent

#: Stage and manifest (sha256) that a request is about; of what is no request an empty stage and its name.
Asked = tuple[str, str]


def asked(path: str) -> Asked:
    """Return what the request at a path asks for, so that a second request for the same can be told."""
    try:
        stage, digest, _ = manifest.parse_request_path(path)
    except FormatError:
        return "", path
    return stage, digest


def turned_away(history: History, waiting: Iterable[str]) -> list[Told]:
    """Return the last decision about each request that let nothing in and was not asked again, newest first.

    A deny, or an allow that was withdrawn. What the stage let in by another request is not turned away.

    Args:
        history: What was decided.
        waiting: Paths of the requests that are open, or merged and undecided.
    """
    last: dict[Asked, Told] = {}
    settled = {asked(path) for path in waiting}
    for recorded in history.decisions.values():
        key = asked(recorded.decision.request.file)
        last[key] = recorded
        if recorded.stands:
            settled.add(key)
    rest = [recorded for key, recorded in last.items() if key not in settled]
    return sorted(rest, key=lambda recorded: -recorded.sequence)


def decided(history: History, tag: str, files: Collection[str]) -> list[Told]:
    """Return the decisions about a tag in their order.

    Args:
        history: What was decided.
        tag: Of the candidate.
        files: Requests (paths) for the tag besides: where the candidate was not read, a decision names none.
    """
    return [
        recorded
        for recorded in history.decisions.values()
        if (
            recorded.decision.source.tag == tag if recorded.decision.source else recorded.decision.request.file in files
        )
    ]


def consequences(history: History, decisions: Collection[Told], subjects: Collection[str]) -> list[ToldEvent]:
    """Return what became of decisions: publications, withdrawals, revocations and what took those back, in order.

    Args:
        history: What was recorded.
        decisions: Those that are asked about.
        subjects: sha256 of the manifests and artifacts that they are about.
    """
    ids = {known.entry_id for known in decisions}
    found: list[ToldEvent] = []
    for recorded in history.events:
        match recorded.event.body:
            case Publication() | Withdrawn() as body:
                about = body.decision.entry_id in ids
            case Revocation() as body:
                about = body.target.kind in AT_ONCE and body.target.value in subjects
            case Reinstatement() as body:
                about = any(each.entry_id in body.revocations for each in found)
            case _:
                about = False
        found += [recorded] if about else []
    return found


def restrictions(
    history: History, *, stage: str | None = None, since: datetime | None = None, text: str | None = None
) -> tuple[ToldEvent, ...]:
    """Return the holds and revocations, and what ended them, that fit all that is asked, newest first.

    Args:
        history: What was recorded.
        stage: Only what touches this stage: its holds with their resumes, and all revocations.
        since: Only what was recorded then or later.
        text: Only what has this in its reason, in a login, or in what is revoked; capitals do not matter.
    """
    held = {known.entry_id: known.event.body.stage for known in history.events if isinstance(known.event.body, Hold)}
    return tuple(
        known
        for known in reversed(history.events)
        if isinstance(known.event.body, Hold | Resume | Revocation | Reinstatement)
        and (stage is None or _touches(known.event.body, stage, held))
        and (since is None or known.event.occurred_at >= since)
        and (text is None or any(text.casefold() in word.casefold() for word in _words(known)))
    )


def _touches(body: Body, stage: str, held: Mapping[str, str | None]) -> bool:
    if isinstance(body, Hold):
        return body.stage in (None, stage)
    if isinstance(body, Resume):
        return any(held.get(entry_id) in (None, stage) for entry_id in body.holds)
    return True


def _words(known: ToldEvent) -> Iterator[str]:
    body = known.event.body
    yield from (str(known.event.kind), known.event.actor.login)
    if isinstance(body, Hold | Resume | Revocation | Reinstatement):
        yield body.reason
    if isinstance(body, Revocation):
        yield body.target.value
    if isinstance(consent := getattr(body, "consent", None), Consent):
        yield from (person.login for person in (consent.requester, *consent.approvers) if person)
