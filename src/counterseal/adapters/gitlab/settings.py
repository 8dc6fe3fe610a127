"""What of a project's settings the tokens of a gate can see before anything is signed (docs/adr/0010).

Reviews and the ledger's branch, because without them a gate fails halfway; the schedule, because nobody else would
miss it.
Whether a push is taken at all, git asks (`GitLedgerStore.check_push`). What GitLab shows to maintainers only, such as
who may force-push, is left to its refusals and to the checks of the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import MIRROR, READ, REVIEWS, SETTINGS
from counterseal.adapters.http.answers import RefusedError, load_list
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.identifiers import LEDGER_BRANCH
from counterseal.model import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.gitlab.api import GitLabApi

_BRANCH: Final = "refs/heads/"
_SWEEP: Final = f"what a cancelled pipeline leaves undecided waits for a merge: Build → Pipeline schedules ({SETTINGS})"


def home(api: GitLabApi) -> Fields:
    """Return the project as its own page shows it.

    Raises:
        ServiceError: It is not shown, or is called otherwise by now.
    """
    what = f"project {api.project}"
    fields = Fields(api.get(api.here(""), what=what, access=READ), what)
    name = fields.text("path_with_namespace")
    if name.lower() != api.project.lower():
        raise ServiceError(
            f"{what}: it is called {name} now", why="it was renamed or moved", fix="use its current path"
        )
    return fields


class Settings:
    """The settings of one project, as far as a gate sees them."""

    def __init__(self, api: GitLabApi) -> None:
        self._api = api

    def check(self, default_ref: str) -> tuple[str, ...]:
        """Return what will be missed later.

        Raises:
            ServiceError: Reviews cannot be read, or the ledger's branch is shut to whoever started this pipeline.
        """
        self._reviews()
        return (*self._ledger_branch(), *self._sweep(default_ref.removeprefix(_BRANCH)))

    def _reviews(self) -> None:
        """Read the approvals of any merge request: only that tells whether the token may."""
        what, path = f"merge requests of {self._api.project}", self._api.here("/merge_requests")
        listed = self._api.get(path, what=what, access=REVIEWS, state="merged", per_page="1")
        for data in load_list(listed, what, "GitLab"):
            number = Fields(data, what).number("iid")
            self._api.get(f"{path}/{number}/approvals", what=f"approvals of !{number}", access=REVIEWS)

    def _ledger_branch(self) -> Iterator[str]:
        """Yield what is wrong with the branch; before the first entry it is not there, and its rule cannot be seen."""
        what, shown = f"branch {LEDGER_BRANCH}", self.branch(LEDGER_BRANCH)
        if shown is None:
            return
        if not shown.flag("can_push"):
            raise ServiceError(
                f"{what}: this pipeline may not push to it",
                why="the branch is protected, and whoever started the pipeline is not among those who may push",
                fix=MIRROR.fix,
            )
        if not shown.flag("protected"):
            yield f"{what} is not protected, so anybody who may push can rewind the ledger: {MIRROR.fix}"

    def branch(self, name: str) -> Fields | None:
        """Return a branch as whoever started this pipeline sees it, or None."""
        what, path = f"branch {name}", self._api.here("/repository/branches")
        listed = self._api.pages(path, what=what, access=MIRROR, search=f"^{name}$")
        return next((branch for branch in (Fields(data, what) for data in listed) if branch.text("name") == name), None)

    def is_protected(self, ref: str) -> bool:
        """Return whether a branch is protected."""
        shown = self.branch(ref.removeprefix(_BRANCH))
        return shown is not None and shown.flag("protected")

    def least_to_start(self, ref: str) -> Permission:
        """Return from which permission on people may merge or push to a branch, and so start its pipelines.

        GitLab shows to developers whether they may; single people who are named besides, only to maintainers.
        """
        shown = self.branch(ref.removeprefix(_BRANCH))
        developers = shown is None or not shown.flag("protected")
        if shown is not None and not developers:
            developers = shown.flag("developers_can_merge") or shown.flag("developers_can_push")
        return Permission.WRITE if developers else Permission.MAINTAIN

    def direct_push(self, ref: str) -> str:
        """Return that people may push to a branch: whoever started this pipeline, or all developers."""
        branch = ref.removeprefix(_BRANCH)
        shown = self.branch(branch)
        if shown is None or not (shown.flag("can_push") or shown.flag("developers_can_push")):
            return ""
        who = "developers" if shown.flag("developers_can_push") else "whoever started this pipeline"
        return (
            f"{who} may push to {branch}, so what lies between two promotions may have been pushed by them: "
            "Settings → Repository → Protected branches → Allowed to push and merge: No one"
        )

    def _sweep(self, branch: str) -> Iterator[str]:
        what, path = f"pipeline schedules of {self._api.project}", self._api.here("/pipeline_schedules")
        try:
            listed = [Fields(data, what) for data in self._api.pages(path, what=what, access=REVIEWS, scope="active")]
        except RefusedError as error:
            if error.status not in (403, 404):
                raise
            yield f"{what} cannot be read (HTTP {error.status}); without one on {branch}, {_SWEEP}"
            return
        if not any(
            schedule.flag("active") and schedule.text("ref") in (branch, _BRANCH + branch) for schedule in listed
        ):
            yield f"no pipeline schedule is active on {branch}; {_SWEEP}"
