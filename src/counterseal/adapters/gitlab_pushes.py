"""Who pushed what a merge request brings, by the events of the project that its source branch is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.adapters.fields import Fields
from counterseal.adapters.gitlab_access import REVIEWS
from counterseal.model import Actor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from counterseal.adapters.gitlab_api import GitLabApi
    from counterseal.adapters.gitlab_people import People

_CREATED, _REMOVED = "created", "removed"
_ACTIONS = {each: each for each in (_CREATED, "pushed", _REMOVED)}


@dataclass(frozen=True, slots=True)
class Push:
    """A push to the branch: `before` is None for its first one, `after` for its deletion."""

    actor: Actor | None
    before: str | None
    after: str | None


class PushLog:
    """The pushes that GitLab remembers: three years of them, and of a push of more than three refs only that it was."""

    def __init__(self, api: GitLabApi, people: People) -> None:
        self._api = api
        self._people = people

    def of(self, change: Fields, commits: Collection[str], begins: Collection[str]) -> tuple[tuple[Actor, ...], int]:
        """Return who pushed what the source branch brings, and for how many pushes nobody can be named.

        Args:
            change: The merge request.
            commits: Its commits.
            begins: The commits that it began at, before its first own one.
        """
        if change.is_null("source_project_id"):
            return (), 1  # the fork is gone, and its events with it
        project, branch = change.number("source_project_id"), change.text("source_branch")
        what = f"pushes to {branch} of project {project}"
        query = {"action": "pushed", "sort": "desc"}
        listed = self._api.pages(f"/projects/{project}/events", what=what, access=REVIEWS, **query)
        log = (push for push in (self._push(Fields(each, what), branch) for each in listed) if push is not None)
        pushers: dict[tuple[str, int], Actor] = {}
        unknown = 0
        for push in _pushes_of(log, change.revision("sha"), commits, begins):
            if push is None or push.actor is None:
                unknown += 1
            else:
                pushers[push.actor.key] = push.actor
        return tuple(pushers.values()), unknown

    def _push(self, fields: Fields, branch: str) -> Push | None:
        """Return the push that an event tells of, or None if it is about another ref (or about many: `ref` is null)."""
        data = fields.inner("push_data")
        if data.text("ref_type") != "branch" or data.is_null("ref") or data.text("ref") != branch:
            return None
        action = data.one_of("action", _ACTIONS)
        before = None if action == _CREATED else data.revision("commit_from")
        after = None if action == _REMOVED else data.revision("commit_to")
        return Push(self._people.shown(fields, "author"), before, after)


def _pushes_of(
    log: Iterable[Push], head: str, commits: Collection[str], begins: Collection[str]
) -> Iterator[Push | None]:
    """Yield the pushes that made `head`, newest first; None stands for those that the log does not have.

    The log (newest first) is followed from the push that brought the head back to where the change began: the
    branch's creation, or a push onto a commit that the change began at.
    """
    expected = head
    for push in log:
        if push.after != expected:
            if expected == head:
                continue  # after the merge, or of an earlier branch of this name
            break  # a hole in the log
        if push.before is not None or expected in commits:
            yield push  # who only makes the branch brings nothing
        if push.before is None or push.before in begins:
            return
        expected = push.before
    yield None
