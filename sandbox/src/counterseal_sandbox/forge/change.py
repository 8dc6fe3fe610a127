"""What the forge remembers of a change request: its ends, reviews, comments and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ReviewState(StrEnum):
    """The states that GitHub gives a review."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"


@dataclass(slots=True)
class Review:
    """A review; `account` is the id of who gave it, `commit` None a revision that the forge has lost."""

    id: int
    account: int
    state: str
    body: str
    commit: str | None
    submitted_at: datetime | None


@dataclass(slots=True)
class TimelineEvent:
    """Something that happened to a change request.

    `source` is the commit that a push brought it in with (merged); a dismissal names the review, and what that said
    before.
    """

    id: int
    kind: str
    account: int | None
    at: datetime
    source: str | None = None
    review: int | None = None
    was: str = ""


@dataclass(slots=True)
class Comment:
    """A comment under a change request; `system`: GitLab wrote it of what its account did."""

    id: int
    account: int
    body: str
    created_at: datetime
    updated_at: datetime
    system: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a merge request of GitLab: what a push made of it.

    `base` is where the branches part, `start` the head of the target branch at that time.
    """

    id: int
    head: str
    base: str
    start: str
    created_at: datetime


@dataclass(slots=True)
class Reviewer:
    """A reviewer of a merge request of GitLab, and how they stand to it (`unreviewed`, `requested_changes` …)."""

    state: str
    created_at: datetime


@dataclass(slots=True)
class Change:
    """A change request (GitHub: pull request, GitLab: merge request). Accounts and repositories are ids.

    Reviews and the timeline are GitHub's; `versions`, `approvals` (account → when) and `reviewers` (by account)
    GitLab's, which tells of what happened in comments of its own.
    """

    id: int
    number: int
    author: int
    title: str
    body: str
    head_repository: int | None
    head_label: str
    head_branch: str
    head: str
    base_branch: str
    base: str
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: int | None = None
    closed_at: datetime | None = None
    merge_commit: str | None = None
    introduced: tuple[str, ...] = ()
    reviews: list[Review] = field(default_factory=list)
    timeline: list[TimelineEvent] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    approvals: dict[int, datetime] = field(default_factory=dict)
    reviewers: dict[int, Reviewer] = field(default_factory=dict)
    squash_commit: str | None = None
    squash: bool = False

    @property
    def merged(self) -> bool:
        """Return whether it was merged."""
        return self.merged_at is not None
