"""Runs of GitHub Actions: who started one, where somebody did, and how people start one of the gate."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from counterseal import forges
from counterseal.adapters.github.api import GitHubApi
from counterseal.adapters.github.people import actor_of
from counterseal.adapters.http.answers import RefusedError, UncertainError
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.errors import ServiceError
from counterseal.identifiers import page
from counterseal.model import BuildStart, RunState, StartedRun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


# --- runs that people start --------------------------------------------------------------------

_START: Final = "actions: write"
_HOW: Final = page("incidents.md#what-it-takes")
_WHOSE: Final = (
    "use the token of a person who may write to the repository: `gh auth token`, a fine-grained one with Actions: read "
    "and write, or a classic one with the scope repo"
)
_CONCLUDED: Final = "completed"


class GitHubGateRuns:
    """Implements `GateRuns`: a workflow_dispatch, whose answer names the run.

    Args:
        name: `owner/name`.
        token: A person's.
        host: The forge host, such as `github.com`.
        api_url: Base of the API.
        timeout: Seconds for one answer.
        pause: Waits so many seconds between tries.
    """

    def __init__(
        self,
        name: str,
        token: str,
        *,
        host: str,
        api_url: str,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = GitHubApi(name, token, api_url=api_url, timeout=timeout, pause=pause)
        self._host = host

    def start(self, file: str, ref: str, inputs: Mapping[str, str]) -> StartedRun:
        """Start the workflow of a file on a branch, once."""
        what, workflow = f"a run of {file}", quote(file.rpartition("/")[2], safe="")
        branch = ref.removeprefix("refs/heads/")
        body = {"ref": branch, "inputs": dict(inputs), "return_run_details": True}
        path = self._api.here(f"/actions/workflows/{workflow}/dispatches")
        try:
            answer = self._api.write("POST", path, body, what=what, access=_START)
        except RefusedError as error:
            raise RefusedError(error.what, error.status, error.message, fix=_fix(error, file, branch)) from error
        except UncertainError as error:
            raise self._unknown(what, error.why or error.what) from error
        if answer is None:
            raise self._unknown(what, "GitHub took it, and does not say which run it is")
        fields = Fields(answer, what)
        return self._shown(fields.number("workflow_run_id"), fields, RunState.WAITING)

    def look(self, run: StartedRun) -> StartedRun:
        """Return how far a run is."""
        what = f"run {run.number}"
        fields = Fields(
            self._api.get(self._api.here(f"/actions/runs/{run.number}"), what=what, access="actions: read"), what
        )
        fields.require("id", run.number)
        if fields.text("status") != _CONCLUDED:
            return self._shown(run.number, fields, RunState.WAITING)
        succeeded = fields.has("conclusion") and fields.text("conclusion") == "success"
        return self._shown(run.number, fields, RunState.SUCCEEDED if succeeded else RunState.FAILED)

    def _shown(self, number: int, fields: Fields, state: RunState) -> StartedRun:
        """Return a run; its address has to be one of this repository's, whose capitals GitHub alone knows."""
        place = fields.text("html_url")
        if not forges.is_run_page(self._host, self._api.repository.lower(), place.lower()):
            raise ServiceError(
                f"{fields.what}: the forge's answer cannot be used",
                why=f"{place[:200]!r} is no run of {self._api.repository}",
                fix="check which server answers for the forge",
            )
        return StartedRun(number, place, state)

    def _unknown(self, what: str, why: str) -> ServiceError:
        place = f"https://{self._host}/{self._api.repository}/actions"
        return ServiceError(
            f"{what}: nobody knows whether it started",
            why=why,
            fix=f"look at {place} before you ask again: a second hold of the same needs another person",
        )


def _fix(refused: RefusedError, file: str, branch: str) -> str:
    """Return what to do about a run that GitHub did not start."""
    words: dict[int, Any] = {
        403: _WHOSE,
        404: f"is {file} on {branch}? If it is, the token may not start it: {_WHOSE}",
        422: f"{file} on {branch} has to take the inputs of a run that somebody starts: {_HOW}",
    }
    if refused.status == 422 and "disabled" in refused.message:
        return f"enable the workflow: gh workflow enable {file.rpartition('/')[2]}"
    return str(words.get(refused.status, refused.fix))
