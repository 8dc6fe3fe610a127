"""Reviews of a merge request from the three sources that GitLab has, which must agree (R27).

GitLab keeps no revision with an approval. What there is: system notes, which tell who approved when; versions, which
tell what the head was when; and the list of who approves now. An approval counts only if its note is the last word of
its person and the list has the person; its revision is the head of the newest version that was there by then.
Comments and emoji are no reviews: anybody may write them, and edit them later. Pure.

The texts of notes are from GitLab's app/services/system_notes and ee/app/services/ee/system_notes; they are English
whatever the language of a user is. A text that is not known takes nothing away from what the list says.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from counterseal.model import Actor, Review, ReviewState

if TYPE_CHECKING:
    from collections.abc import Sequence


_STATES: Final = {
    "approved this merge request": ReviewState.APPROVED,
    "unapproved this merge request": ReviewState.DISMISSED,
    "requested changes": ReviewState.CHANGES_REQUESTED,
}
_RESET: Final = re.compile(r"reset approvals from (.*) by pushing to the branch", re.DOTALL)
_MENTIONED: Final = re.compile(r"@([A-Za-z0-9_][A-Za-z0-9_.-]*)")
_RETARGETED: Final = "changed target branch from "


@dataclass(frozen=True, slots=True)
class Note:
    """A note that GitLab itself wrote about what `actor` (None: an account that is gone) did."""

    id: int
    actor: Actor | None
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """What the head was from a moment on; `base` is the commit that the change begins at."""

    id: int
    head: str
    base: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What GitLab says of a merge request now, by id of a person.

    `approved` tells when (None: GitLab does not say); `objecting` are the reviewers who request changes.
    """

    approved: Mapping[int, tuple[Actor, datetime | None]]
    objecting: Mapping[int, Actor]


def is_opinion(body: str) -> bool:
    """Return whether a note says what somebody thinks of the merge request."""
    return body in _STATES


def head_at(versions: Sequence[Version], moment: datetime) -> str | None:
    """Return what the head was at a moment, or None; `versions` are oldest first."""
    return next((version.head for version in reversed(versions) if version.at <= moment), None)


def retargeted_at(notes: Sequence[Note], versions: Sequence[Version]) -> datetime | None:
    """Return when the merge request was last retargeted, or None.

    Two signs, of which one suffices: the note, and a version with the head of the version before, which no push made.
    """
    told = [note.at for note in notes if note.body.startswith(_RETARGETED)]
    repeated = [after.at for before, after in itertools.pairwise(versions) if before.head == after.head]
    return max((*told, *repeated), default=None)


def reviews(notes: Sequence[Note], versions: Sequence[Version], standing: Standing, url: str) -> tuple[Review, ...]:
    """Return the reviews, oldest first; what the sources disagree about is followed by a dismissal.

    Args:
        notes: GitLab's own notes, oldest first.
        versions: Oldest first.
        standing: What GitLab says now.
        url: Of the merge request.
    """
    timeline = _Timeline(versions, url)
    for note in notes:
        timeline.add(note)
    timeline.compare(standing)
    return tuple(timeline.reviews)


class _Timeline:
    """Reviews in the making; `_open` has the place of each person's approval that nothing has taken away yet."""

    def __init__(self, versions: Sequence[Version], url: str) -> None:
        self.reviews: list[Review] = []
        self._versions = versions
        self._url = url
        self._open: dict[int, int] = {}

    def add(self, note: Note) -> None:
        """Take up what a note says."""
        if reset := _RESET.fullmatch(note.body):
            self._reset(note, {login.lower() for login in _MENTIONED.findall(reset.group(1))})
        elif (state := _STATES.get(note.body)) is not None:
            self._opinion(note, state)

    def _opinion(self, note: Note, state: ReviewState) -> None:
        actor, place = note.actor, None
        if actor is not None:
            if state is ReviewState.DISMISSED and self._objects(actor.id):
                return  # who takes an approval back has not taken back the demand for changes that came after it
            place = self._open.pop(actor.id, None)
            if state is ReviewState.APPROVED:
                if place is not None:  # GitLab lets nobody approve twice: something between took the first one away
                    self._dismiss(actor, self.reviews[place].id, note.at)
                self._open[actor.id] = len(self.reviews)
        revision = None if state is ReviewState.DISMISSED else head_at(self._versions, note.at)
        was = ReviewState.APPROVED if state is ReviewState.DISMISSED else None
        self.reviews.append(Review(note.id, actor, state, revision, note.at, f"{self._url}#note_{note.id}", was))

    def _objects(self, number: int) -> bool:
        """Return whether the last word of a person is a demand for changes, which only their approval lifts."""
        last = next((review for review in reversed(self.reviews) if review.actor and review.actor.id == number), None)
        return last is not None and last.state is ReviewState.CHANGES_REQUESTED

    def _reset(self, note: Note, logins: set[str]) -> None:
        """Dismiss those who are named; whoever was renamed since is not in the list of approvals."""
        for place in list(self._open.values()):
            actor = self.reviews[place].actor
            if actor is not None and actor.login.lower() in logins:
                del self._open[actor.id]
                self._dismiss(actor, note.id, note.at)

    def _dismiss(self, actor: Actor, note: int, moment: datetime | None) -> None:
        url, was = f"{self._url}#note_{note}", ReviewState.APPROVED
        self.reviews.append(Review(note, actor, ReviewState.DISMISSED, None, moment, url, was))

    def compare(self, standing: Standing) -> None:
        """Dismiss what only one source knows; add who objects now."""
        for number, (actor, moment) in standing.approved.items():
            if number in self._open and not self._is_later(self._open[number], moment):
                self._date(self._open[number], moment)
            elif not self._objects(number):
                self._open.pop(number, None)
                self._dismiss(actor, 0, moment)
        for number, place in self._open.items():
            review = self.reviews[place]
            if review.actor is not None and number not in standing.approved:
                self._dismiss(review.actor, review.id, review.submitted_at)
        for number, actor in standing.objecting.items():
            if not self._objects(number):
                self.reviews.append(Review(0, actor, ReviewState.CHANGES_REQUESTED, None, None, self._url))

    def _is_later(self, place: int, approved_at: datetime | None) -> bool:
        """Return whether the list has a newer approval than the notes: it was given again, and no note says when.

        GitLab makes the approval first and its note a moment later. So notes are missing, that of the new approval and
        that of what took the old one away; the person approved something else than the notes tell.
        """
        told = self.reviews[place].submitted_at
        return approved_at is not None and told is not None and approved_at > told

    def _date(self, place: int, approved_at: datetime | None) -> None:
        """Date an approval when it was given: GitLab writes the note a moment later, and a push may lie between."""
        review = self.reviews[place]
        if approved_at is not None and review.submitted_at is not None and approved_at < review.submitted_at:
            revision = head_at(self._versions, approved_at)
            self.reviews[place] = replace(review, submitted_at=approved_at, revision=revision)
