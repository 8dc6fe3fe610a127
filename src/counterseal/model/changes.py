"""What happened at the forge: change requests, their reviews, how they came onto a branch, who started a build."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from counterseal.model.people import Actor


class ReviewState(StrEnum):
    """What a review says. Any other state that a forge may send is an error (R01)."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Review:
    """One actor's opinion on one revision; `actor` None is a deleted account, `revision` None a lost commit.

    Of a dismissed one `was` tells what it said before, `dismissed_by` and `dismissed_at` who ended it, and when; None
    where the forge does not tell (at GitLab people take back their own, and it was an approval).
    """

    id: int
    actor: Actor | None
    state: ReviewState
    revision: str | None
    submitted_at: datetime | None
    url: str
    was: ReviewState | None = None
    dismissed_by: Actor | None = None
    dismissed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a change request: everybody who had a hand in it.

    `people` are author, committer and co-authors that the forge could name;
    `unattributed` counts those that it could not (R15).
    """

    revision: str
    people: tuple[Actor, ...]
    unattributed: int


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A pull or merge request with all its reviews (in the forge's order) and commits, completely read.

    `base_ref` is a full ref, such as `refs/heads/main`. `head_came_back_at`: when its head was pushed once more after
    something else had been there (None: never). `limits` says what is so big that it could not be read completely, a
    sentence each; that will stay so, and nothing can be judged by the rest.
    """

    number: int
    url: str
    repository_id: int
    base_ref: str
    base_retargeted_at: datetime | None
    head: str
    author: Actor | None
    merged: bool
    merged_at: datetime | None
    merged_by: Actor | None
    merge_revision: str | None
    commits: tuple[Commit, ...]
    pushers: tuple[Actor, ...]
    unknown_pushers: int
    reviews: tuple[Review, ...]
    head_came_back_at: datetime | None = None
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A change request that is open, as a list shows it.

    `inside`: it comes from a branch of the repository itself; `branch` is that one's name, without `refs/heads/`.
    """

    number: int
    url: str
    inside: bool
    branch: str


class Mover(StrEnum):
    """Who moved a branch to a merged change request: the forge itself, or somebody who pushed its commits."""

    FORGE = "forge"
    PERSON = "person"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Merge:
    """How a revision came onto a branch: within the change request `number`, whose merge left the branch at `end`."""

    number: int
    end: str
    mover: Mover
    merged_at: datetime


@dataclass(frozen=True, slots=True)
class BranchMove:
    """A line of the forge's log of pushes: who moved a branch, from where, and where to.

    `before` is None where the branch was made, `after` where it was deleted; `actor` None is an account that is gone.
    """

    at: datetime
    actor: Actor | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class BuildStart:
    """Whose hands were on a builder's run.

    Who started it, whether people play it with variables of their own, and whether it was started again.
    """

    run: str
    people: tuple[Actor, ...]
    manual: bool
    again: bool
