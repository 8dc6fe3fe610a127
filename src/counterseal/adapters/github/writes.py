"""What we write at GitHub beside releases: a branch with one file, its change request, one comment; all repeatable."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from counterseal.adapters.github.people import actor_of
from counterseal.adapters.http.answers import in_path
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.model import ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.adapters.github.api import GitHubApi
    from counterseal.model import Actor

_OPEN: Final = "contents: write, pull-requests: write"
_COMMENT: Final = "pull-requests: write"
_LONGEST_COMMENT: Final = 65_000
_BRANCH: Final = "refs/heads/"


class Proposal:
    """A change request of ours in the making.

    Args:
        api: Calls about the repository.
        branch: Name of the branch to make.
        base: Full ref of the branch that it is for.
        repository_id: Id of the repository.
    """

    def __init__(self, api: GitHubApi, branch: str, base: str, repository_id: int) -> None:
        self._api = api
        self._branch = branch
        self._base = base
        self._repository_id = repository_id
        self._what = f"change request of {branch}"

    def branch_off(self) -> None:
        """Make the branch at the tip of the base, unless it is there."""
        self._api.ensure(f"branch {self._branch}", lambda: self._tip(_BRANCH + self._branch), self._create_branch)

    def add_file(self, path: str, content: bytes, message: str, read: Callable[[], bytes | None]) -> bytes:
        """Return the file on the branch, which is `content` unless another one was there."""

        def write() -> None:
            body = {"message": message, "branch": self._branch, "content": base64.b64encode(content).decode()}
            self._api.write("PUT", self._api.here(f"/contents/{in_path(path)}"), body, what=path, access=_OPEN)

        return self._api.ensure(path, read, write)

    def open(self, title: str, body: str) -> tuple[int, str]:
        """Return number and URL of the open change request."""

        def write() -> None:
            base = self._base.removeprefix(_BRANCH)
            proposal = {"title": title, "body": body, "head": self._branch, "base": base}
            self._api.write("POST", self._api.here("/pulls"), proposal, what=self._what, access=_OPEN)

        return self._api.ensure(self._what, self._opened, write)

    def _opened(self) -> tuple[int, str] | None:
        base = self._base.removeprefix(_BRANCH)
        query = {"head": f"{self._api.repository.split('/')[0]}:{self._branch}", "base": base, "state": "open"}
        for data in self._api.pages(self._api.here("/pulls"), what=self._what, access=_OPEN, **query):
            pull = Fields(data, self._what)
            # GitHub ignores a filter that it does not understand, and names are not ids
            ends = (pull.inner("head").text("ref"), pull.inner("base").text("ref"))
            if ends == (self._branch, base) and self._is_ours(pull):
                return pull.number("number"), pull.text("html_url")
        return None

    def _is_ours(self, fields: Fields) -> bool:
        head = fields.inner("head")
        return not head.is_null("repo") and head.inner("repo").number("id") == self._repository_id

    def _create_branch(self) -> None:
        if (tip := self._tip(self._base)) is None:
            raise ServiceError(
                f"{self._base} is gone", why="GitHub has no such branch", fix="look at the branches of the repository"
            )
        body = {"ref": _BRANCH + self._branch, "sha": tip}
        self._api.write("POST", self._api.here("/git/refs"), body, what=f"branch {self._branch}", access=_OPEN)

    def _tip(self, ref: str) -> str | None:
        short = in_path(ref.removeprefix("refs/"))
        data = self._api.find(self._api.here(f"/git/ref/{short}"), what=ref, access=_OPEN)
        if data is None:
            return None
        fields = Fields(data, ref)
        fields.require("ref", ref)
        return fields.inner("object").revision("sha")


def keep_comment(api: GitHubApi, number: int, marker: str, body: str, *, me: Actor | None) -> None:
    """Put one comment on a change request, replacing our own earlier one.

    Args:
        api: Calls about the repository.
        number: Of the change request.
        marker: What our comments begin with.
        body: The text; what is too long for GitHub is cut.
        me: Who we are; None for a job's or an App's token, whose comments are a bot's.
    """
    text = body if len(body) <= _LONGEST_COMMENT else f"{body[:_LONGEST_COMMENT]}\n… (cut)"
    what, path = f"comment on #{number}", api.here(f"/issues/{number}/comments")
    for data in api.pages(path, what=what, access=_COMMENT):
        comment = Fields(data, what)
        if comment.is_null("user") or not comment.has("body") or not comment.text("body").startswith(marker):
            continue
        author = actor_of(comment.inner("user"), "")
        if author.id == me.id if me else author.kind is ActorKind.BOT:
            if comment.text("body") != text:
                own = api.here(f"/issues/comments/{comment.number('id')}")
                api.write("PATCH", own, {"body": text}, what=what, access=_COMMENT)
            return
    api.write("POST", path, {"body": text}, what=what, access=_COMMENT)
