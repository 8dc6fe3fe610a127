"""Who had a hand in a job of GitLab CI: who played or retried it, and whether it is a manual one.

Whoever plays or retries a manual job gives it variables of their own (GitLab's documentation, "Specify variables when
running manual jobs"; app/services/ci/retry_job_service.rb keeps them for such jobs only). GraphQL's `CiJob.manualJob`
tells a manual job; a job that was retried stands more than once in its pipeline.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.adapters.gitlab.access import REVIEWS
from counterseal.adapters.http.fields import Fields
from counterseal.model import BuildStart

if TYPE_CHECKING:
    from counterseal.adapters.gitlab.api import GitLabApi
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
