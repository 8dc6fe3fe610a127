"""Which of the objects in `gitlab_schemas` answers which call of GitLab's API, with the page that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.contract.gitlab_schemas import (
    ANYTHING,
    APPROVALS,
    BRANCH,
    CHANGE,
    COMMANDS_ONLY,
    COMMIT,
    COMPARISON,
    DIFF,
    FLAG,
    FULL_CHANGE,
    FULL_USER,
    JOB,
    LINK,
    ME,
    MEMBER,
    NOTE,
    NULL,
    OWN_TOKEN,
    PACKAGE,
    PACKAGE_FILE,
    PIPELINE,
    PROJECT,
    PROJECT_TOKEN,
    PROTECTED_BRANCH,
    PROTECTED_TAG,
    PUSH,
    RELEASE,
    REVIEWER,
    REVISION,
    SCHEDULE,
    SIGNATURE,
    STATE_EVENT,
    TAG,
    TEXT,
    UPLOADED,
    USER,
    VARIABLE,
    VERSION,
    Schema,
    closed,
    listed,
    maybe,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A call: its page below docs.gitlab.com/api/, and by status what answers it (None: no JSON)."""

    page: str
    answers: dict[int, Schema | None]


# --- GraphQL and refusals ----------------------------------------------------------------------

_USER_ID: Final[Schema] = {"type": "string", "pattern": r"^gid://gitlab/User/\d+$"}
_AUTHORS: Final = closed({
    "nodes": listed(
        closed({
            "sha": REVISION,
            "author": maybe(closed({"id": _USER_ID, "username": TEXT})),
        })
    ),
    "pageInfo": closed({"hasNextPage": FLAG, "endCursor": maybe(TEXT)}),
})  # fmt: skip
_CHANGE_COMMITS: Final = closed({"mergeRequest": maybe(closed({"commits": maybe(_AUTHORS)}))})
_MANUAL_JOB: Final = closed({"job": maybe(closed({"manualJob": maybe(FLAG)}))})
GRAPHQL: Final = closed({"data": closed({"project": {"anyOf": [_CHANGE_COMMITS, _MANUAL_JOB, NULL]}})})
GRAPHQL_ERRORS: Final = closed({"errors": {**listed(closed({"message": TEXT})), "minItems": 1}}, data=NULL)
#: "REST API troubleshooting", status codes; OAuth's two for what a token's scope is not enough for.
REFUSAL: Final = {
    "anyOf": [
        closed({"message": {"anyOf": [TEXT, listed(TEXT), ANYTHING]}}),
        closed({"error": TEXT}),
        closed({"error": TEXT, "error_description": TEXT}, scope=TEXT),
    ]
}

# --- the calls ---------------------------------------------------------------------------------

_PROJECT = "/projects/:id"
_GIT = f"{_PROJECT}/repository"
_CHANGES = f"{_PROJECT}/merge_requests"
_ONE = f"{_CHANGES}/:merge_request_iid"
_PACKAGES = f"{_PROJECT}/packages"
_GENERIC = f"{_PACKAGES}/generic/:package_name/:package_version/:file_name"
_RELEASE = f"{_PROJECT}/releases/:tag_name"


def _ok(page: str, schema: Schema | None, status: int = 200) -> Operation:
    return Operation(page, {status: schema})


