"""Jobs and pipelines of GitLab CI: who had a hand in a job, and how people start a pipeline of the gate.

Whoever plays or retries a manual job gives it variables of their own (GitLab's documentation, "Specify variables when
running manual jobs"; app/services/ci/retry_job_service.rb keeps them for such jobs only). GraphQL's `CiJob.manualJob`
tells a manual job; a job that was retried stands more than once in its pipeline.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import PEOPLE, REVIEWS, Access
from counterseal.adapters.gitlab.api import GitLabApi
from counterseal.adapters.http.answers import RefusedError, UncertainError
from counterseal.adapters.http.fields import Fields
from counterseal.adapters.http.transport import TIMEOUT
from counterseal.errors import ServiceError
from counterseal.identifiers import page
from counterseal.model import BuildStart, RunState, StartedRun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.adapters.gitlab.access import GitLabTokens
    from counterseal.adapters.gitlab.people import People

_JOB: Final = re.compile(r"/-/jobs/([1-9][0-9]{0,18})\Z")
_MANUAL: Final = "query($path: ID!, $job: JobID!) { project(fullPath: $path) { job(id: $job) { manualJob } } }"


def start_of(api: GitLabApi, run_uri: str, people: People) -> BuildStart | None:
    """Return who had a hand in a job, as `Forge.build_start` promises."""
    match = _JOB.search(run_uri)
    if match is None:
        return None
    number = int(match[1])
    what = f"job {number}"
    answer = api.find(api.here(f"/jobs/{number}"), what=what, access=REVIEWS)
    if answer is None:
        return None
    fields = Fields(answer, what)
    fields.require("id", number)
    who = people.shown(fields, "user")
    again = _was_retried(api, fields.inner("pipeline").number("id"), fields.text("name"), number)
    return BuildStart(run_uri, (who,) if who else (), manual=_is_manual(api, number, what), again=again)


def _was_retried(api: GitLabApi, pipeline: int, name: str, number: int) -> bool:
    what, path = f"jobs of pipeline {pipeline}", api.here(f"/pipelines/{pipeline}/jobs")
    jobs = (Fields(data, what) for data in api.pages(path, what=what, access=REVIEWS, include_retried="true"))
    return any(job.text("name") == name and job.number("id") < number for job in jobs)


def _is_manual(api: GitLabApi, number: int, what: str) -> bool:
    variables = {"path": api.project, "job": f"gid://gitlab/Ci::Build/{number}"}
    job = Fields(api.graphql(_MANUAL, variables, what=what), what).inner("project").inner("job")
    return job.flag("manualJob")


# --- pipelines that people start -----------------------------------------------------------------

_HOW: Final = page("incidents.md#what-it-takes")
_RIGHT: Final = (
    "a pipeline of a protected branch is for those who may merge or push to it: Settings → Repository → Protected "
    "branches"
)
_START: Final = Access(PEOPLE.kinds, f"set GITLAB_TOKEN to a personal access token with the scope api; {_RIGHT}")
_STATES: Final = {
    **dict.fromkeys(
        ("created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "running"), RunState.WAITING
    ),
    **dict.fromkeys(("manual", "scheduled", "canceling"), RunState.WAITING),
    "success": RunState.SUCCEEDED,
    **dict.fromkeys(("failed", "canceled", "skipped"), RunState.FAILED),
}


class GitLabGateRuns:
    """Implements `GateRuns`: a pipeline of source `api`, with inputs.

    Args:
        name: `group/project`.
        tokens: A person's among them.
        host: The forge host, such as `gitlab.com`.
        api_url: Base of the API.
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

    def start(self, file: str, ref: str, inputs: Mapping[str, str]) -> StartedRun:
        """Start a pipeline of a branch, once; GitLab knows which file it is from."""
        what, branch = f"a pipeline of {file}", ref.removeprefix("refs/heads/")
        body = {"ref": branch, "inputs": dict(inputs)}
        try:
            answer = self._api.write("POST", self._api.here("/pipeline"), body, what=what, access=_START)
        except RefusedError as error:
            raise RefusedError(error.what, error.status, error.message, fix=_fix(error, file)) from error
        except UncertainError as error:
            raise ServiceError(
                f"{what}: nobody knows whether it started",
                why=error.why or error.what,
                fix=f"look at https://{self._host}/{self._api.project}/-/pipelines before you ask again: a second hold "
                "of the same needs another person",
            ) from error
        return self._shown(Fields(answer, what))

    def look(self, run: StartedRun) -> StartedRun:
        """Return how far a pipeline is."""
        what = f"pipeline {run.number}"
        fields = Fields(self._api.get(self._api.here(f"/pipelines/{run.number}"), what=what, access=_START), what)
        fields.require("id", run.number)
        return self._shown(fields)

    def _shown(self, fields: Fields) -> StartedRun:
        """Return a pipeline; its address has to be one of this project's, whose capitals GitLab alone knows."""
        number, place = fields.number("id"), fields.text("web_url")
        if place.lower() != f"https://{self._host}/{self._api.project}/-/pipelines/{number}".lower():
            raise ServiceError(
                f"{fields.what}: the forge's answer cannot be used",
                why=f"{place[:200]!r} is not pipeline {number} of {self._api.project}",
                fix="check which server answers for the forge",
            )
        return StartedRun(number, place, fields.one_of("status", _STATES))


def _fix(refused: RefusedError, file: str) -> str:
    """Return what to do about a pipeline that GitLab did not start."""
    if refused.status != 400:
        return refused.fix
    if "permission" in refused.message:
        return _RIGHT
    if "RegEx" in refused.message:
        return f"{file} takes no such value: leave quotes, backslashes and line breaks out of the reason"
    return f"{file} has to take the inputs of a pipeline that somebody starts: {_HOW}"
