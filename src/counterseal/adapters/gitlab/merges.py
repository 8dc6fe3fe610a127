"""How GitLab moved a branch to a commit: by merging a merge request itself, or because somebody pushed.

GitLab calls a merge request merged, too, when a push brings its head onto the target branch. Then the state event of
that merge names what brought it, a commit or another merge request (`post_merge_manually_merged` in GitLab's
app/services/merge_requests/refresh_service.rb hands it to `PostMergeService`; `source_commit` and
`source_merge_request_id` in lib/api/entities/resource_state_event.rb show it). GitLab's own merges hand over nothing
(app/services/merge_requests/merge_service.rb).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.forge.merges import SettledMerges
from counterseal.adapters.gitlab.access import READ, REVIEWS
from counterseal.adapters.gitlab.api import part
from counterseal.adapters.gitlab.changes import STATES, merge_of
from counterseal.adapters.http.fields import Fields
from counterseal.model import Merge, Mover

if TYPE_CHECKING:
    from counterseal.adapters.gitlab.api import GitLabApi
    from counterseal.adapters.gitlab.changes import ChangeReader

_BRANCH: Final = "refs/heads/"
_MERGED: Final = "merged"


class Merges:
    """Says how revisions came onto branches."""

    def __init__(self, api: GitLabApi, changes: ChangeReader) -> None:
        self._api = api
        self._changes = changes
        self._settled = SettledMerges()

    def of(self, revision: str, base_ref: str, project_id: int) -> Merge | None:
        """Return how a merge request brought `revision` onto `base_ref`, as `Forge.merge_of` promises."""
        return self._settled.of(revision, base_ref, lambda: self._told(revision, base_ref, project_id))

    def _told(self, revision: str, base_ref: str, project_id: int) -> list[Merge]:
        what = f"merge requests of {revision[:12]}"
        path = self._api.here(f"/repository/commits/{part(revision)}/merge_requests")
        listed = [Fields(data, what) for data in self._api.pages(path, what=what, access=READ)]
        numbers = [request.number("iid") for request in listed if request.one_of("state", STATES)]
        merged = [self._changes.fields(number) for number in numbers]
        here = [request for request in merged if _aims_at(request, base_ref, project_id)]
        return [self._merge(request) for request in here]

    def _merge(self, fields: Fields) -> Merge:
        number = fields.number("iid")
        return Merge(number, merge_of(fields).revision, self._mover(number), fields.moment("merged_at"))

    def _mover(self, number: int) -> Mover:
        """Return who moved the branch, by the last event that says merged; GitLab writes it after the merge."""
        what, path = f"state events of !{number}", self._api.here(f"/merge_requests/{number}/resource_state_events")
        events = [Fields(data, what) for data in self._api.pages(path, what=what, access=REVIEWS)]
        merges = [event for event in events if event.text("state") == _MERGED]
        if not merges:
            return Mover.UNKNOWN
        by_hand = any(
            not event.is_null(name) for event in merges for name in ("source_commit", "source_merge_request_id")
        )
        return Mover.PERSON if by_hand else Mover.FORGE


def _aims_at(fields: Fields, base_ref: str, project_id: int) -> bool:
    return _BRANCH + fields.text("target_branch") == base_ref and fields.number("target_project_id") == project_id
