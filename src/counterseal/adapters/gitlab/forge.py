"""GitLab as a `Forge`: reads merge requests and people, opens promotion requests, keeps one comment.

What was read is complete or an error; what is written is looked for first, so everything can be repeated.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import PEOPLE, READ, REVIEWS
from counterseal.adapters.gitlab.api import GitLabApi, part
from counterseal.adapters.gitlab.changes import STATES, ChangeReader, merge_of
from counterseal.adapters.gitlab.merges import Merges
from counterseal.adapters.gitlab.people import People
from counterseal.adapters.gitlab.runs import start_of
from counterseal.adapters.gitlab.settings import Settings, home
from counterseal.adapters.gitlab.writes import Proposal, keep_comment
from counterseal.adapters.http.answers import RefusedError
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.errors import LimitError, ServiceError
from counterseal.model import OpenChange, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterseal.adapters.gitlab.access import GitLabTokens
    from counterseal.model import Actor, BranchMove, BuildStart, ChangeRequest, Merge, Permission

_BRANCH: Final = "refs/heads/"
#: Who may read a project beside its members; `internal` is for everybody who has an account.
_PUBLIC: Final = {"public": True, "internal": True, "private": False}
_NO_FILE: Final = "404 File Not Found"


class GitLabForge:
    """Implements `Forge`.

    Args:
        name: `group/project`.
        tokens: At least one; approvals need `api` or `personal`.
        host: The forge host that ids belong to, such as `gitlab.com`.
        api_url: Base of the API, such as `https://gitlab.com/api/v4`.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        name: str,
        tokens: GitLabTokens,
        *,
        host: str,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitLabApi(name, tokens, api_url=api_url, timeout=timeout, pause=pause)
        self._host = host
        self._people = People(self._api, host)
        self._changes = ChangeReader(self._api, host, self._people)
        self._merges = Merges(self._api, self._changes)
        self._known: Fields | None = None

    # --- the project and people --------------------------------------------------------------

    def _home(self) -> Fields:
        if self._known is None:
            self._known = home(self._api)
        return self._known

    def repository(self) -> Repository:
        """Return the project by host, numeric id and path."""
        home = self._home()
        return Repository(self._host, home.number("id"), home.text("path_with_namespace"))

    def default_ref(self) -> str:
        """Return the full ref of the default branch."""
        return _BRANCH + self._home().text("default_branch")

    def check_settings(self) -> Sequence[str]:
        """Check that a gate can read reviews and push to the ledger; return what else will be missed later."""
        return Settings(self._api).check(self.default_ref())

    def protected(self, ref: str) -> bool:
        """Return whether a branch is protected."""
        return Settings(self._api).is_protected(ref)

    def direct_push(self, ref: str) -> str:
        """Return, in a sentence, who may push to a branch directly as far as can be seen, or nothing if nobody may."""
        return Settings(self._api).direct_push(ref)

    def current_actor(self) -> Actor:
        """Return the account behind the person's token."""
        what = "the account behind the token"
        actor = None
        if self._api.may(PEOPLE):
            actor = self._people.known(Fields(self._api.get("/user", what=what, access=PEOPLE), what))
        if actor is None:
            raise ServiceError(
                "there is no account behind this token", why="it belongs to a job or a project", fix=PEOPLE.fix
            )
        return actor

    def actor(self, login: str) -> Actor:
        """Return the account that has this username now."""
        return self._people.by_login(login)

    def permission(self, actor: Actor) -> Permission:
        """Return what the account may do in the project now; members are told by numeric id."""
        return self._people.permission(actor, is_public=lambda: home(self._api).one_of("visibility", _PUBLIC))

    def least_to_start(self) -> Permission:
        """Return from which permission on people may start a pipeline of the default branch."""
        return Settings(self._api).least_to_start(self.default_ref())

    # --- change requests ---------------------------------------------------------------------

    def change_request(self, number: int) -> ChangeRequest:
        """Return a merge request, open or merged, completely read."""
        return self._changes.read(number)

    def merge_of(self, revision: str, base_ref: str) -> Merge | None:
        """Return how a change request brought `revision` onto `base_ref`, or None if none did."""
        return self._merges.of(revision, base_ref, self.repository().id)

    def change_request_of(self, revision: str, base_ref: str) -> ChangeRequest | None:
        """Return the merged merge request that brought `revision` onto `base_ref`, completely read, or None."""
        what = f"merge requests of {revision[:12]}"
        path = self._api.here(f"/repository/commits/{part(revision)}/merge_requests")
        listed = [Fields(data, what) for data in self._api.pages(path, what=what, access=READ)]
        candidates = [
            request for request in listed if request.one_of("state", STATES) and self._aims_at(request, base_ref)
        ]
        changes = [
            change for request in candidates if (change := self._brought(request, revision, base_ref)) is not None
        ]
        if len(changes) > 1:  # a forge calls all of one head merged: the one that it merged itself goes first
            merge = self.merge_of(revision, base_ref)
            changes.sort(key=lambda change: (merge is None or change.number != merge.number, change.number))
        return changes[0] if changes else None

    def _aims_at(self, fields: Fields, base_ref: str) -> bool:
        target = fields.number("target_project_id")
        return _BRANCH + fields.text("target_branch") == base_ref and target == self.repository().id

    def _brought(self, fields: Fields, revision: str, base_ref: str) -> ChangeRequest | None:
        """Return a listed merge request, completely read, if it put `revision` itself onto the branch."""
        merge = merge_of(fields)
        if merge.revision != revision and not merge.forward:
            return None  # a commit below its merge commit, or before squashing
        change = self._changes.read(fields.number("iid"))
        if not change.merged or (change.base_ref, change.repository_id) != (base_ref, self.repository().id):
            return None
        revisions = {commit.revision for commit in change.commits} if merge.forward else set()
        return change if revision in {change.merge_revision, *revisions} else None

    def open_changes(self, base_ref: str) -> Iterator[OpenChange]:
        """Yield the open merge requests into a branch, newest first."""
        what, query = "open merge requests", {"state": "opened", "target_branch": base_ref.removeprefix(_BRANCH)}
        for data in self._api.pages(self._api.here("/merge_requests"), what=what, access=READ, **query):
            request = Fields(data, what)
            if request.text("state") != "opened" or not self._aims_at(request, base_ref):
                continue  # a filter that GitLab does not understand is ignored
            source = None if request.is_null("source_project_id") else request.number("source_project_id")
            inside, branch = source == self.repository().id, request.text("source_branch")
            yield OpenChange(request.number("iid"), request.text("web_url"), inside, branch)

    def build_start(self, run_uri: str) -> BuildStart | None:
        """Return who had a hand in the job at this address, or None if it is gone."""
        return start_of(self._api, run_uri, self._people)

    def moves(self, ref: str) -> Iterator[BranchMove]:
        """Yield how a branch of this repository was moved, newest first."""
        return self._changes.moves(self.repository().id, ref.removeprefix(_BRANCH))

    def changed_files(self, number: int) -> Sequence[str]:
        """Return the paths that a merge request touches; of a renamed file both."""
        what, promised = f"files of !{number}", self._changes.fields(number).text("changes_count")
        listed = self._api.pages(self._api.here(f"/merge_requests/{number}/diffs"), what=what, access=REVIEWS)
        files = [Fields(data, what) for data in listed]
        if promised.endswith("+"):
            why = "GitLab shows no more of so big a change"
            raise LimitError(f"{what}: {len(files)} of {promised} were listed", why=why, fix="make a smaller change")
        if promised != str(len(files)):
            raise ServiceError(
                f"{what}: {len(files)} of {promised} were listed",
                why="a page is missing, or a push came in between",
                fix="run again; if it fails again, make a smaller change",
            )
        return list(dict.fromkeys(file.text(name) for file in files for name in ("new_path", "old_path")))

    def file_at(self, revision: str, path: str) -> bytes | None:
        """Return a file of the project at a revision (or full ref) through the API."""
        what = f"{path} at {revision[:60]}"
        place = self._api.here(f"/repository/files/{part(path)}/raw")
        answer = self._api.read(place, what=what, access=READ, ref=revision)
        if answer.status == 404 and self._api.message(answer) == _NO_FILE:
            return None
        if answer.status != 200:
            raise self._api.refusal(answer, what, READ)
        size = answer.headers.get("x-gitlab-size", "")
        if size and size != str(len(answer.body)):
            raise ServiceError(
                f"{what}: {len(answer.body)} of {size} bytes arrived", why="the answer is cut off", fix="run again"
            )
        return answer.body

    # --- writing -----------------------------------------------------------------------------

    def open_request(self, *, branch: str, path: str, content: bytes, title: str, body: str) -> tuple[int, str]:
        """Open a merge request that adds one file to the default branch; return its number and URL."""
        request = Proposal(self._api, branch, self.default_ref(), self.repository().id)
        stored = request.add_file(path, content, title, lambda: self._on_branch(branch, path))
        if stored != content:
            raise ServiceError(
                f"branch {branch}: {path} is there already, with other content",
                why="somebody else wrote it, or an earlier run with other inputs",
                fix="delete the branch and run again",
            )
        return request.open(title, body)

    def _on_branch(self, branch: str, path: str) -> bytes | None:
        """Return a file on a branch, or None if there is no such file or branch."""
        try:
            return self.file_at(_BRANCH + branch, path)
        except RefusedError as error:
            if error.status != 404:
                raise
            self.repository()  # else it is the project that cannot be seen
            return None

    def open_change(self, *, branch: str, title: str, body: str) -> tuple[int, str]:
        """Open a merge request of a branch for the default branch, unless it is open; return its number and URL."""
        return Proposal(self._api, branch, self.default_ref(), self.repository().id).open(title, body)

    def comment(self, number: int, marker: str, body: str) -> None:
        """Put one comment on a merge request, replacing our own earlier one that begins with `marker`."""
        keep_comment(self._api, number, marker, body, me=self.current_actor())
