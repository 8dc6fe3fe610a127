"""A pull request of GitHub as a `ChangeRequest`: every review, commit and pusher, or an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.answers import in_path
from counterseal.adapters.commit_trailers import co_authors
from counterseal.adapters.fields import Fields
from counterseal.adapters.push_log import Push, Span, pushers
from counterseal.errors import ServiceError
from counterseal.model import Actor, ActorKind, ChangeRequest, Commit, Review, ReviewState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from counterseal.adapters.github_api import GitHubApi

#: Reading alone wants less, but every job that reads change requests comments on them or opens them, too.
READ: Final = "contents: read, pull-requests: write"

#: GitHub's stand-in for deleted accounts, and the account that its own merge and edit buttons commit with.
GHOST: Final = 10137
WEB_FLOW: Final = 19864447
MAX_COMMITS: Final = 250
MAX_FILES: Final = 3000

_KINDS: Final = {
    "User": ActorKind.USER,
    "Bot": ActorKind.BOT,
    "Organization": ActorKind.OTHER,
    "Mannequin": ActorKind.OTHER,
}
_REVIEWS: Final = {
    "APPROVED": ReviewState.APPROVED,
    "CHANGES_REQUESTED": ReviewState.CHANGES_REQUESTED,
    "COMMENTED": ReviewState.COMMENTED,
    "DISMISSED": ReviewState.DISMISSED,
    "PENDING": ReviewState.PENDING,
}
#: The kinds of lines in a push log. "Restore branch" is a creation like any other: no word tells it apart (GitHub's
#: OpenAPI description, `repos/list-activities`, `activity_type`).
_CREATION, _DELETION, _FORCED = "branch_creation", "branch_deletion", "force_push"
_PUSHES: Final = {each: each for each in ("push", _FORCED, "pr_merge", "merge_queue_merge", _CREATION, _DELETION)}
_RETARGETED: Final = {"base_ref_changed", "automatic_base_change_succeeded"}
_NOREPLY: Final = re.compile(r"([0-9]{1,19})\+([A-Za-z0-9-]{1,100}(?:\[bot\])?)@users\.noreply\.(.+)\Z")


def actor_of(fields: Fields, host: str) -> Actor:
    """Return the account that a user object shows."""
    kind = fields.one_of("type", _KINDS)
    return Actor(host, fields.number("id"), fields.text("login"), kind)


def _actor(parent: Fields, name: str, host: str) -> Actor | None:
    """Return the account in a field, or None if it is null or GitHub's ghost."""
    if parent.is_null(name):
        return None
    actor = actor_of(parent.inner(name), host)
    return None if actor.id == GHOST else actor


