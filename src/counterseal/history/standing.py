"""What follows from a history for today: what a stage has, what was turned away for good, the way of one tag.

Pure: reads a `History` and what else waits, and fetches nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import FormatError
from counterseal.formats import manifest
from counterseal.history.events import Publication, Withdrawn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from counterseal.history.fold import History, RecordedDecision, RecordedEvent

#: Stage and manifest (sha256) that a request is about; of what is no request an empty stage and its name.
Asked = tuple[str, str]


def asked(path: str) -> Asked:
    """Return what the request at a path asks for, so that a second request for the same can be told."""
    try:
        stage, digest, _ = manifest.parse_request_path(path)
    except FormatError:
        return "", path
    return stage, digest


def turned_away(history: History, waiting: Iterable[str]) -> list[RecordedDecision]:
    """Return the last decision about each request that let nothing in and was not asked again, newest first.

    A deny, or an allow that was withdrawn. What the stage let in by another request is not turned away.

    Args:
        history: What was decided.
        waiting: Paths of the requests that are open, or merged and undecided.
    """
    last: dict[Asked, RecordedDecision] = {}
    settled = {asked(path) for path in waiting}
    for recorded in history.decisions.values():
        key = asked(recorded.decision.request.file)
        last[key] = recorded
        if recorded.stands:
            settled.add(key)
    rest = [recorded for key, recorded in last.items() if key not in settled]
    return sorted(rest, key=lambda recorded: -recorded.sequence)


def decided(history: History, tag: str, files: Collection[str]) -> list[RecordedDecision]:
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


def consequences(history: History, decisions: Collection[RecordedDecision]) -> list[RecordedEvent]:
    """Return what became of decisions, publications and withdrawals, in its order."""
    ids = {recorded.entry.link.entry_id for recorded in decisions}
    return [
        recorded
        for recorded in history.events
        if isinstance(recorded.event.body, (Publication, Withdrawn)) and recorded.event.body.decision.entry_id in ids
    ]
