"""What somebody asks for: the content of a promotion request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from counterseal.model.people import Person


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
