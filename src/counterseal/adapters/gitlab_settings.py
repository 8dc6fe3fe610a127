"""What of a project's settings the tokens of a gate can see before anything is signed (docs/adr/0010).

Reviews and the mirror, because without them a gate fails in the middle; the schedule, because nobody else would miss
it. Whether a push is taken at all, git asks (`GitLedgerStore.check_push`). What GitLab shows to maintainers only, such
as who may force-push, is left to its refusals and to the checks of the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.answers import RefusedError, load_list
from counterseal.adapters.fields import Fields
from counterseal.adapters.gitlab_access import MIRROR, REVIEWS, SETTINGS
from counterseal.errors import ServiceError
from counterseal.identifiers import MIRROR_BRANCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.gitlab_api import GitLabApi

_BRANCH: Final = "refs/heads/"
_SWEEP: Final = f"what a cancelled pipeline leaves undecided waits for a merge: Build → Pipeline schedules ({SETTINGS})"


class Settings:
    """The settings of one project, as far as a gate sees them."""

    def __init__(self, api: GitLabApi) -> None:
        self._api = api

    def check(self, default_ref: str) -> tuple[str, ...]:
        """Return what will be missed later.

        Raises:
            ServiceError: Reviews cannot be read, or the mirror is shut to whoever started this pipeline.
        """
        self._reviews()
        return (*self._mirror(), *self._sweep(default_ref.removeprefix(_BRANCH)))

    def _reviews(self) -> None:
        """Read the approvals of any merge request: only that tells whether the token may."""
        what, path = f"merge requests of {self._api.project}", self._api.here("/merge_requests")
        listed = self._api.get(path, what=what, access=REVIEWS, state="merged", per_page="1")
        for each in load_list(listed, what, "GitLab"):
            number = Fields(each, what).number("iid")
            self._api.get(f"{path}/{number}/approvals", what=f"approvals of !{number}", access=REVIEWS)

    def _mirror(self) -> Iterator[str]:
        """Yield what is wrong with the mirror; before the first entry it is not there, and its rule cannot be seen."""
        what, path = f"branch {MIRROR_BRANCH}", self._api.here("/repository/branches")
        for item in self._api.pages(path, what=what, access=MIRROR, search=f"^{MIRROR_BRANCH}$"):
            each = Fields(item, what)
            if each.text("name") != MIRROR_BRANCH:
                continue
            if not each.flag("can_push"):
                raise ServiceError(
                    f"{what}: this pipeline may not push to it",
                    why="the branch is protected, and whoever started the pipeline is not among those who may push",
                    fix=MIRROR.fix,
                )
            if not each.flag("protected"):
                yield f"{what} is not protected, so anybody who may push can rewind the ledger: {MIRROR.fix}"

    def _sweep(self, branch: str) -> Iterator[str]:
        what, path = f"pipeline schedules of {self._api.project}", self._api.here("/pipeline_schedules")
        try:
            listed = [Fields(each, what) for each in self._api.pages(path, what=what, access=REVIEWS, scope="active")]
        except RefusedError as error:
            if error.status not in (403, 404):
                raise
            yield f"{what} cannot be read (HTTP {error.status}); without one on {branch}, {_SWEEP}"
            return
        if not any(each.flag("active") and each.text("ref") in (branch, _BRANCH + branch) for each in listed):
            yield f"no pipeline schedule is active on {branch}; {_SWEEP}"
