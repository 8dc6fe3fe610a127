"""GitHub as a `Forge`: reads change requests and people, opens promotion requests, keeps one comment.

What was read is complete or an error; what is written is looked for first, so everything can be repeated.
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING, Final

from counterseal.adapters.github.api import GitHubApi
from counterseal.adapters.github.changes import MAX_FILES, READ, ChangeReader
from counterseal.adapters.github.merges import Merges
from counterseal.adapters.github.people import actor_of
from counterseal.adapters.github.runs import start_of
from counterseal.adapters.github.settings import direct_push, home, is_protected
from counterseal.adapters.github.writes import Proposal, keep_comment
from counterseal.adapters.http.answers import RefusedError, in_path
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.errors import LimitError, ServiceError
from counterseal.model import OpenChange, Permission, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterseal.model import Actor, BranchMove, BuildStart, ChangeRequest, Merge

_CONTENTS: Final = "contents: read"
_ROLES: Final = {permission.name.lower(): permission for permission in Permission}
_BRANCH: Final = "refs/heads/"


class GitHubForge:
    """Implements `Forge`.

    Args:
        repository_name: `owner/name`.
        token: A person's, an App's or a job's token.
        host: The forge host that ids belong to, such as `github.com`.
        api_url: Base of the API.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        repository_name: str,
        token: str,
        *,
        host: str,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitHubApi(repository_name, token, api_url=api_url, timeout=timeout, pause=pause)
        self._host = host
        self._changes = ChangeReader(self._api, host)
        self._merges = Merges(self._api, self._changes)
        self._known: tuple[Repository, str] | None = None

    # --- the repository and people -----------------------------------------------------------

    def _home(self) -> tuple[Repository, str]:
        if self._known is None:
            fields = home(self._api)
            named = Repository(self._host, fields.number("id"), fields.text("full_name"))
            self._known = named, _BRANCH + fields.text("default_branch")
        return self._known

    def repository(self) -> Repository:
        """Return the repository by host, numeric id and name."""
        return self._home()[0]

    def default_ref(self) -> str:
        """Return the full ref of the default branch."""
        return self._home()[1]

    def check_settings(self) -> Sequence[str]:
        """Check that reviews can be read: what a job may do is all in its token; the settings are not shown to it."""
        what = f"pull requests of {self._api.repository}"
        self._api.get(self._api.here("/pulls"), what=what, access=READ, state="closed", per_page="1")
        return ()

    def protected(self, ref: str) -> bool:
        """Return whether rules or older protection hold for a branch."""
        return is_protected(self._api, ref)

    def direct_push(self, ref: str) -> str:
        """Return, in a sentence, who may push to a branch directly as far as can be seen, or nothing if nobody may."""
        return direct_push(self._api, ref)

    def current_actor(self) -> Actor:
        """Return the account behind the token."""
        if (actor := self._account()) is None:
            raise ServiceError(
                "there is no account behind this token",
                why="it belongs to a job or an App",
                fix="use a person's token, or start it from a workflow with id-token: write",
            )
        return actor

    def _account(self) -> Actor | None:
        what = "the account behind the token"
        try:
            return actor_of(Fields(self._api.get("/user", what=what, access="metadata: read"), what), self._host)
        except RefusedError as error:
            if error.status != 403:
                raise
            return None  # a job's or an App's token

    def actor(self, login: str) -> Actor:
        """Return the account that has this login now."""
        what = f"account {login}"
        actor = actor_of(
            Fields(self._api.get(f"/users/{in_path(login)}", what=what, access="metadata: read"), what), self._host
        )
        if actor.login.lower() != login.lower():
            raise ServiceError(
                f"{what}: GitHub answered with {actor.login}", why="it is another account", fix="run again"
            )
        return actor

    def permission(self, actor: Actor) -> Permission:
        """Return what the account may do in the repository now, checked against its numeric id."""
        what = f"permission of {actor.login}"
        path = self._api.here(f"/collaborators/{in_path(actor.login)}/permission")
        fields = Fields(self._api.get(path, what=what, access="metadata: read"), what)
        account_id = fields.inner("user").number("id")
        if account_id != actor.id:
            raise ServiceError(
                f"{what}: the login belongs to another account now ({account_id}, not {actor.id})",
                why="the account was renamed, and the login may have been registered again by somebody else",
                fix="have the person review again with the current login",
            )
        role = fields.text("role_name")
        # a custom role has a name of its own; `permission` tells what it is based on
        return _ROLES[role] if role in _ROLES else fields.one_of("permission", _ROLES)

    def least_to_start(self) -> Permission:
        """Return from which permission on people may start a run of the gate."""
        return Permission.WRITE

    # --- change requests ---------------------------------------------------------------------

    def change_request(self, number: int) -> ChangeRequest:
        """Return a change request, open or merged, completely read."""
        return self._changes.read(number)

    def merge_of(self, revision: str, base_ref: str) -> Merge | None:
        """Return how a change request brought `revision` onto `base_ref`, or None if none did."""
        return self._merges.of(revision, base_ref, self.repository().id)

    def change_request_of(self, revision: str, base_ref: str) -> ChangeRequest | None:
        """Return the merged change request that brought `revision` onto `base_ref`, completely read, or None."""
        what = f"change requests of {revision[:12]}"
        listed = self._api.pages(self._api.here(f"/commits/{revision}/pulls"), what=what, access=READ)
        merged = [pull for pull in (Fields(data, what) for data in listed) if not pull.is_null("merged_at")]
        candidates = [self._changes.read(pull.number("number")) for pull in merged if self._aims_at(pull, base_ref)]
        changes = [change for change in candidates if self._brought(change, revision, base_ref)]
        if len(changes) > 1:  # a forge calls all of one head merged: the one that it merged itself goes first
            merge = self.merge_of(revision, base_ref)
            changes.sort(key=lambda change: (merge is None or change.number != merge.number, change.number))
        return changes[0] if changes else None

    def _aims_at(self, fields: Fields, base_ref: str) -> bool:
        base = fields.inner("base")
        return _BRANCH + base.text("ref") == base_ref and base.inner("repo").number("id") == self.repository().id

    def _brought(self, change: ChangeRequest, revision: str, base_ref: str) -> bool:
        if not change.merged or change.base_ref != base_ref or change.repository_id != self.repository().id:
            return False
        return change.merge_revision == revision or self._rebased(change, revision)

    def _rebased(self, change: ChangeRequest, revision: str) -> bool:
        """Return whether `revision` is one of the commits that a rebase merge made, which end in the merge revision.

        A rebase keeps author and message of each commit; that tells its group from what stood there before.
        """
        originals = self._changes.raw_commits(change.number, self._changes.fields(change.number))
        at = change.merge_revision
        for original in reversed(originals):
            what = f"commit {at}"
            commit = Fields(self._api.get(self._api.here(f"/commits/{at}"), what=what, access=_CONTENTS), what)
            if _told(commit) != _told(original) or len(commit.items("parents")) != 1:
                return False
            if at == revision:
                return True
            at = Fields(commit.items("parents")[0], what).revision("sha")
        return False

    def open_changes(self, base_ref: str) -> Iterator[OpenChange]:
        """Yield the open change requests into a branch, newest first."""
        what, query = "open change requests", {"state": "open", "base": base_ref.removeprefix(_BRANCH)}
        for data in self._api.pages(self._api.here("/pulls"), what=what, access=READ, **query):
            pull = Fields(data, what)
            if pull.text("state") != "open" or not self._aims_at(pull, base_ref):
                continue  # GitHub ignores a filter that it does not understand
            head = pull.inner("head")
            inside = not head.is_null("repo") and head.inner("repo").number("id") == self.repository().id
            yield OpenChange(pull.number("number"), pull.text("html_url"), inside, head.text("ref"))

    def build_start(self, run_uri: str) -> BuildStart | None:
        """Return who had a hand in the run at this address, or None if it is gone."""
        return start_of(self._api, run_uri, self._host)

    def moves(self, ref: str) -> Iterator[BranchMove]:
        """Yield how a branch of this repository was moved, newest first."""
        return self._changes.moves(ref)

    def changed_files(self, number: int) -> Sequence[str]:
        """Return the paths that a change request touches; of a renamed file both."""
        what, fields = f"files of #{number}", self._changes.fields(number)
        promised = fields.number("changed_files")
        listed = self._api.pages(self._api.here(f"/pulls/{number}/files"), what=what, access=READ)
        files = [Fields(data, what) for data in listed]
        if promised > MAX_FILES:
            raise LimitError(
                f"{what}: {promised}", why=f"GitHub lists {MAX_FILES} at most", fix="make a smaller change"
            )
        if len(files) != promised:
            why = "a page is missing, or a push came in between"
            raise ServiceError(f"{what}: {len(files)} of {promised} were listed", why=why, fix="run again")
        paths = [file.text("filename") for file in files]
        return [*paths, *(file.text("previous_filename") for file in files if file.has("previous_filename"))]

    def file_at(self, revision: str, path: str) -> bytes | None:
        """Return a file of the repository at a revision (or full ref) through the API."""
        what = f"{path} at {revision[:60]}"
        try:
            data = self._api.get(
                self._api.here(f"/contents/{in_path(path)}"), what=what, access=_CONTENTS, ref=revision
            )
        except RefusedError as error:
            if error.status == 404 and error.message == "Not Found":
                self.repository()  # else it is the repository that cannot be seen
                return None
            raise
        fields = Fields(data, what)
        if fields.text("type") != "file" or fields.text("encoding") != "base64":
            raise ServiceError(
                f"{what}: it cannot be read here",
                why="it is not a file, or bigger than 1 MB",
                fix="make it a small file",
            )
        try:
            content = base64.b64decode(fields.text("content"))
        except binascii.Error as error:
            raise ServiceError(
                f"{what}: GitHub's answer cannot be used", why="its base64 is broken", fix="run again"
            ) from error
        if len(content) != fields.number("size"):
            raise ServiceError(
                f"{what}: {len(content)} of {fields.number('size')} bytes arrived",
                why="the answer is cut off",
                fix="run again",
            )
        return content

    # --- writing -----------------------------------------------------------------------------

    def open_request(self, *, branch: str, path: str, content: bytes, title: str, body: str) -> tuple[int, str]:
        """Open a change request that adds one file to the default branch; return its number and URL."""
        request = Proposal(self._api, branch, self.default_ref(), self.repository().id)
        request.branch_off()
        stored = request.add_file(path, content, title, lambda: self.file_at(_BRANCH + branch, path))
        if stored != content:
            raise ServiceError(
                f"branch {branch}: {path} is there already, with other content",
                why="somebody else wrote it, or an earlier run with other inputs",
                fix="delete the branch and run again",
            )
        return request.open(title, body)

    def open_change(self, *, branch: str, title: str, body: str) -> tuple[int, str]:
        """Open a change request of a branch for the default branch, unless it is open; return its number and URL."""
        return Proposal(self._api, branch, self.default_ref(), self.repository().id).open(title, body)

    def comment(self, number: int, marker: str, body: str) -> None:
        """Put one comment on a change request, replacing our own earlier one that begins with `marker`."""
        keep_comment(self._api, number, marker, body, me=self._account())


def _told(fields: Fields) -> tuple[str, ...]:
    """Return what a rebase keeps of a commit: its author and its message."""
    inner = fields.inner("commit")
    author = inner.inner("author")
    return inner.text("message").strip(), author.text("name"), author.text("email"), author.text("date")
