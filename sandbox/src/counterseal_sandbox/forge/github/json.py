"""What change requests and releases look like in GitHub's REST answers; the rest is in `github_basics`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.formats import wire
from counterseal_sandbox.forge.github.basics import PAGES, BasicShapes, node

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal_sandbox.forge.change import Change, Comment, Review, TimelineEvent
    from counterseal_sandbox.forge.releases import Asset, Release
    from counterseal_sandbox.forge.repository import HostedRepository


class Shapes(BasicShapes):
    """Makes every answer that the face gives."""

    # --- change requests ---------------------------------------------------------------------

    def change(self, repository: HostedRepository, change: Change) -> dict[str, Any]:
        """Return a pull request as lists show it."""
        url = f"{self.repository_url(repository)}/pulls/{change.number}"
        author = self._accounts.by_id(change.author) or self._accounts.ghost
        role = "OWNER" if author is repository.owner else "COLLABORATOR" if author.id in repository.roles else "NONE"
        base_label = f"{repository.owner.login}:{change.base_branch}"
        return {
            **_change_links(url, f"{PAGES}/{repository.full_name}/pull/{change.number}"),
            **dict.fromkeys(("labels", "assignees", "requested_reviewers", "requested_teams"), ()),
            **dict.fromkeys(("assignee", "milestone", "auto_merge")),
            "id": change.id,
            "node_id": node("PullRequest", change.id),
            "number": change.number,
            "state": change.state,
            "draft": change.draft,
            "locked": False,
            "title": change.title,
            "body": change.body or None,
            "user": self.user(author),
            "author_association": role,
            "created_at": wire.timestamp(change.created_at),
            "updated_at": wire.timestamp(change.updated_at),
            "closed_at": _when(change.closed_at),
            "merged_at": _when(change.merged_at),
            # before the merge GitHub names a test merge here, which must not be believed; the head serves as well
            "merge_commit_sha": change.merge_commit or change.head,
            "head": self._end(change.head_label, change.head, self._forge.by_id(change.head_repository)),
            "base": self._end(base_label, change.base, repository),
        }

    def _end(self, label: str, sha: str, repository: HostedRepository | None) -> dict[str, Any]:
        owner, _, branch = label.partition(":")
        user = repository.owner if repository else self._accounts.by_login(owner)
        shown = self.repository(repository) if repository else None
        return {"label": label, "ref": branch, "sha": sha, "user": self.user(user), "repo": shown}

    def full_change(self, repository: HostedRepository, change: Change) -> dict[str, Any]:
        """Return a pull request as its own page shows it."""
        files = repository.git.changes(repository.changes.diff_base(change), change.head)
        return {
            **self.change(repository, change),
            "merged": change.merged,
            "mergeable": None,
            "mergeable_state": "unknown",
            "merged_by": self.user_by_id(change.merged_by),
            "comments": len(change.comments),
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": len(repository.changes.commits(change)),
            "changed_files": len(files),
            "additions": sum(file.additions for file in files),
            "deletions": sum(file.deletions for file in files),
        }

    def review(self, repository: HostedRepository, change: Change, review: Review) -> dict[str, Any]:
        """Return a review; a deleted reviewer is null, a lost commit too."""
        url = f"{self.repository_url(repository)}/pulls/{change.number}"
        page = f"{PAGES}/{repository.full_name}/pull/{change.number}#pullrequestreview-{review.id}"
        submitted = {"submitted_at": wire.timestamp(review.submitted_at)} if review.submitted_at else {}
        return {
            "id": review.id,
            "node_id": node("Review", review.id),
            "user": self.user_by_id(review.account),
            "body": review.body,
            "state": str(review.state),
            "commit_id": review.commit,
            "html_url": page,
            "pull_request_url": url,
            **submitted,
            "author_association": "COLLABORATOR",
            "_links": {"html": {"href": page}, "pull_request": {"href": url}},
        }

    def event(self, repository: HostedRepository, event: TimelineEvent) -> dict[str, Any]:
        """Return a line of the timeline; GitHub writes the state of a dismissed review in small letters there."""
        about = {"state": event.was.lower(), "review_id": event.review, "dismissal_message": None}
        return {
            "id": event.id,
            "node_id": node("Event", event.id),
            "url": f"{self.repository_url(repository)}/issues/events/{event.id}",
            "actor": self.user_or_ghost(event.account or 0),
            "event": event.kind,
            "commit_id": None,
            "commit_url": None,
            "created_at": wire.timestamp(event.at),
            "performed_via_github_app": None,
            **({"dismissed_review": about} if event.review else {}),
        }

    def comment(self, repository: HostedRepository, change: Change, comment: Comment) -> dict[str, Any]:
        """Return a comment under a pull request."""
        issue = f"{self.repository_url(repository)}/issues/{change.number}"
        return {
            "id": comment.id,
            "node_id": node("Comment", comment.id),
            "user": self.user_by_id(comment.account),
            "body": comment.body,
            "url": f"{self.repository_url(repository)}/issues/comments/{comment.id}",
            "issue_url": issue,
            "html_url": f"{PAGES}/{repository.full_name}/pull/{change.number}#issuecomment-{comment.id}",
            "created_at": wire.timestamp(comment.created_at),
            "updated_at": wire.timestamp(comment.updated_at),
            "author_association": "NONE",
        }

    # --- releases ----------------------------------------------------------------------------

    def release(self, repository: HostedRepository, release: Release) -> dict[str, Any]:
        """Return a release with its assets."""
        url = f"{self.repository_url(repository)}/releases/{release.id}"
        place = release.nickname if release.draft else release.tag
        upload = f"{self.uploads}/repos/{repository.full_name}/releases/{release.id}/assets{{?name,label}}"
        archive = None if release.draft else f"{self.repository_url(repository)}/tarball/{release.tag}"
        return {
            "id": release.id,
            "node_id": node("Release", release.id),
            "url": url,
            "assets_url": f"{url}/assets",
            "upload_url": upload,
            "html_url": f"{PAGES}/{repository.full_name}/releases/tag/{place}",
            "tarball_url": archive,
            "zipball_url": archive,
            "tag_name": release.tag,
            "target_commitish": release.target,
            "name": release.name or None,
            "body": release.body or None,
            "draft": release.draft,
            "prerelease": release.prerelease,
            "immutable": release.immutable,
            "author": self.user_or_ghost(release.author),
            "created_at": wire.timestamp(release.created_at),
            "published_at": _when(release.published_at),
            "assets": [self.asset(repository, release, asset) for asset in release.assets],
        }

    def asset(self, repository: HostedRepository, release: Release, asset: Asset) -> dict[str, Any]:
        """Return an asset."""
        place = release.nickname if release.draft else release.tag
        return {
            "id": asset.id,
            "node_id": node("ReleaseAsset", asset.id),
            "name": asset.name,
            "label": asset.label,
            "state": asset.state,
            "url": f"{self.repository_url(repository)}/releases/assets/{asset.id}",
            "content_type": asset.content_type,
            "browser_download_url": f"{self.site}/{repository.full_name}/releases/download/{place}/{asset.name}",
            "size": asset.size,
            "digest": asset.digest,
            "download_count": asset.downloads,
            "uploader": self.user_by_id(asset.uploader),
            "created_at": wire.timestamp(asset.created_at),
            "updated_at": wire.timestamp(asset.updated_at),
        }


def _change_links(url: str, page: str) -> dict[str, Any]:
    issue = url.replace("/pulls/", "/issues/")
    named = {
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{url}/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{url}/statuses",
    }
    links = {"self": url, "html": page, **named}
    pages = {"url": url, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    return {
        **pages,
        **{f"{name}_url": link for name, link in named.items()},
        "_links": {name: {"href": link} for name, link in links.items()},
    }


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else wire.timestamp(moment)
