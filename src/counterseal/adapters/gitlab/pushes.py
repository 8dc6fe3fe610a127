"""Who pushed what a merge request brings, by the events of the project that its source branch is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.adapters.forge.push_log import Push, Pushers, Span, of_a_fork, pushers
from counterseal.adapters.gitlab.access import REVIEWS
from counterseal.adapters.http.fields import Fields
from counterseal.model import BranchMove

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from counterseal.adapters.gitlab.api import GitLabApi
    from counterseal.adapters.gitlab.people import People

_CREATED, _REMOVED = "created", "removed"
_ACTIONS = {action: action for action in (_CREATED, "pushed", _REMOVED)}


class PushLog:
    """The pushes that GitLab remembers: three years of them, and of a push of more than three refs only that it was."""

    def __init__(self, api: GitLabApi, people: People) -> None:
        self._api = api
        self._people = people

    def of(self, change: Fields, commits: Collection[str], begins: Collection[str]) -> Pushers:
        """Return who pushed what the source branch brings, and for how many pushes nobody can be named.

        Args:
            change: The merge request.
            commits: Its commits.
            begins: The commits that it begins at now, whatever branch it aimed at before.
        """
        if change.is_null("source_project_id"):
            return Pushers((), 1)  # the fork is gone, and its events with it
        project, branch = change.number("source_project_id"), change.text("source_branch")
        what = f"pushes to {branch} of project {project}"
        span = Span(
            change.revision("sha"),
            commits,
            begins,
            change.moment("created_at"),
            change.moment("merged_at") if change.text("state") == "merged" else None,
            is_old=lambda revision: any(self._has(project, base, revision) for base in sorted(begins)),
        )

        def read() -> Pushers:
            return pushers(self._log(project, branch, what), span)

        return read() if project == change.number("target_project_id") else of_a_fork(read)

    def moves(self, project: int, branch: str) -> Iterator[BranchMove]:
        """Yield how a branch was moved, newest first."""
        for push in self._log(project, branch, f"pushes to {branch} of project {project}"):
            if push is not None and not push.hidden:
                yield BranchMove(push.at, push.actor, push.before, push.after)

    def _log(self, project: int, branch: str, what: str) -> Iterator[Push | None]:
        query = {"action": "pushed", "sort": "desc"}
        listed = self._api.pages(f"/projects/{project}/events", what=what, access=REVIEWS, **query)
        return (self._push(Fields(data, what), branch) for data in listed)

    def _has(self, project: int, base: str, revision: str) -> bool:
        """Return whether a commit of the target branch has `revision` in its history."""
        what = f"commits between {base[:12]} and {revision[:12]}"
        query = {"from": base, "to": revision, "straight": "true"}
        data = self._api.find(f"/projects/{project}/repository/compare", what=what, access=REVIEWS, **query)
        return data is not None and not Fields(data, what).items("commits")

    def _push(self, fields: Fields, branch: str) -> Push | None:
        """Return the push that an event tells of, or None if it is about another ref.

        Of a push of many refs (`ref` is null) nobody knows which they were; it may have deleted the branch.
        """
        data, at = fields.inner("push_data"), fields.moment("created_at")
        if data.text("ref_type") != "branch":
            return None
        action = data.one_of("action", _ACTIONS)
        if data.is_null("ref"):
            return Push(None, None, None, at, hidden=True) if action == _REMOVED else None
        if data.text("ref") != branch:
            return None
        before = None if action == _CREATED else data.revision("commit_from")
        after = None if action == _REMOVED else data.revision("commit_to")
        return Push(self._people.shown(fields, "author"), before, after, at)