class ChangeReader:
    """Reads the pull requests of one repository, each completely."""

    def __init__(self, api: GitHubApi, host: str) -> None:
        self._api = api
        self._host = host

    def fields(self, number: int) -> Fields:
        """Return a pull request as GitHub shows it."""
        what = f"pull request #{number} of {self._api.repository}"
        fields = Fields(self._api.get(self._api.here(f"/pulls/{number}"), what=what, needs=READ), what)
        fields.require("number", number)
        return fields

    def read(self, number: int) -> ChangeRequest:
        """Return a pull request with everything that belongs to it."""
        fields, host = self.fields(number), self._host
        base, head, merged = fields.inner("base"), fields.inner("head").revision("sha"), fields.flag("merged")
        listed, merged_at = self.raw_commits(number, fields), fields.moment("merged_at") if merged else None
        who, unknown = self._pushers(fields, listed)
        return ChangeRequest(
            number=number,
            url=fields.text("html_url"),
            repository_id=base.inner("repo").number("id"),
            base_ref=f"refs/heads/{base.text('ref')}",
            base_retargeted_at=self._retargeted_at(number),
            head=head,
            author=_actor(fields, "user", host),
            merged=merged,
            merged_at=merged_at,
            merged_by=_actor(fields, "merged_by", host) if merged else None,
            # before the merge this is a test merge of GitHub's and says nothing
            merge_revision=fields.revision("merge_commit_sha") if merged else None,
            commits=tuple(self._commit(each) for each in listed),
            pushers=who,
            unknown_pushers=unknown,
            reviews=self._reviews(number),
        )

    # --- commits -----------------------------------------------------------------------------

    def raw_commits(self, number: int, fields: Fields) -> list[Fields]:
        """Return the commits of a pull request, oldest first, as GitHub shows them."""
        what, promised = f"commits of #{number}", fields.number("commits")
        if promised > MAX_COMMITS:
            raise ServiceError(
                f"{what}: {promised} are too many",
                why=f"GitHub lists the first {MAX_COMMITS} only, so the authors of the others are not known",
                fix="squash the branch, or split the change",
            )
        listed = self._api.pages(self._api.here(f"/pulls/{number}/commits"), what=what, needs=READ)
        found = [Fields(each, f"{what}: commit") for each in listed]
        if len(found) != promised:
            raise ServiceError(
                f"{what}: {len(found)} of {promised} were listed",
                why="a page is missing or a push came in between",
                fix="run again",
            )
        if found and found[-1].revision("sha") != fields.inner("head").revision("sha"):
            raise ServiceError(f"{what}: the last one is not the head", why="a push came in between", fix="run again")
        return found

    def _commit(self, fields: Fields) -> Commit:
        """Return a commit with everybody who had a hand in it."""
        inner = fields.inner("commit")
        people: dict[tuple[str, int], Actor] = {}
        unknown: set[str] = set()
        for role in ("author", "committer"):
            address = _address(inner, role)
            actor = self._linked(fields, role)
            if role == "committer" and actor and actor.id == WEB_FLOW and _signed(inner):
                continue  # GitHub's own button pressed by the author
            if actor is None or actor.id in (WEB_FLOW, GHOST):
                unknown.add(address)
            else:
                people[actor.key] = actor
        for address in co_authors(inner.text("message")):
            actor = self._by_noreply(address)
            if actor is None:
                unknown.add(address)
            else:
                people[actor.key] = actor
        return Commit(fields.revision("sha"), tuple(people.values()), len(unknown))

    def _linked(self, fields: Fields, role: str) -> Actor | None:
        """Return the account that GitHub links to the address of author or committer, if any (null or `{}`: none)."""
        if fields.is_null(role) or not fields.inner(role).has("id"):
            return None
        return actor_of(fields.inner(role), self._host)

    def _by_noreply(self, address: str) -> Actor | None:
        match = _NOREPLY.fullmatch(address)
        if match is None or match.group(3).lower() != self._host:
            return None
        kind = ActorKind.BOT if match.group(2).endswith("[bot]") else ActorKind.USER
        return Actor(self._host, int(match.group(1)), match.group(2), kind)

    # --- reviews and timeline ----------------------------------------------------------------

    def _reviews(self, number: int) -> tuple[Review, ...]:
        what = f"reviews of #{number}"
        listed = self._api.pages(self._api.here(f"/pulls/{number}/reviews"), what=what, needs=READ)
        found = tuple(self._review(number, Fields(each, f"{what}: review")) for each in listed)
        if len({each.id for each in found}) != len(found):
            raise ServiceError(
                f"{what}: one is listed twice", why="the list changed while it was read", fix="run again"
            )
        return found

    def _review(self, number: int, fields: Fields) -> Review:
        fields.what = f"review {fields.number('id')} of #{number}"
        state = fields.one_of("state", _REVIEWS)
        return Review(
            id=fields.number("id"),
            actor=_actor(fields, "user", self._host),
            state=state,
            revision=None if fields.is_null("commit_id") else fields.revision("commit_id"),
            submitted_at=None if state is ReviewState.PENDING else fields.moment("submitted_at"),
            url=fields.text("html_url"),
        )

    def _retargeted_at(self, number: int) -> datetime | None:
        what = f"timeline of #{number}"
        listed = self._api.pages(self._api.here(f"/issues/{number}/timeline"), what=what, needs=READ)
        events = (Fields(each, f"{what}: event") for each in listed)
        return max((each.moment("created_at") for each in events if each.text("event") in _RETARGETED), default=None)

    # --- pushers -----------------------------------------------------------------------------

    def _pushers(self, fields: Fields, listed: Sequence[Fields]) -> tuple[tuple[Actor, ...], int]:
        """Return who pushed what the head branch brings, and for how many pushes nobody can be named."""
        commits = {each.revision("sha") for each in listed}
        parents = {Fields(item, each.what).revision("sha") for each in listed for item in each.items("parents")}
        head = fields.inner("head")
        if head.is_null("repo"):
            return (), 1  # the fork is gone, and its log with it
        name, branch = head.inner("repo").text("full_name"), head.text("ref")
        what = f"push log of {name}:{branch}"
        log = self._api.pages(f"/repos/{in_path(name)}/activity", what=what, needs=READ, ref=f"refs/heads/{branch}")
        span = Span(
            head.revision("sha"),
            commits,
            parents - commits,
            fields.moment("created_at"),
            fields.moment("merged_at") if fields.flag("merged") else None,
            # whoever makes a branch that is then pushed over is taken for one who brought something
            is_old=lambda _: False,
        )
        return pushers((self._push(Fields(each, what)) for each in log), span)

    def _push(self, fields: Fields) -> Push:
        """Return a line of the push log; where there was or is no branch GitHub writes zeros."""
        kind = fields.one_of("activity_type", _PUSHES)
        before = None if kind == _CREATION else fields.revision("before")
        after = None if kind == _DELETION else fields.revision("after")
        return Push(
            _actor(fields, "actor", self._host), before, after, fields.moment("timestamp"), forced=kind == _FORCED
        )


def _address(inner: Fields, role: str) -> str:
    return inner.inner(role).text("email").strip().lower() if inner.has(role) else f"no {role}"


def _signed(inner: Fields) -> bool:
    return inner.has("verification") and inner.inner("verification").flag("verified")
