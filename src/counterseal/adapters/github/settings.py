"""What a job can see of a repository of GitHub's: its own page, and the rules of a branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.http.answers import in_path
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError

if TYPE_CHECKING:
    from counterseal.adapters.github.api import GitHubApi

_BRANCH: Final = "refs/heads/"
_PULL_REQUESTS_ONLY: Final = ("pull_request", "merge_queue")


def home(api: GitHubApi) -> Fields:
    """Return the repository as its own page shows it.

    Raises:
        ServiceError: It is not shown, or is called otherwise by now.
    """
    what = f"repository {api.repository}"
    fields = Fields(api.get(api.here(""), what=what, access="contents: read"), what)
    name = fields.text("full_name")
    if name.lower() != api.repository.lower():
        raise ServiceError(
            f"{what}: it is called {name} now", why="it was renamed or moved", fix="use its current name"
        )
    return fields


def is_protected(api: GitHubApi, ref: str) -> bool:
    """Return whether rulesets or older protection hold for a branch."""
    branch = ref.removeprefix(_BRANCH)
    what = f"branch {branch}"
    shown = api.get(api.here(f"/branches/{in_path(branch)}"), what=what, access="contents: read")
    return Fields(shown, what).flag("protected")


def direct_push(api: GitHubApi, ref: str) -> str:
    """Return that people may push to a branch, if no ruleset requires pull requests; older protection is not shown."""
    branch = ref.removeprefix(_BRANCH)
    what = f"rules of {branch}"
    listed = api.pages(api.here(f"/rules/branches/{in_path(branch)}"), what=what, access="metadata: read")
    if any(Fields(data, what).text("type") in _PULL_REQUESTS_ONLY for data in listed):
        return ""
    return (
        f"no ruleset of {branch} requires pull requests, as far as a job can see, so what lies between two promotions "
        "may have been pushed by anybody who may write: Settings → Rules → Rulesets → Require a pull request before "
        "merging"
    )
