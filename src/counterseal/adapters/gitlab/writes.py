"""What we write at GitLab beside releases: a branch with one file, its merge request, one comment; all repeatable.

GitLab executes lines of a comment or description that begin with a slash (`/approve`, `/merge`) as their author, so
those of other people's words are escaped (R28).
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import PEOPLE
from counterseal.adapters.http.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.adapters.gitlab.api import GitLabApi
    from counterseal.model import Actor

_LONGEST_COMMENT: Final = 65_000
_BRANCH: Final = "refs/heads/"
_QUICK_ACTION: Final = re.compile(r"^([^\S\n]*)/", re.MULTILINE)


class Proposal:
    """A merge request of ours in the making.

    Args:
        api: Calls about the project.
        branch: Name of the branch to make.
        base: Full ref of the branch that it is for.
        project_id: Id of the project.
    """

    def __init__(self, api: GitLabApi, branch: str, base: str, project_id: int) -> None:
        self._api = api
        self._branch = branch
        self._base = base.removeprefix(_BRANCH)
        self._project_id = project_id
        self._what = f"merge request of {branch}"

    def add_file(self, path: str, content: bytes, message: str, read: Callable[[], bytes | None]) -> bytes:
        """Return the file on the branch, which is `content` unless another one was there.

        One commit makes the branch at the tip of the base, unless it is there, and adds the file (mode 100644).
        """

        def write() -> None:
            action = {
                "action": "create",
                "file_path": path,
                "content": base64.b64encode(content).decode(),
                "encoding": "base64",
                "execute_filemode": False,
            }
            body = {"branch": self._branch, "commit_message": message, "actions": [action]}
            if not self._exists():
                body["start_branch"] = self._base
            self._api.write("POST", self._api.here("/repository/commits"), body, what=path, access=PEOPLE)

        return self._api.ensure(path, read, write)

    def _exists(self) -> bool:
        what = f"branch {self._branch}"
        path = self._api.here(f"/repository/branches/{self._branch.replace('/', '%2F')}")
        return self._api.find(path, what=what, access=PEOPLE) is not None

    def open(self, title: str, body: str) -> tuple[int, str]:
        """Return number and URL of the open merge request."""

        def write() -> None:
            proposal = {
                "source_branch": self._branch,
                "target_branch": self._base,
                "title": title,
                "description": harmless(body),
                "remove_source_branch": True,
            }
            self._api.write("POST", self._api.here("/merge_requests"), proposal, what=self._what, access=PEOPLE)

        return self._api.ensure(self._what, self._opened, write)

    def _opened(self) -> tuple[int, str] | None:
        query = {"source_branch": self._branch, "target_branch": self._base, "state": "opened"}
        path = self._api.here("/merge_requests")
        for data in self._api.pages(path, what=self._what, access=PEOPLE, **query):
            request = Fields(data, self._what)
            # a filter that GitLab does not understand is ignored, and names are not ids
            ends = (request.text("source_branch"), request.text("target_branch"), request.text("state"))
            if ends == (self._branch, self._base, "opened") and self._is_ours(request):
                return request.number("iid"), request.text("web_url")
        return None

    def _is_ours(self, fields: Fields) -> bool:
        return not fields.is_null("source_project_id") and fields.number("source_project_id") == self._project_id


def keep_comment(api: GitLabApi, number: int, marker: str, body: str, *, me: Actor) -> None:
    """Put one comment on a merge request, replacing our own earlier one.

    Args:
        api: Calls about the project.
        number: Of the merge request.
        marker: What our comments begin with.
        body: The text; what is very long is cut.
        me: Who we are.
    """
    text = harmless(body if len(body) <= _LONGEST_COMMENT else f"{body[:_LONGEST_COMMENT]}\n… (cut)")
    what, path = f"comment on !{number}", api.here(f"/merge_requests/{number}/notes")
    for data in api.pages(path, what=what, access=PEOPLE, sort="asc", order_by="created_at"):
        comment = Fields(data, what)
        own = not comment.flag("system") and comment.inner("author").number("id") == me.id
        if own and comment.text("body").startswith(marker):
            if comment.text("body") != text:
                api.write("PUT", f"{path}/{comment.number('id')}", {"body": text}, what=what, access=PEOPLE)
            return
    api.write("POST", path, {"body": text}, what=what, access=PEOPLE)


def harmless(text: str) -> str:
    """Return a text of which GitLab executes nothing; it looks the same, but in code blocks."""
    return _QUICK_ACTION.sub(r"\1\\/", text)
