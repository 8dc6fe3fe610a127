"""How GitHub moved a branch to a commit: by merging a pull request itself, or because somebody pushed.

GitHub calls a pull request merged, too, when its commits come onto the base branch by a push ("indirect merges" in
GitHub's documentation, "About pull request merges"). Only the push log of the branch tells: its `activity_type` is
`pr_merge` or `merge_queue_merge` where GitHub did it (REST API, "List repository activities").
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal.adapters.forge.merges import SettledMerges
from counterseal.adapters.github.changes import READ
from counterseal.adapters.http.fields import Fields
from counterseal.model import Merge, Mover

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from counterseal.adapters.github.api import GitHubApi
    from counterseal.adapters.github.changes import ChangeReader

_BRANCH: Final = "refs/heads/"
_CONTENTS: Final = "contents: read"
#: The log is written after the merge; how much before it a line may claim to be is not documented.
_SLACK: Final = timedelta(hours=1)
#: More pull requests than a merge queue puts into one group ("Maximum pull requests to merge" is 100 at most).
_MAX_GROUP: Final = 250


class Merges:
    """Says how revisions came onto branches."""

    def __init__(self, api: GitHubApi, changes: ChangeReader) -> None:
        self._api = api
        self._changes = changes
        self._settled = SettledMerges()

    def of(self, revision: str, base_ref: str, repository_id: int) -> Merge | None:
        """Return how a pull request brought `revision` onto `base_ref`, as `Forge.merge_of` promises."""
        return self._settled.of(revision, base_ref, lambda: self._told(revision, base_ref, repository_id))

    def _told(self, revision: str, base_ref: str, repository_id: int) -> list[Merge]:
        what = f"change requests of {revision[:12]}"
        listed = self._api.pages(self._api.here(f"/commits/{revision}/pulls"), what=what, access=READ)
        numbers = [pull.number("number") for pull in (Fields(data, what) for data in listed) if pull.has("merged_at")]
        merged = [self._changes.fields(number) for number in numbers]
        here = [pull for pull in merged if pull.flag("merged") and _aims_at(pull, base_ref, repository_id)]
        return [self._merge(pull, base_ref) for pull in here]

    def _merge(self, fields: Fields, base_ref: str) -> Merge:
        end, merged_at = fields.revision("merge_commit_sha"), fields.moment("merged_at")
        return Merge(fields.number("number"), end, self._mover(end, base_ref, merged_at), merged_at)

    def _mover(self, revision: str, base_ref: str, merged_at: datetime) -> Mover:
        since = merged_at - _SLACK
        if any(line.revision("after") == revision for line in self._log(base_ref, "pr_merge", since)):
            return Mover.FORGE
        if any(self._in_group(line, revision) for line in self._log(base_ref, "merge_queue_merge", since)):
            return Mover.FORGE
        pushed = any(line.revision("after") == revision for line in self._log(base_ref, "push", since))
        return Mover.PERSON if pushed else Mover.UNKNOWN

    def _log(self, base_ref: str, kind: str, since: datetime) -> Iterator[Fields]:
        """Yield the lines of one kind in the branch's log, newest first, down to a moment."""
        what = f"push log of {self._api.repository}:{base_ref.removeprefix(_BRANCH)}"
        query = {"ref": base_ref, "activity_type": kind}
        for data in self._api.pages(self._api.here("/activity"), what=what, access=_CONTENTS, **query):
            line = Fields(data, what)
            line.require("activity_type", kind)
            line.require("ref", base_ref)
            if line.moment("timestamp") < since:
                return
            yield line

    def _in_group(self, line: Fields, revision: str) -> bool:
        """Return whether a merge queue's move of the branch brought `revision`: it merges several requests at once."""
        before, at = line.revision("before"), line.revision("after")
        for _ in range(_MAX_GROUP):
            if at == revision:
                return True
            what = f"commit {at}"
            parents = Fields(self._api.get(self._api.here(f"/commits/{at}"), what=what, access=_CONTENTS), what).items(
                "parents"
            )
            if not parents or (at := Fields(parents[0], what).revision("sha")) == before:
                return False
        return False


def _aims_at(fields: Fields, base_ref: str, repository_id: int) -> bool:
    base = fields.inner("base")
    return _BRANCH + base.text("ref") == base_ref and base.inner("repo").number("id") == repository_id
