"""Reviews of a pull request of GitHub, and what its timeline says of them: who dismissed which, and what it was before.

A dismissal overwrites the state of the review. What the review said, who dismissed it and when stand in the timeline
only (GitHub's REST documentation, "Issue event types", `review_dismissed`); where they do not, nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from counterseal.adapters.github.people import actor_in
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.model import Actor, Review, ReviewState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.adapters.github.api import GitHubApi

_STATES: Final = {
    "APPROVED": ReviewState.APPROVED,
    "CHANGES_REQUESTED": ReviewState.CHANGES_REQUESTED,
    "COMMENTED": ReviewState.COMMENTED,
    "DISMISSED": ReviewState.DISMISSED,
    "PENDING": ReviewState.PENDING,
}
_RETARGETED: Final = {"base_ref_changed", "automatic_base_change_succeeded"}
_DISMISSED: Final = "review_dismissed"


@dataclass(frozen=True, slots=True)
class Dismissal:
    """The end of a review: what it said (None: not told), who ended it (None: an account that is gone), and when."""

    was: ReviewState | None
    by: Actor | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is needed of a timeline: when the base was changed last, and the dismissals by review."""

    retargeted_at: datetime | None
    dismissals: Mapping[int, Dismissal]


NO_TIMELINE: Final = Timeline(None, {})


class ReviewReader:
    """Reads reviews and timelines of the pull requests of one repository."""

    def __init__(self, api: GitHubApi, host: str, needs: str) -> None:
        self._api = api
        self._host = host
        self._needs = needs

    def reviews(self, number: int, dismissals: Mapping[int, Dismissal]) -> tuple[Review, ...]:
        """Return all reviews in GitHub's order."""
        what = f"reviews of #{number}"
        listed = self._api.pages(self._api.here(f"/pulls/{number}/reviews"), what=what, access=self._needs)
        reviews = tuple(self._review(number, Fields(data, f"{what}: review"), dismissals) for data in listed)
        if len({review.id for review in reviews}) != len(reviews):
            raise ServiceError(
                f"{what}: one is listed twice", why="the list changed while it was read", fix="run again"
            )
        return reviews

    def _review(self, number: int, fields: Fields, dismissals: Mapping[int, Dismissal]) -> Review:
        identifier = fields.number("id")
        fields.what = f"review {identifier} of #{number}"
        state = fields.one_of("state", _STATES)
        end = dismissals.get(identifier) if state is ReviewState.DISMISSED else None
        return Review(
            id=identifier,
            actor=actor_in(fields, "user", self._host),
            state=state,
            revision=None if fields.is_null("commit_id") else fields.revision("commit_id"),
            submitted_at=None if state is ReviewState.PENDING else fields.moment("submitted_at"),
            url=fields.text("html_url"),
            was=end.was if end else None,
            dismissed_by=end.by if end else None,
            dismissed_at=end.at if end else None,
        )

    def timeline(self, number: int) -> Timeline:
        """Return what happened to a pull request, of which only some matters here."""
        what = f"timeline of #{number}"
        listed = self._api.pages(self._api.here(f"/issues/{number}/timeline"), what=what, access=self._needs)
        events = [Fields(data, f"{what}: event") for data in listed]
        turned = (event.moment("created_at") for event in events if event.text("event") in _RETARGETED)
        return Timeline(max(turned, default=None), self._dismissals(events))

    def _dismissals(self, events: Iterable[Fields]) -> Mapping[int, Dismissal]:
        """Return who dismissed which review; two that claim the same one tell nothing."""
        dismissals: dict[int, Dismissal] = {}
        twice: set[int] = set()
        for event in events:
            if event.text("event") != _DISMISSED or not event.has("dismissed_review"):
                continue
            about = event.inner("dismissed_review")
            number = about.number("review_id")
            if number in dismissals:
                twice.add(number)
            by = actor_in(event, "actor", self._host) if event.has("actor") else None
            dismissals[number] = Dismissal(_STATES.get(about.text("state").upper()), by, event.moment("created_at"))
        return {number: dismissal for number, dismissal in dismissals.items() if number not in twice}
