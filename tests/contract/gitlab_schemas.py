"""What GitLab's documentation says of the objects in its REST answers; which call answers with which is the table of
`gitlab_operations`.

Written by us from docs.gitlab.com (GitLab 18 and 19). GitLab's own OpenAPI file says neither what is required nor what
may be null, and is CC BY-SA, so it is not used. Every object is closed: a field that is not on the page is a deviation.
Of long objects only those fields stand here that the face gives; what the page has beside them, no adapter may need.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer", "minimum": 0}
FLAG: Final[Schema] = {"type": "boolean"}
NULL: Final[Schema] = {"type": "null"}
#: "ISO 8601, in UTC, in milliseconds", as all examples have it.
MOMENT: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
REVISION: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
SHA256: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
URL: Final[Schema] = {"type": "string", "pattern": "^https?://"}
PATH: Final[Schema] = {"type": "string", "pattern": "^/[^/]"}
ANYTHING: Final[Schema] = {"type": "object"}
NOTHING: Final[Schema] = {"type": "array", "maxItems": 0}


def closed(required: Schema, **optional: Schema) -> Schema:
    """Return the schema of an object that has these fields and no other."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def maybe(schema: Schema) -> Schema:
    """Return the schema of something that may be null."""
    return {"anyOf": [NULL, schema]}


