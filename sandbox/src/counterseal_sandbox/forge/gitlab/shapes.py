"""What merge requests, packages and releases look like in GitLab's REST answers; the rest is in `gitlab_json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from counterseal_sandbox.forge.gitlab.json import PAGES, BasicShapes, when

if TYPE_CHECKING:
    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.change import Change, Comment, TimelineEvent, Version
    from counterseal_sandbox.forge.packages import Package, PackageFile
    from counterseal_sandbox.forge.project_releases import Link, ProjectRelease
    from counterseal_sandbox.forge.repository import HostedRepository

#: What a merge request says of things that the sandbox has not.
_UNUSED: Final = {
    **dict.fromkeys(("labels", "assignees"), ()),
    **dict.fromkeys(("assignee", "milestone", "discussion_locked", "merge_after", "should_remove_source_branch")),
    **dict.fromkeys(("upvotes", "downvotes"), 0),
    **dict.fromkeys(("has_conflicts", "merge_when_pipeline_succeeds", "imported"), False),
    "imported_from": "none",
    "time_stats": {
        **dict.fromkeys(("time_estimate", "total_time_spent"), 0),
        **dict.fromkeys(("human_time_estimate", "human_total_time_spent")),
    },
    "task_completion_status": {"count": 0, "completed_count": 0},
}


class Shapes(BasicShapes):
    """Makes every answer that the face gives."""

    # --- merge requests ----------------------------------------------------------------------

    def change(self, repository: HostedRepository, change: Change) -> dict[str, Any]:
        """Return a merge request as lists show it."""
        short, merger = f"!{change.number}", self.user_by_id(change.merged_by)
        closed = None if change.merged else when(change.closed_at)
        return {
            **_UNUSED,
            "id": change.id,
            "iid": change.number,
            "project_id": repository.id,
            "title": change.title,
            "description": change.body or None,
            "state": state_of(change),
            "draft": change.draft,
            "work_in_progress": change.draft,
            "author": self.user_by_id(change.author),
            "reviewers": [self.user_by_id(account) for account in change.reviewers],
            "created_at": when(change.created_at),
            "updated_at": when(change.updated_at),
            "prepared_at": when(change.created_at),
            "merged_at": when(change.merged_at),
            "merged_by": merger,
            "merge_user": merger,
            "closed_at": closed,
            "closed_by": None,
            "source_branch": change.head_branch,
            "target_branch": change.base_branch,
            "source_project_id": change.head_repository,
            "target_project_id": repository.id,
            "sha": change.head,
            "merge_commit_sha": change.merge_commit,
            "squash_commit_sha": change.squash_commit,
            "squash": change.squash,
            "squash_on_merge": change.squash,
            "force_remove_source_branch": False,
            "merge_status": "unchecked" if change.state == "open" else "can_be_merged",
            "detailed_merge_status": "unchecked" if change.state == "open" else "not_open",
            "blocking_discussions_resolved": True,
            "user_notes_count": sum(not note.system for note in change.comments),
            "reference": short,
            "references": {"short": short, "relative": short, "full": f"{repository.full_name}{short}"},
            "web_url": f"{PAGES}/{repository.full_name}/-/merge_requests/{change.number}",
        }

    def full_change(self, repository: HostedRepository, change: Change) -> dict[str, Any]:
        """Return a merge request as its own page shows it."""
        version = change.versions[-1]
        return {
            **self.change(repository, change),
            "subscribed": False,
            "changes_count": str(len(repository.git.changes(version.base, version.head))),
            "diff_refs": {"base_sha": version.base, "head_sha": version.head, "start_sha": version.start},
            "merge_error": None,
            "first_contribution": False,
            "pipeline": None,
            "head_pipeline": None,
            "latest_build_started_at": None,
            "latest_build_finished_at": None,
            "first_deployed_to_production_at": None,
            "user": {"can_merge": False},
        }

    def version(self, repository: HostedRepository, change: Change, version: Version) -> dict[str, Any]:
        """Return a version of a merge request."""
        return {
            "id": version.id,
            "head_commit_sha": version.head,
            "base_commit_sha": version.base,
            "start_commit_sha": version.start,
            "created_at": when(version.created_at),
            "merge_request_id": change.id,
            "state": "collected",
            "real_size": str(len(repository.git.changes(version.base, version.head))),
            "patch_id_sha": None,
        }

    def approvals(
        self, repository: HostedRepository, change: Change, caller: Account | None, *, may: bool
    ) -> dict[str, Any]:
        """Return who approves; without rules that must be kept GitLab calls everything approved."""
        people = [
            {"user": self.user_by_id(account), "approved_at": when(moment)}
            for account, moment in change.approvals.items()
        ]
        return {
            "id": change.id,
            "iid": change.number,
            "project_id": repository.id,
            "title": change.title,
            "description": change.body or None,
            "state": state_of(change),
            "created_at": when(change.created_at),
            "updated_at": when(change.updated_at),
            "merge_status": "can_be_merged",
            "approved": True,
            "approvals_required": 0,
            "approvals_left": 0,
            "require_password_to_approve": False,
            "approved_by": people,
            **dict.fromkeys(
                (
                    "suggested_approvers",
                    "approvers",
                    "approver_groups",
                    "approval_rules_left",
                    "invalid_approvers_rules",
                ),
                (),
            ),
            "user_has_approved": caller is not None and caller.id in change.approvals,
            "user_can_approve": may,
            "has_approval_rules": False,
            "merge_request_approvers_available": False,
            "multiple_approval_rules_available": False,
        }

    def reviewers(self, change: Change) -> list[dict[str, Any]]:
        """Return the reviewers of a merge request and how they stand to it."""
        return [
            {"user": self.user_by_id(number), "state": reviewer.state, "created_at": when(reviewer.created_at)}
            for number, reviewer in change.reviewers.items()
        ]

    def state_event(self, change: Change, event: TimelineEvent) -> dict[str, Any]:
        """Return an event by which a merge request got another state; the source is of a merge by a push."""
        return {
            "id": event.id,
            "user": self.user_by_id(event.account),
            "created_at": when(event.at),
            "resource_type": "MergeRequest",
            "resource_id": change.id,
            "source_commit": event.source,
            "source_merge_request_id": None,
            "state": event.kind,
        }

    def note(self, repository: HostedRepository, change: Change, note: Comment) -> dict[str, Any]:
        """Return a note under a merge request."""
        return {
            "id": note.id,
            "type": None,
            "body": note.body,
            "attachment": None,
            "author": self.user_by_id(note.account),
            "created_at": when(note.created_at),
            "updated_at": when(note.updated_at),
            "system": note.system,
            "noteable_id": change.id,
            "noteable_type": "MergeRequest",
            "noteable_iid": change.number,
            "project_id": repository.id,
            "resolvable": False,
            "confidential": False,
            "internal": False,
            "imported": False,
            "imported_from": "none",
            "commands_changes": {},
        }

    # --- packages and releases ---------------------------------------------------------------

    def package(self, repository: HostedRepository, package: Package) -> dict[str, Any]:
        """Return a package."""
        return {
            "id": package.id,
            "name": package.name,
            "version": package.version,
            "package_type": "generic",
            "status": "default",
            "_links": {
                "web_path": f"/{repository.full_name}/-/packages/{package.id}",
                "delete_api_path": f"{self.api}/projects/{repository.id}/packages/{package.id}",
            },
            "created_at": when(package.created_at),
            "last_downloaded_at": None,
            "tags": [],
        }

    def package_file(self, file: PackageFile) -> dict[str, Any]:
        """Return a file of a package, as lists show it."""
        return {
            "id": file.id,
            "package_id": file.package_id,
            "created_at": when(file.created_at),
            "file_name": file.name,
            "size": file.size,
            "file_md5": file.md5,
            "file_sha1": file.sha1,
            "file_sha256": file.sha256,
        }

    def uploaded_file(self, file: PackageFile) -> dict[str, Any]:
        """Return a file as an upload with `select=package_file` shows it."""
        unsaid = ("file_store", "verified_at", "verification_failure", "verification_checksum", "new_file_path")
        return {
            **dict.fromkeys(unsaid),
            **self.package_file(file),
            "updated_at": when(file.created_at),
            "file": {"url": f"{PAGES}/-/package_files/{file.id}/download"},
            "status": "default",
            "verification_retry_count": None,
            "verification_retry_at": None,
        }

    def release(self, repository: HostedRepository, release: ProjectRelease) -> dict[str, Any]:
        """Return a release with its links, the newest first."""
        page = f"{PAGES}/{repository.full_name}/-/releases/{quote(release.tag, safe='')}"
        commit = repository.git.resolve(f"refs/tags/{release.tag}")
        return {
            "tag_name": release.tag,
            "name": release.name,
            "description": release.description or None,
            "created_at": when(release.created_at),
            "released_at": when(release.created_at),
            "upcoming_release": False,
            "author": self.user_by_id(release.author),
            "commit": self.commit(repository, commit) if commit else None,
            "commit_path": f"/{repository.full_name}/-/commit/{commit}",
            "tag_path": f"/{repository.full_name}/-/tags/{release.tag}",
            "assets": {
                "count": len(release.links),
                "sources": [],
                "links": [self.link(repository, release, link) for link in reversed(release.links)],
            },
            "evidences": [],
            "_links": {"self": page, "edit_url": f"{page}/edit"},
        }

    def link(self, repository: HostedRepository, release: ProjectRelease, link: Link) -> dict[str, Any]:
        """Return a link of a release; its permanent address is where git is."""
        place = f"{self.site}/{repository.full_name}/-/releases/{quote(release.tag, safe='')}/downloads"
        return {
            "id": link.id,
            "name": link.name,
            "url": link.url,
            "direct_asset_url": place + link.filepath if link.filepath else link.url,
            "link_type": link.link_type,
        }


def state_of(change: Change) -> str:
    """Return GitLab's word for how far a merge request is."""
    if change.merged:
        return "merged"
    return "opened" if change.state == "open" else "closed"
