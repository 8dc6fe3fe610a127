"""Which reviews of a request count, which do not and why, who objects; whoever had a part in a request.

Pure: reads collected evidence. How many approvals are enough is for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.evaluation.concerned import concerned, unknown
from counterseal.evaluation.evidence import groups_of
from counterseal.model import Actor, ActorKind, Counted, Dismissed, Permission, Reason, Review, ReviewState
from counterseal.policy import reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import ChangeRequest


#: How many people are named whose approval does not count, the policy's first: anybody may approve, and the record is
#: for ever.
MAX_DISMISSED: Final = 24


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that counts: who, the groups of the policy that list them, and the review."""

    actor: Actor
    groups: tuple[str, ...]
    review: Review

    @property
    def person(self) -> Counted:
        """Return whom a finding counts."""
        return Counted(self.actor, self.groups)


@dataclass(frozen=True, slots=True)
class Approvals:
    """What the reviews of a change request come to, one place a person (R08, R10, R11, R13, R14, R17).

    `dismissed` names whose approval does not count, and why, the policy's people first, and counts those beyond
    `MAX_DISMISSED`; `objections` are the open demands for changes by people whom the policy names.
    """

    counted: tuple[Approval, ...]
    dismissed: tuple[Dismissed, ...]
    objections: tuple[Approval, ...]


def approvals(evidence: Evidence) -> Approvals:
    """Return which approvals of the request count, which do not and why, and who objects.

    A demand for changes or a dismissal cancels all that the same person, by (host, id), approved before it; an
    approval after the merge changes nothing. An objection needs only the policy to name the person: taking
    away a permission cannot silence them. It is closed by who made it, or by one who may approve, before the merge
    (R49); a dismissal by somebody unknown, or of something unknown, closes nothing.
    """
    change = evidence.change
    if change is None:
        return Approvals((), (), ())
    people: dict[tuple[str, int], list[Review]] = {}
    for review in change.reviews:
        if review.actor is not None:
            people.setdefault(review.actor.key, []).append(review)
    counted, objections = [], []
    dismissed: list[Dismissed] = []
    others: list[Dismissed] = []
    for reviews in people.values():
        opinion = _opinion(reviews, change, evidence)
        if isinstance(opinion, Dismissed):
            named = reviews[0].actor is not None and groups_of(reviews[0].actor, evidence.policy)
            (dismissed if named else others).append(opinion)
        elif opinion and opinion.review.state is ReviewState.APPROVED:
            counted.append(opinion)
        elif opinion and opinion.groups:
            objections.append(opinion)
    return Approvals(tuple(counted), _bounded([*dismissed, *others, *_of_nobody(change)]), tuple(objections))


def _of_nobody(change: ChangeRequest) -> list[Dismissed]:
    """Return how many approvals are of deleted accounts, which the forge does not tell apart."""
    number = sum(review.actor is None and review.state is ReviewState.APPROVED for review in change.reviews)
    if not number:
        return []
    return [Dismissed(None, "account-deleted", {"approvals": number})]


def _bounded(dismissed: list[Dismissed]) -> tuple[Dismissed, ...]:
    rest = len(dismissed) - MAX_DISMISSED
    if rest <= 1:
        return tuple(dismissed)
    return (*dismissed[:MAX_DISMISSED], Dismissed(None, "no-room", {"more": rest}))


def _opinion(reviews: list[Review], change: ChangeRequest, evidence: Evidence) -> Approval | Dismissed | None:
    """Return what one person's reviews come to: an approval, an open demand for changes, why neither, or nothing."""
    standing: list[Review] = []
    objection = cancelled = None
    for review in reviews:
        match review.state:
            case ReviewState.APPROVED:
                standing.append(review)
                objection = objection if _too_late(review, change) else None
            case ReviewState.CHANGES_REQUESTED:
                standing, cancelled, objection = [], review, review
            case ReviewState.DISMISSED:
                standing, cancelled = [], review
                objection = _after_dismissal(objection, review, change, evidence)
            case ReviewState.COMMENTED | ReviewState.PENDING:
                pass
    actor = reviews[0].actor
    if actor is None or not (standing or cancelled):
        return None
    groups = groups_of(actor, evidence.policy)
    if objection:
        return Approval(actor, groups, objection)
    problems = [(review, _why_not(review, actor, change, evidence)) for review in reversed(standing)]
    best = next((review for review, why in problems if not why), None)
    if best:
        return Approval(actor, groups, best)
    why = (problems[0][1] if problems else None) or excluded(evidence).get(actor.key) or reason("review-dismissed")
    return Dismissed(actor, why.code, why.data)


def _after_dismissal(
    objection: Review | None, review: Review, change: ChangeRequest, evidence: Evidence
) -> Review | None:
    """Return the open objection of a person after one of their reviews that was dismissed later."""
    match review.was:
        case ReviewState.APPROVED:  # by approving they had closed what they had asked for before
            return objection if _too_late(review, change) else None
        case ReviewState.CHANGES_REQUESTED | None:
            return objection if _closed(review, change, evidence) else review
        case ReviewState.COMMENTED | ReviewState.PENDING | ReviewState.DISMISSED:
            return objection


