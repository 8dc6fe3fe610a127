"""A pull request of GitHub as a `ChangeRequest`: every review, commit and pusher, or an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.forge.commit_trailers import co_authors
from counterseal.adapters.forge.push_log import Push, Pushers, Span, of_a_fork, pushers
from counterseal.adapters.github.people import GHOST, WEB_FLOW, actor_in, actor_of
from counterseal.adapters.github.reviews import NO_TIMELINE, ReviewReader
from counterseal.adapters.http.answers import Limits, in_path
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.model import Actor, ActorKind, BranchMove, ChangeRequest, Commit, Review

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.adapters.github.api import GitHubApi

#: Reading alone needs less, but every job that reads change requests also comments on them or opens them.
READ: Final = "contents: read, pull-requests: write"

MAX_COMMITS: Final = 250
MAX_FILES: Final = 3000

#: The kinds of lines in a push log. "Restore branch" is a creation like any other: no word tells it apart (GitHub's
#: OpenAPI description, `repos/list-activities`, `activity_type`).
_CREATION, _DELETION, _FORCED = "branch_creation", "branch_deletion", "force_push"
_PUSHES: Final = {kind: kind for kind in ("push", _FORCED, "pr_merge", "merge_queue_merge", _CREATION, _DELETION)}
_NOREPLY: Final = re.compile(r"([0-9]{1,19})\+([A-Za-z0-9-]{1,100}(?:\[bot\])?)@users\.noreply\.(.+)\Z")


class ChangeReader:
    """Reads the pull requests of one repository, each completely."""

    def __init__(self, api: GitHubApi, host: str) -> None:
        self._api = api
        self._host = host
        self._reviews = ReviewReader(api, host, READ)

    def fields(self, number: int) -> Fields:
        """Return a pull request as GitHub shows it."""
        what = f"pull request #{number} of {self._api.repository}"
        fields = Fields(self._api.get(self._api.here(f"/pulls/{number}"), what=what, access=READ), what)
        fields.require("number", number)
        return fields

    def read(self, number: int) -> ChangeRequest:
        """Return a pull request with everything that belongs to it."""
        fields, host = self.fields(number), self._host
        base, head, merged = fields.inner("base"), fields.inner("head").revision("sha"), fields.flag("merged")
        listed, merged_at = self.raw_commits(number, fields), fields.moment("merged_at") if merged else None
        history, limits = self._pushers(fields, listed), Limits()
        timeline = limits.read(lambda: self._reviews.timeline(number), NO_TIMELINE)
        reviews: tuple[Review, ...] = limits.read(lambda: self._reviews.reviews(number, timeline.dismissals), ())
        if (promised := fields.number("commits")) > MAX_COMMITS:
            limits.add(f"it has {promised} commits, of which GitHub lists the first {MAX_COMMITS} only")
        return ChangeRequest(
            number=number,
            url=fields.text("html_url"),
            repository_id=base.inner("repo").number("id"),
            base_ref=f"refs/heads/{base.text('ref')}",
            base_retargeted_at=timeline.retargeted_at,
            head=head,
            author=actor_in(fields, "user", host),
            merged=merged,
            merged_at=merged_at,
            merged_by=actor_in(fields, "merged_by", host) if merged else None,
            # before the merge this is a test merge of GitHub's and says nothing
            merge_revision=fields.revision("merge_commit_sha") if merged else None,
            commits=tuple(self._commit(commit) for commit in listed),
            pushers=history.people,
            unknown_pushers=history.unknown,
            reviews=reviews,
            head_came_back_at=history.head_came_back_at,
            limits=limits.sentences,
        )

    # --- commits -----------------------------------------------------------------------------

    def raw_commits(self, number: int, fields: Fields) -> list[Fields]:
        """Return the commits of a pull request, oldest first, as GitHub shows them."""
        what, promised = f"commits of #{number}", fields.number("commits")
        listed = self._api.pages(self._api.here(f"/pulls/{number}/commits"), what=what, access=READ)
        commits = [Fields(data, f"{what}: commit") for data in listed]
        if promised > MAX_COMMITS:
            return commits  # the rest is not listed; `read` says so
        if len(commits) != promised:
            raise ServiceError(
                f"{what}: {len(commits)} of {promised} were listed",
                why="a page is missing or a push came in between",
                fix="run again",
            )
        if commits and commits[-1].revision("sha") != fields.inner("head").revision("sha"):
            raise ServiceError(f"{what}: the last one is not the head", why="a push came in between", fix="run again")
        return commits

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

    # --- pushers -----------------------------------------------------------------------------

    def _pushers(self, fields: Fields, listed: Sequence[Fields]) -> Pushers:
        """Return who pushed what the head branch brings, and for how many pushes nobody can be named."""
        commits = {commit.revision("sha") for commit in listed}
        parents = {Fields(data, commit.what).revision("sha") for commit in listed for data in commit.items("parents")}
        head = fields.inner("head")
        if head.is_null("repo"):
            return Pushers((), 1)  # the fork is gone, and its log with it
        name, branch = head.inner("repo").text("full_name"), head.text("ref")
        what = f"push log of {name}:{branch}"
        log = self._api.pages(f"/repos/{in_path(name)}/activity", what=what, access=READ, ref=f"refs/heads/{branch}")
        span = Span(
            head.revision("sha"),
            commits,
            parents - commits,
            fields.moment("created_at"),
            fields.moment("merged_at") if fields.flag("merged") else None,
            # whoever makes a branch that is then overwritten counts as having brought something
            is_old=lambda _: False,
        )

        def read() -> Pushers:
            return pushers((self._push(Fields(data, what)) for data in log), span)

        home = fields.inner("base").inner("repo").number("id")
        return read() if head.inner("repo").number("id") == home else of_a_fork(read)

    def moves(self, ref: str) -> Iterator[BranchMove]:
        """Yield how a branch of this repository was moved, newest first."""
        what = f"push log of {self._api.repository}:{ref}"
        for data in self._api.pages(self._api.here("/activity"), what=what, access=READ, ref=ref):
            push = self._push(Fields(data, what))
            yield BranchMove(push.at, push.actor, push.before, push.after)

    def _push(self, fields: Fields) -> Push:
        """Return a line of the push log; where there was or is no branch GitHub writes zeros."""
        kind = fields.one_of("activity_type", _PUSHES)
        before = None if kind == _CREATION else fields.revision("before")
        after = None if kind == _DELETION else fields.revision("after")
        return Push(
            actor_in(fields, "actor", self._host), before, after, fields.moment("timestamp"), forced=kind == _FORCED
        )


def _address(inner: Fields, role: str) -> str:
    return inner.inner(role).text("email").strip().lower() if inner.has(role) else f"no {role}"


def _signed(inner: Fields) -> bool:
    return inner.has("verification") and inner.inner("verification").flag("verified")