def listed(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def word(*words: str | int) -> Schema:
    """Return the schema of one of these words."""
    return {"enum": list(words)}


def also(schema: Schema, **more: Schema) -> Schema:
    """Return the schema of an object with further fields."""
    return closed({**schema["properties"], **more})


# --- people ------------------------------------------------------------------------------------

USER: Final = closed({
    "id": NUMBER,
    "username": TEXT,
    "name": TEXT,
    "state": word("active", "blocked", "deactivated", "banned", "blocked_pending_approval", "ldap_blocked"),
    "avatar_url": maybe(URL),
    "web_url": URL,
    "locked": FLAG,
    "public_email": maybe(TEXT),
})  # fmt: skip
FULL_USER: Final = also(
    USER,
    **dict.fromkeys(("bio", "location", "linkedin", "twitter", "website_url", "organization", "job_title"), TEXT),
    pronouns=maybe(TEXT),
    created_at=MOMENT,
    bot=FLAG,
)
ME: Final = also(FULL_USER, email=TEXT, commit_email=TEXT, two_factor_enabled=FLAG, external=FLAG)
MEMBER: Final = also(
    USER,
    access_level=word(0, 5, 10, 15, 20, 25, 30, 40, 50),
    created_at=MOMENT,
    expires_at=maybe(TEXT),
    membership_state=word("active", "awaiting"),
)

# --- projects and git --------------------------------------------------------------------------

_ACCESS: Final = maybe(closed({"access_level": NUMBER, "notification_level": NUMBER}))
PROJECT: Final = closed(
    {
        "id": NUMBER,
        **dict.fromkeys(("name", "name_with_namespace", "path", "path_with_namespace", "ssh_url_to_repo"), TEXT),
        "description": maybe(TEXT),
        "created_at": MOMENT,
        "last_activity_at": MOMENT,
        "default_branch": maybe(TEXT),
        "empty_repo": FLAG,
        "archived": FLAG,
        "visibility": word("private", "internal", "public"),
        "topics": listed(TEXT),
        "http_url_to_repo": URL,
        "web_url": URL,
        "readme_url": maybe(URL),
        "avatar_url": maybe(URL),
        "forks_count": NUMBER,
        "star_count": NUMBER,
        "merge_method": word("merge", "rebase_merge", "ff"),
        "squash_option": word("never", "always", "default_on", "default_off"),
        "namespace": closed({
            "id": NUMBER,
            **dict.fromkeys(("name", "path", "full_path"), TEXT),
            "kind": word("user", "group", "project"),
            "parent_id": maybe(NUMBER),
            "avatar_url": maybe(URL),
            "web_url": URL,
        }),
        "_links": closed({"self": URL, "merge_requests": URL, "members": URL}),
    },
    permissions=closed({"project_access": _ACCESS, "group_access": _ACCESS}),
    forked_from_project=closed({"id": NUMBER, "path_with_namespace": TEXT}),
    ci_push_repository_for_job_token_allowed=FLAG,
    ci_pipeline_variables_minimum_override_role=word("no_one_allowed", "developer", "maintainer", "owner"),
    ci_allow_fork_pipelines_to_run_in_parent_project=FLAG,
)  # fmt: skip
COMMIT: Final = closed({
    "id": REVISION,
    "short_id": {"type": "string", "pattern": "^[0-9a-f]{8}$"},
    "parent_ids": listed(REVISION),
    **dict.fromkeys(("title", "message", "author_name", "author_email", "committer_name", "committer_email"), TEXT),
    **dict.fromkeys(("authored_date", "committed_date", "created_at"), MOMENT),
    **dict.fromkeys(("trailers", "extended_trailers"), ANYTHING),
    "web_url": URL,
})  # fmt: skip
BRANCH: Final = closed({
    "name": TEXT,
    "commit": COMMIT,
    **dict.fromkeys(("merged", "protected", "developers_can_push", "developers_can_merge"), FLAG),
    **dict.fromkeys(("can_push", "default"), FLAG),
    "web_url": URL,
})  # fmt: skip
_TAG: Final = closed({
    "name": TEXT,
    "target": REVISION,
    "commit": COMMIT,
    "release": maybe(closed({"tag_name": TEXT, "description": maybe(TEXT)})),
    "protected": FLAG,
})  # fmt: skip
TAG: Final[Schema] = {"anyOf": [also(_TAG, message=NULL, created_at=NULL), also(_TAG, message=TEXT, created_at=MOMENT)]}
SIGNATURE: Final = closed({
    "signature_type": word("PGP", "X509", "SSH"),
    "verification_status": word("verified", "unverified", "verified_system", "verified_ca"),
    "key": NULL,
    "commit_source": word("gitaly", "rugged"),
})  # fmt: skip
_LEVEL: Final = closed({
    "id": NUMBER,
    "access_level": maybe(word(0, 30, 40, 60)),
    "access_level_description": TEXT,
    **dict.fromkeys(("deploy_key_id", "user_id", "group_id"), maybe(NUMBER)),
})  # fmt: skip
PROTECTED_BRANCH: Final = closed({
    "id": NUMBER,
    "name": TEXT,
    **dict.fromkeys(("push_access_levels", "merge_access_levels", "unprotect_access_levels"), listed(_LEVEL)),
    **dict.fromkeys(("allow_force_push", "code_owner_approval_required", "inherited"), FLAG),
})  # fmt: skip
PROTECTED_TAG: Final = closed({"name": TEXT, "create_access_levels": listed(_LEVEL)})
VARIABLE: Final = closed({
    "variable_type": word("env_var", "file"),
    **dict.fromkeys(("key", "environment_scope"), TEXT),
    **dict.fromkeys(("value", "description"), maybe(TEXT)),
    **dict.fromkeys(("protected", "masked", "hidden", "raw"), FLAG),
})  # fmt: skip
_DAY: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
OWN_TOKEN: Final = closed({
    **dict.fromkeys(("id", "user_id"), NUMBER),
    "name": TEXT,
    "description": maybe(TEXT),
    "scopes": listed(TEXT),
    **dict.fromkeys(("active", "revoked"), FLAG),
    "created_at": MOMENT,
    "last_used_at": maybe(MOMENT),
    "expires_at": maybe(_DAY),
})  # fmt: skip
PROJECT_TOKEN: Final = also(OWN_TOKEN, access_level=word(10, 15, 20, 30, 40, 50))
SCHEDULE: Final = closed({
    "id": NUMBER,
    **dict.fromkeys(("description", "ref", "cron", "cron_timezone"), TEXT),
    "next_run_at": maybe(MOMENT),
    "active": FLAG,
    **dict.fromkeys(("created_at", "updated_at"), MOMENT),
    "owner": maybe(USER),
})  # fmt: skip
_PIPELINE: Final = closed({
    **dict.fromkeys(("id", "iid", "project_id"), NUMBER),
    "sha": REVISION,
    **dict.fromkeys(("ref", "status", "source"), TEXT),
    **dict.fromkeys(("created_at", "updated_at"), MOMENT),
    "web_url": URL,
})  # fmt: skip
#: "Pipelines API", and GitLab's lib/api/entities/ci/pipeline.rb.
PIPELINE: Final = also(
    _PIPELINE,
    name=maybe(TEXT),
    before_sha=REVISION,
    tag=FLAG,
    archived=FLAG,
    yaml_errors=maybe(TEXT),
    user=USER,
    **dict.fromkeys(("started_at", "finished_at", "committed_at"), maybe(MOMENT)),
    **{key: {"type": ["number", "null"]} for key in ("duration", "queued_duration", "coverage")},
)
#: "Jobs API", and GitLab's lib/api/entities/ci/job_basic.rb and job.rb.
JOB: Final = closed({
    "id": NUMBER,
    **dict.fromkeys(("status", "stage", "name", "ref"), TEXT),
    **dict.fromkeys(("tag", "allow_failure", "archived"), FLAG),
    "created_at": MOMENT,
    **dict.fromkeys(("started_at", "finished_at", "erased_at", "artifacts_expire_at"), maybe(MOMENT)),
    **{key: {"type": ["number", "null"]} for key in ("coverage", "duration", "queued_duration")},
    "user": USER,
    "commit": COMMIT,
    "pipeline": _PIPELINE,
    "web_url": URL,
    "project": closed({"ci_job_token_scope_enabled": FLAG}),
    **dict.fromkeys(("artifacts", "tag_list"), listed(TEXT)),
    "runner": NULL,
})  # fmt: skip
PUSH: Final = closed({
    "id": NUMBER,
    "project_id": NUMBER,
    "action_name": word("pushed to", "pushed new", "deleted"),
    **dict.fromkeys(("target_id", "target_iid", "target_type", "target_title"), NULL),
    "author_id": NUMBER,
    "author": USER,
    "author_username": TEXT,
    "created_at": MOMENT,
    "imported": FLAG,
    "imported_from": TEXT,
    "push_data": closed({
        "commit_count": NUMBER,
        "action": word("created", "removed", "pushed"),
        "ref_type": word("branch", "tag"),
        "commit_from": maybe(REVISION),
        "commit_to": maybe(REVISION),
        "ref": maybe(TEXT),
        "commit_title": maybe(TEXT),
        "ref_count": maybe(NUMBER),
    }),
})  # fmt: skip

# --- merge requests ----------------------------------------------------------------------------

_STATE: Final = word("opened", "closed", "merged", "locked")
CHANGE: Final = closed({
    **dict.fromkeys(("id", "iid", "project_id", "target_project_id"), NUMBER),
    **dict.fromkeys(("user_notes_count", "upvotes", "downvotes"), NUMBER),
    "source_project_id": maybe(NUMBER),
    **dict.fromkeys(("title", "source_branch", "target_branch", "reference", "imported_from"), TEXT),
    "description": maybe(TEXT),
    "state": _STATE,
    **dict.fromkeys(("draft", "work_in_progress", "squash", "squash_on_merge", "has_conflicts", "imported"), FLAG),
    **dict.fromkeys(("merge_when_pipeline_succeeds", "blocking_discussions_resolved"), FLAG),
    **dict.fromkeys(("force_remove_source_branch", "should_remove_source_branch", "discussion_locked"), maybe(FLAG)),
    "author": USER,
    **dict.fromkeys(("assignee", "merged_by", "merge_user", "closed_by"), maybe(USER)),
    **dict.fromkeys(("reviewers", "assignees"), listed(USER)),
    "labels": listed(TEXT),
    "milestone": NULL,
    **dict.fromkeys(("created_at", "updated_at"), MOMENT),
    **dict.fromkeys(("prepared_at", "merged_at", "closed_at", "merge_after"), maybe(MOMENT)),
    **dict.fromkeys(("sha", "merge_commit_sha", "squash_commit_sha"), maybe(REVISION)),
    "merge_status": word("unchecked", "checking", "can_be_merged", "cannot_be_merged", "cannot_be_merged_recheck"),
    "detailed_merge_status": word("unchecked", "checking", "mergeable", "not_open", "not_approved", "draft_status"),
    "references": closed(dict.fromkeys(("short", "relative", "full"), TEXT)),
    "web_url": URL,
    "time_stats": closed({
        **dict.fromkeys(("time_estimate", "total_time_spent"), NUMBER),
        **dict.fromkeys(("human_time_estimate", "human_total_time_spent"), maybe(TEXT)),
    }),
    "task_completion_status": closed({"count": NUMBER, "completed_count": NUMBER}),
})  # fmt: skip
FULL_CHANGE: Final = also(
    CHANGE,
    subscribed=FLAG,
    changes_count=maybe({"type": "string", "pattern": r"^\d+\+?$"}),
    diff_refs=maybe(closed(dict.fromkeys(("base_sha", "head_sha", "start_sha"), REVISION))),
    first_contribution=FLAG,
    user=closed({"can_merge": FLAG}),
    merge_error=maybe(TEXT),
    **dict.fromkeys(("pipeline", "head_pipeline"), NULL),
    **dict.fromkeys(
        ("latest_build_started_at", "latest_build_finished_at", "first_deployed_to_production_at"), maybe(MOMENT)
    ),
)
VERSION: Final = closed({
    **dict.fromkeys(("id", "merge_request_id"), NUMBER),
    **dict.fromkeys(("head_commit_sha", "base_commit_sha", "start_commit_sha"), REVISION),
    "created_at": MOMENT,
    "state": word("collected", "empty", "overflow", "without_files"),
    "real_size": TEXT,
    "patch_id_sha": maybe(TEXT),
})  # fmt: skip
DIFF: Final = closed({
    **dict.fromkeys(("old_path", "new_path", "a_mode", "b_mode", "diff"), TEXT),
    **dict.fromkeys(("new_file", "renamed_file", "deleted_file", "generated_file", "collapsed", "too_large"), FLAG),
})  # fmt: skip
COMPARISON: Final = closed({
    "commit": maybe(COMMIT),
    "commits": listed(COMMIT),
    "diffs": listed(DIFF),
    "compare_timeout": FLAG,
    "compare_same_ref": FLAG,
    "web_url": URL,
})  # fmt: skip
APPROVALS: Final = closed({
    **dict.fromkeys(("id", "iid", "project_id", "approvals_required", "approvals_left"), NUMBER),
    "title": TEXT,
    "description": maybe(TEXT),
    "state": _STATE,
    **dict.fromkeys(("created_at", "updated_at"), MOMENT),
    "merge_status": TEXT,
    **dict.fromkeys(("approved", "require_password_to_approve", "user_has_approved", "user_can_approve"), FLAG),
    **dict.fromkeys(("has_approval_rules", "merge_request_approvers_available"), FLAG),
    "multiple_approval_rules_available": FLAG,
    "approved_by": listed(closed({"user": USER, "approved_at": MOMENT})),
    **dict.fromkeys(("suggested_approvers", "approvers", "approver_groups"), NOTHING),
    **dict.fromkeys(("approval_rules_left", "invalid_approvers_rules"), NOTHING),
})  # fmt: skip
REVIEWER: Final = closed({
    "user": USER,
    "state": word("unreviewed", "reviewed", "requested_changes", "approved", "unapproved", "review_started"),
    "created_at": MOMENT,
})  # fmt: skip
#: "Resource state events API", and GitLab's lib/api/entities/resource_state_event.rb for the two sources.
STATE_EVENT: Final = closed({
    **dict.fromkeys(("id", "resource_id"), NUMBER),
    "user": USER,
    "created_at": MOMENT,
    "resource_type": word("MergeRequest"),
    "source_commit": maybe(REVISION),
    "source_merge_request_id": maybe(NUMBER),
    "state": word("merged", "closed", "reopened"),
})  # fmt: skip
NOTE: Final = closed({
    **dict.fromkeys(("id", "noteable_id", "noteable_iid", "project_id"), NUMBER),
    "type": maybe(word("DiscussionNote", "DiffNote")),
    "body": TEXT,
    "attachment": NULL,
    "author": USER,
    **dict.fromkeys(("created_at", "updated_at"), MOMENT),
    **dict.fromkeys(("system", "resolvable", "confidential", "internal", "imported"), FLAG),
    "noteable_type": word("MergeRequest"),
    "imported_from": TEXT,
    "commands_changes": ANYTHING,
})  # fmt: skip
COMMANDS_ONLY: Final = closed({"commands_changes": ANYTHING, "summary": listed(TEXT)})

# --- packages and releases ---------------------------------------------------------------------

PACKAGE: Final = closed({
    "id": NUMBER,
    "name": TEXT,
    "version": TEXT,
    "package_type": word("generic"),
    "status": word("default", "hidden", "processing", "error", "pending_destruction", "deprecated"),
    "_links": closed({"web_path": PATH}, delete_api_path=URL),
    "created_at": MOMENT,
    "last_downloaded_at": maybe(MOMENT),
    "tags": NOTHING,
})  # fmt: skip
PACKAGE_FILE: Final = closed({
    **dict.fromkeys(("id", "package_id", "size"), NUMBER),
    "created_at": MOMENT,
    **dict.fromkeys(("file_name", "file_md5", "file_sha1"), TEXT),
    "file_sha256": maybe(SHA256),
})  # fmt: skip
UPLOADED: Final = also(
    PACKAGE_FILE,
    updated_at=MOMENT,
    status=word("default"),
    file=closed({"url": URL}),
    file_store=maybe(NUMBER),
    **dict.fromkeys(("verification_retry_count", "verification_retry_at", "verified_at", "verification_failure"), NULL),
    **dict.fromkeys(("verification_checksum", "new_file_path"), NULL),
)
LINK: Final = closed({
    "id": NUMBER,
    "name": TEXT,
    "url": URL,
    "direct_asset_url": URL,
    "link_type": word("other", "runbook", "image", "package"),
})  # fmt: skip
RELEASE: Final = closed({
    **dict.fromkeys(("tag_name", "name"), TEXT),
    "description": maybe(TEXT),
    **dict.fromkeys(("created_at", "released_at"), MOMENT),
    "upcoming_release": FLAG,
    "author": USER,
    "commit": maybe(COMMIT),
    **dict.fromkeys(("commit_path", "tag_path"), PATH),
    "assets": closed({
        "count": NUMBER,
        "sources": listed(closed({"format": TEXT, "url": URL})),
        "links": listed(LINK),
    }),
    "evidences": listed(ANYTHING),
    "_links": closed({"self": URL, "edit_url": URL}),
})  # fmt: skip
