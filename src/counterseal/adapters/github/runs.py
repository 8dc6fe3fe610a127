"""Who started a run of GitHub Actions, where somebody did: by hand, by a schedule of theirs, or by a release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.github.people import actor_of
from counterseal.adapters.http.fields import Fields
from counterseal.model import BuildStart

if TYPE_CHECKING:
    from counterseal.adapters.github.api import GitHubApi

_RUN: Final = re.compile(r"/actions/runs/([1-9][0-9]{0,18})/attempts/([1-9][0-9]{0,8})\Z")
_ACTIONS: Final = "actions: read"


def start_of(api: GitHubApi, run_uri: str, host: str) -> BuildStart | None:
    """Return who started an attempt of a run, as `Forge.build_start` promises."""
    match = _RUN.search(run_uri)
    if match is None:
        return None
    number, attempt = match.groups()
    what, path = f"run {number}", api.here(f"/actions/runs/{number}/attempts/{attempt}")
    answer = api.find(path, what=what, access=_ACTIONS)
    if answer is None:
        return None
    fields = Fields(answer, what)
    fields.require("id", int(number))
    people = [actor_of(fields.inner(name), host) for name in ("actor", "triggering_actor") if fields.has(name)]
    return BuildStart(run_uri, tuple(dict.fromkeys(people)), manual=False, again=int(attempt) > 1)
