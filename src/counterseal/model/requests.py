"""What somebody asks for: the content of a promotion request, or of a request for an event that permits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from counterseal.model.people import Person
from counterseal.model.restrictions import Target


@dataclass(frozen=True, slots=True)
class PinnedAsset:
    """An asset of a candidate as a request names it."""

    id: int
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class PinnedCandidate:
    """The candidate that a request is about: release and assets by id and digest."""

    release: int
    tag: str
    assets: tuple[PinnedAsset, ...]


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """The content of a promotion request file (docs/formats.md#request); of its kind it is a `promotion`."""

    request_id: str
    requested_by: Person
    stage: str
    manifest: str
    candidate: PinnedCandidate
    policy: str
    reason: str
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class EventRequest:
    """The content of a request for an event (docs/formats.md#event-request).

    Attributes:
        request_id: Its own id.
        requested_by: Who asks.
        kind: `resume`, `reinstatement` or `revocation`.
        entries: What it is about, by entry id: holds to end, revocations to take back, the provisional one to confirm.
        target: What is to be revoked; None: nothing anew.
        since: From when it does not count (None: from when it is recorded).
        policy: sha256 of the policy that it was made under.
        reason: The asker's words.
        valid_until: When it lapses.
    """

    request_id: str
    requested_by: Person
    kind: str
    entries: tuple[str, ...]
    target: Target | None
    since: datetime | None
    policy: str
    reason: str
    valid_until: datetime