OPERATIONS: Final[dict[str, Operation]] = {
    "GET /user": _ok("users/#retrieve-the-current-user", ME),
    "GET /users": _ok("users/#list-all-users", listed(USER)),
    "GET /users/:user_id": _ok("users/#retrieve-a-user", FULL_USER),
    f"GET {_PROJECT}": _ok("projects/#retrieve-a-project", PROJECT),
    f"GET {_PROJECT}/members/all/:user_id": _ok("project_members/", MEMBER),
    f"GET {_PROJECT}/events": _ok("events/#list-all-visible-events-for-a-project", listed(PUSH)),
    f"GET {_PROJECT}/jobs/:job_id": _ok("jobs/#get-a-single-job", JOB),
    f"GET {_PROJECT}/pipelines/:pipeline_id/jobs": _ok("jobs/#list-pipeline-jobs", listed(JOB)),
    f"POST {_PROJECT}/pipeline": _ok("pipelines/#create-a-new-pipeline", PIPELINE, 201),
    f"GET {_PROJECT}/pipelines/:pipeline_id": _ok("pipelines/#get-a-single-pipeline", PIPELINE),
    f"GET {_PROJECT}/protected_branches": _ok("protected_branches/#list-protected-branches", listed(PROTECTED_BRANCH)),
    f"POST {_PROJECT}/protected_branches": _ok(
        "protected_branches/#protect-repository-branches", PROTECTED_BRANCH, 201
    ),
    f"GET {_PROJECT}/protected_tags": _ok("protected_tags/#list-protected-tags", listed(PROTECTED_TAG)),
    f"POST {_PROJECT}/protected_tags": _ok("protected_tags/#protect-repository-tags", PROTECTED_TAG, 201),
    f"PUT {_PROJECT}": _ok("projects/#update-a-project", PROJECT),
    f"GET {_PROJECT}/members/all": _ok("project_members/", listed(MEMBER)),
    f"GET {_PROJECT}/variables": _ok("project_level_variables/#list-project-variables", listed(VARIABLE)),
    "GET /groups/:group/variables": _ok("group_level_variables/#list-group-variables", listed(VARIABLE)),
    f"GET {_PROJECT}/access_tokens": _ok("project_access_tokens/", listed(PROJECT_TOKEN)),
    "GET /personal_access_tokens/self": _ok("personal_access_tokens/", OWN_TOKEN),
    f"GET {_PROJECT}/pipeline_schedules": _ok("pipeline_schedules/#get-all-pipeline-schedules", listed(SCHEDULE)),
    f"GET {_GIT}/branches": _ok("branches/#list-repository-branches", listed(BRANCH)),
    f"GET {_GIT}/branches/:branch": _ok("branches/#get-single-repository-branch", BRANCH),
    f"POST {_GIT}/branches": _ok("branches/#create-repository-branch", BRANCH, 201),
    f"DELETE {_GIT}/branches/:branch": _ok("branches/#delete-repository-branch", None, 204),
    f"GET {_GIT}/compare": _ok("repositories/#compare-branches-tags-or-commits", COMPARISON),
    f"GET {_GIT}/tags": _ok("tags/#list-project-repository-tags", listed(TAG)),
    f"GET {_GIT}/tags/:tag_name": _ok("tags/#get-a-single-repository-tag", TAG),
    f"GET {_GIT}/files/:file_path/raw": _ok("repository_files/#get-raw-file-from-repository", None),
    f"GET {_GIT}/commits/:sha": _ok("commits/#get-a-single-commit", COMMIT),
    f"GET {_GIT}/commits/:sha/signature": _ok("commits/#get-signature-of-a-commit", SIGNATURE),
    f"GET {_GIT}/commits/:sha/merge_requests": _ok(
        "commits/#list-merge-requests-associated-with-a-commit", listed(CHANGE)
    ),
    f"POST {_GIT}/commits": _ok("commits/#create-a-commit-with-multiple-files-and-actions", COMMIT, 201),
    f"GET {_CHANGES}": _ok("merge_requests/#list-project-merge-requests", listed(CHANGE)),
    f"POST {_CHANGES}": _ok("merge_requests/#create-mr", FULL_CHANGE, 201),
    f"GET {_ONE}": _ok("merge_requests/#get-single-mr", FULL_CHANGE),
    f"PUT {_ONE}": _ok("merge_requests/#update-mr", FULL_CHANGE),
    f"PUT {_ONE}/merge": _ok("merge_requests/#merge-a-merge-request", FULL_CHANGE),
    f"GET {_ONE}/commits": _ok("merge_requests/#get-single-merge-request-commits", listed(COMMIT)),
    f"GET {_ONE}/versions": _ok("merge_requests/#get-merge-request-diff-versions", listed(VERSION)),
    f"GET {_ONE}/diffs": _ok("merge_requests/#list-merge-request-diffs", listed(DIFF)),
    f"GET {_ONE}/resource_state_events": _ok("resource_state_events/#merge-requests", listed(STATE_EVENT)),
    f"GET {_ONE}/reviewers": _ok("merge_requests/#get-single-merge-request-reviewers", listed(REVIEWER)),
    f"GET {_ONE}/approvals": _ok("merge_request_approvals/", APPROVALS),
    f"POST {_ONE}/approve": _ok("merge_request_approvals/", APPROVALS, 201),
    f"POST {_ONE}/unapprove": _ok("merge_request_approvals/", APPROVALS, 201),
    f"GET {_ONE}/notes": _ok("notes/#list-all-merge-request-notes", listed(NOTE)),
    f"POST {_ONE}/notes": Operation("notes/#create-a-merge-request-note", {201: NOTE, 202: COMMANDS_ONLY}),
    f"PUT {_ONE}/notes/:note_id": _ok("notes/#update-a-merge-request-note", NOTE),
    f"PUT {_GENERIC}": Operation("../user/packages/generic_packages/", {200: UPLOADED, 201: closed({"message": TEXT})}),
    f"GET {_GENERIC}": _ok("../user/packages/generic_packages/#download-a-single-file", None),
    f"GET {_PACKAGES}": _ok("packages/#list-packages", listed(PACKAGE)),
    f"GET {_PACKAGES}/:package_id": _ok("packages/#get-a-project-package", PACKAGE),
    f"DELETE {_PACKAGES}/:package_id": _ok("packages/#delete-a-project-package", None, 204),
    f"GET {_PACKAGES}/:package_id/package_files": _ok("packages/#list-package-files", listed(PACKAGE_FILE)),
    f"DELETE {_PACKAGES}/:package_id/package_files/:package_file_id": _ok("packages/#delete-a-package-file", None, 204),
    f"GET {_PROJECT}/releases": _ok("releases/#list-releases", listed(RELEASE)),
    f"POST {_PROJECT}/releases": _ok("releases/#create-a-release", RELEASE, 201),
    f"GET {_RELEASE}": _ok("releases/#get-a-release-by-a-tag-name", RELEASE),
    f"DELETE {_RELEASE}": _ok("releases/#delete-a-release", RELEASE),
    f"GET {_RELEASE}/assets/links": _ok("releases/links/#list-links-of-a-release", listed(LINK)),
    f"POST {_RELEASE}/assets/links": _ok("releases/links/#create-a-release-link", LINK, 201),
    "POST /api/graphql": _ok("graphql/reference/", {"anyOf": [GRAPHQL, GRAPHQL_ERRORS]}),
}