def _closed(review: Review, change: ChangeRequest, evidence: Evidence) -> bool:
    """Return whether a demand for changes was dismissed by who made it, or by one who may approve, before the merge."""
    dismisser, dismissed_at = review.dismissed_by, review.dismissed_at
    if (
        dismisser is None
        or dismissed_at is None
        or (change.merged and (change.merged_at is None or dismissed_at > change.merged_at))
    ):
        return False
    return (review.actor is not None and dismisser.key == review.actor.key) or next(
        _person_problems(dismisser, evidence), None
    ) is None


def _too_late(review: Review, change: ChangeRequest) -> bool:
    if not change.merged:
        return False
    return review.submitted_at is None or change.merged_at is None or review.submitted_at > change.merged_at


def _why_not(review: Review, actor: Actor, change: ChangeRequest, evidence: Evidence) -> Reason | None:
    """Return why an approval does not count, or None if it does."""
    return next(_person_problems(actor, evidence), None) or next(_review_problems(review, change), None)


def _person_problems(actor: Actor, evidence: Evidence) -> Iterator[Reason]:
    part = excluded(evidence).get(actor.key)
    permission = min(
        (granted for person, granted in evidence.permissions if person.key == actor.key), default=Permission.NONE
    )
    if actor.kind is not ActorKind.USER:
        yield reason("no-person", kind=actor.kind)
    if part:
        yield part
    if not groups_of(actor, evidence.policy):
        yield _in_no_group(actor, evidence)
    if permission < Permission.WRITE:
        yield reason("permission-missing", permission=permission.name.lower())


def _in_no_group(actor: Actor, evidence: Evidence) -> Reason:
    """Return that no group lists an account; with the number that the policy has for its login, if it has one."""
    for members in evidence.policy.groups.values():
        for member in members:
            if (member.host, member.login.lower()) == (actor.host, actor.login.lower()):
                return reason("in-no-group", listed_as=member.id)
    return reason("in-no-group")


def _review_problems(review: Review, change: ChangeRequest) -> Iterator[Reason]:
    retargeted = change.base_retargeted_at
    if review.revision is None:
        yield reason("revision-lost")
    elif review.revision != change.head:
        yield reason("older-revision", revision=review.revision)
    if review.submitted_at is None:
        yield reason("time-unknown")
    elif _too_late(review, change):
        yield reason("after-merge", submitted_at=review.submitted_at)
    elif retargeted and review.submitted_at <= retargeted:
        yield reason("before-retarget")


#: Codes of those who had a part in a request.
PARTS: Final = ("author", "asked", "commit", "pushed", "started-run", "restricted", "revoked-run")


def excluded(evidence: Evidence) -> dict[tuple[str, int], Reason]:
    """Return whose approval never counts for this request, and why: whoever had a part in it (R14)."""
    parts: dict[tuple[str, int], Reason] = {}
    content, change = evidence.request.content, evidence.change
    if change and change.author:
        parts[change.author.key] = reason("author")
    if content is not None:
        parts.setdefault(content.requested_by.key, reason("asked"))
    for commit in change.commits if change else ():
        for actor in commit.people:
            parts.setdefault(actor.key, reason("commit", revision=commit.revision))
    for actor in change.pushers if change else ():
        parts.setdefault(actor.key, reason("pushed"))
    for actor in evidence.run_actors:
        parts.setdefault(actor.key, reason("started-run"))
    return parts | {key: why for key, why in concerned(evidence) if key not in parts}


def hidden_hands(evidence: Evidence) -> tuple[Reason, ...]:
    """Return what else hides people: bots with a part in it, whoever let them act; runs that are gone."""
    change = evidence.change
    if change is None:
        return ()
    makers = (*((change.author,) if change.author else ()), *change.pushers)
    hands = (*makers, *(actor for commit in change.commits for actor in commit.people))
    bots = {actor.key: actor for actor in hands if actor.kind is not ActorKind.USER}
    return (*(reason("bot", actor=actor) for actor in bots.values()), *unknown(evidence))


def unknown_authorship(evidence: Evidence) -> tuple[Reason, ...]:
    """Return what is not known about who made this request (R14, R15); empty if everybody is known."""
    content, change = evidence.request.content, evidence.change
    if change is None or content is None:
        return (reason("unreadable"),)
    gaps = [] if change.author else [reason("author-deleted")]
    if not change.commits:
        gaps.append(reason("no-commits"))
    gaps.extend(
        reason("commit-unattributed", revision=commit.revision, people=commit.unattributed or 1)
        for commit in change.commits
        if commit.unattributed or not commit.people
    )
    if change.unknown_pushers:
        gaps.append(reason("pushers-unknown", people=change.unknown_pushers))
    return tuple(gaps)
