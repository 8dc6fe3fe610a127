"""What people, projects and git objects look like in GitLab's REST answers (API v4); the rest is in `gitlab_shapes`.

Shapes follow docs.gitlab.com "REST API resources" and GitLab's lib/api/entities. Pages (`web_url`) are said to be on
gitlab.com, where a real forge has them; links for machines lead to the sandbox, and so do pages of people, by which
python-gitlab recognises the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal_sandbox.forge.accounts import AccountKind, Role
from counterseal_sandbox.forge.git.objects import NO_COMMIT

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.books import Activity, Schedule
    from counterseal_sandbox.forge.git.objects import FileChange
    from counterseal_sandbox.forge.model import Forge
    from counterseal_sandbox.forge.repository import HostedRepository

MAX_PATCH: Final = 200 << 10
PAGES: Final = "https://gitlab.com"
ACCESS_LEVELS: Final = {Role.READ: 10, Role.TRIAGE: 20, Role.WRITE: 30, Role.MAINTAIN: 40, Role.ADMIN: 50}
#: Who may push to and merge into a protected branch of the sandbox.
PROTECTED_FOR: Final = {
    "id": 1,
    "access_level": 30,
    "access_level_description": "Developers + Maintainers",
    "deploy_key_id": None,
    "user_id": None,
    "group_id": None,
}
#: What protected branches say of who may push; an owner is a maintainer there, and 0 is nobody.
LEVEL_OF: Final[dict[int, int]] = {Role.WRITE: 30, Role.MAINTAIN: 40, Role.ADMIN: 40}
PUSHERS: Final = {0: "No one", 30: "Developers + Maintainers", 40: "Maintainers"}


def when(moment: datetime | None) -> str | None:
    """Return a moment as GitLab writes it, in milliseconds."""
    if moment is None:
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


class BasicShapes:
    """Makes answers; `api` and `site` (git, permanent links) are the sandbox's URLs for machines."""

    def __init__(self, forge: Forge, *, api: str, site: str) -> None:
        self._forge = forge
        self._accounts = forge.accounts
        self.api = api
        self.site = site

    # --- people and projects -----------------------------------------------------------------

    def user(self, account: Account) -> dict[str, Any]:
        """Return a user as lists show them."""
        return {
            "id": account.id,
            "username": account.login,
            "public_email": "",
            "name": account.login,
            "state": "active",
            "locked": False,
            "avatar_url": None,
            "web_url": f"{self.api.removesuffix('/api/v4')}/{account.login}",
        }

    def user_by_id(self, number: int | None) -> dict[str, Any] | None:
        """Return a user by id; what a deleted one did, the ghost did."""
        return None if number is None else self.user(self._accounts.by_id(number) or self._accounts.ghost)

    def full_user(self, account: Account) -> dict[str, Any]:
        """Return a user as their own page shows them."""
        unsaid = ("bio", "location", "linkedin", "twitter", "website_url", "organization", "job_title", "pronouns")
        return {
            **self.user(account),
            **dict.fromkeys(unsaid, ""),
            "created_at": when(account.created_at),
            "bot": account.kind is AccountKind.BOT,
        }

    def member(self, account: Account, role: Role, repository: HostedRepository) -> dict[str, Any]:
        """Return a member of a project."""
        return {
            **self.user(account),
            "access_level": ACCESS_LEVELS[role],
            "created_at": when(repository.created_at),
            "expires_at": None,
            "membership_state": "active",
        }

    def project(self, repository: HostedRepository, role: Role) -> dict[str, Any]:
        """Return a project; `role` is the caller's own."""
        url, page = f"{self.api}/projects/{repository.id}", f"{PAGES}/{repository.full_name}"
        path = repository.full_name.rpartition("/")[2]
        tip = repository.branch(repository.default_branch)
        access = {"access_level": ACCESS_LEVELS[role], "notification_level": 3} if role else None
        parent = self._forge.by_id(repository.parent)
        forked = {"forked_from_project": {"id": parent.id, "path_with_namespace": parent.full_name}} if parent else {}
        return {
            "id": repository.id,
            "name": path,
            "name_with_namespace": repository.full_name.replace("/", " / "),
            "path": path,
            "path_with_namespace": repository.full_name,
            "description": None,
            "created_at": when(repository.created_at),
            "last_activity_at": when(repository.created_at),
            "default_branch": repository.default_branch if tip else None,
            "empty_repo": tip is None,
            "visibility": "private" if repository.private else "public",
            "archived": repository.settings.archived,
            "topics": [],
            "ssh_url_to_repo": f"git@gitlab.com:{repository.full_name}.git",
            "http_url_to_repo": f"{self.site}/{repository.full_name}.git",
            "web_url": page,
            "readme_url": None,
            "avatar_url": None,
            "forks_count": 0,
            "star_count": 0,
            "merge_method": repository.merge_method,
            "squash_option": "default_off",
            "namespace": self._namespace(repository),
            "_links": {"self": url, "merge_requests": f"{url}/merge_requests", "members": f"{url}/members"},
            **({"permissions": {"project_access": access, "group_access": None}} if access else {}),
            **forked,
            **(repository.settings.of_ci(may_push=repository.job_token_may_push) if role >= Role.MAINTAIN else {}),
        }

    def _namespace(self, repository: HostedRepository) -> dict[str, Any]:
        path = repository.namespace
        person = repository.owner.kind is not AccountKind.ORGANIZATION and "/" not in path
        return {
            "id": self._forge.namespace(repository),
            "name": path.rpartition("/")[2],
            "path": path.rpartition("/")[2],
            "kind": "user" if person else "group",
            "full_path": path,
            "parent_id": repository.owner.id if "/" in path else None,
            "avatar_url": None,
            "web_url": f"{PAGES}/{path}",
        }

    def pushed(self, repository: HostedRepository, entry: Activity) -> dict[str, Any]:
        """Return the event of a push."""
        new, gone = entry.before == NO_COMMIT, entry.after == NO_COMMIT
        author = self.user_by_id(entry.account)
        git = repository.git
        count = 0 if gone else 1 if new else len(git.commits_between(entry.before, entry.after))
        return {
            "id": entry.id,
            "project_id": repository.id,
            "action_name": "pushed new" if new else "deleted" if gone else "pushed to",
            "target_id": None,
            "target_iid": None,
            "target_type": None,
            "target_title": None,
            "author_id": author["id"] if author else None,
            "author": author,
            "author_username": author["username"] if author else None,
            "created_at": when(entry.at),
            "imported": False,
            "imported_from": "none",
            "push_data": {
                "commit_count": count,
                "action": "created" if new else "removed" if gone else "pushed",
                "ref_type": "branch",
                "commit_from": None if new else entry.before,
                "commit_to": None if gone else entry.after,
                "ref": entry.ref.removeprefix("refs/heads/"),
                "commit_title": None if gone else _title(git.commit(entry.after).message),
                "ref_count": None,
            },
        }

    # --- git ---------------------------------------------------------------------------------

    def commit(self, repository: HostedRepository, sha: str) -> dict[str, Any]:
        """Return a commit; it names addresses, no accounts."""
        commit = repository.git.commit(sha)
        return {
            "id": sha,
            "short_id": sha[:8],
            "title": _title(commit.message),
            "message": commit.message,
            "parent_ids": list(commit.parents),
            "author_name": commit.author.name,
            "author_email": commit.author.email,
            "authored_date": when(commit.author.at),
            "committer_name": commit.committer.name,
            "committer_email": commit.committer.email,
            "committed_date": when(commit.committer.at),
            "created_at": when(commit.committer.at),
            "trailers": {},
            "extended_trailers": {},
            "web_url": f"{PAGES}/{repository.full_name}/-/commit/{sha}",
        }

    def comparison(self, repository: HostedRepository, base: str, head: str, commits: list[str]) -> dict[str, Any]:
        """Return what lies between two commits."""
        return {
            "commit": self.commit(repository, commits[-1]) if commits else None,
            "commits": [self.commit(repository, sha) for sha in commits],
            "diffs": [self.diff(repository, base, head, change) for change in repository.git.changes(base, head)],
            "compare_timeout": False,
            "compare_same_ref": base == head,
            "web_url": f"{PAGES}/{repository.full_name}/-/compare/{base}...{head}",
        }

    def branch(self, repository: HostedRepository, name: str, sha: str, role: Role) -> dict[str, Any]:
        """Return a branch."""
        ref = f"refs/heads/{name}"
        protected, least = repository.is_protected(ref), repository.pushers(ref)
        return {
            "name": name,
            "commit": self.commit(repository, sha),
            "merged": False,
            "protected": protected,
            "developers_can_push": protected and least <= Role.WRITE,
            "developers_can_merge": protected,
            "can_push": role >= max(least, Role.WRITE),
            "default": name == repository.default_branch,
            "web_url": f"{PAGES}/{repository.full_name}/-/tree/{name}",
        }

    def tag(
        self, repository: HostedRepository, name: str, target: str, annotation: tuple[str, datetime] | None
    ) -> dict[str, Any]:
        """Return a tag; `target` is the tag object, or the commit of a lightweight one, which has no `annotation`."""
        ref = f"refs/tags/{name}"
        released = next((release for release in repository.project_releases.list() if release.tag == name), None)
        return {
            "name": name,
            "message": annotation[0] if annotation else None,
            "target": target,
            "commit": self.commit(repository, repository.git.resolve(ref) or target),
            "release": {"tag_name": name, "description": released.description} if released else None,
            "protected": repository.is_protected(ref),
            "created_at": when(annotation[1]) if annotation else None,
        }

    def schedule(self, schedule: Schedule) -> dict[str, Any]:
        """Return a pipeline schedule as lists show it."""
        created_at = when(schedule.created_at)
        return {
            "id": schedule.id,
            "description": "sweep",
            "ref": schedule.ref,
            "cron": schedule.cron,
            "cron_timezone": "UTC",
            "next_run_at": created_at,
            "active": schedule.active,
            "created_at": created_at,
            "updated_at": created_at,
            "owner": self.user_by_id(schedule.owner),
        }

    def protected_branch(self, repository: HostedRepository, number: int, name: str) -> dict[str, Any]:
        """Return a protected branch, or pattern of branches."""
        least = repository.pushers(f"refs/heads/{name}")
        level = LEVEL_OF.get(least, 0)
        pushers = {**PROTECTED_FOR, "access_level": level, "access_level_description": PUSHERS[level]}
        return {
            "id": number,
            "name": name,
            "push_access_levels": [pushers],
            "merge_access_levels": [PROTECTED_FOR],
            "unprotect_access_levels": [],
            "allow_force_push": f"refs/heads/{name}" in repository.settings.forced,
            "code_owner_approval_required": False,
            "inherited": False,
        }

    def diff(self, repository: HostedRepository, base: str, head: str, change: FileChange) -> dict[str, Any]:
        """Return what a merge request does to a file; of a big one only that ("Diff limits", GitLab's manual)."""
        paths = [path for path in (change.previous, change.path) if path]
        text = repository.git.run("diff", "-M", base, head, "--", *paths).decode(errors="replace")
        old, new = change.modes
        too_large = len(text) > MAX_PATCH
        return {
            "old_path": change.previous or change.path,
            "new_path": change.path,
            "a_mode": old,
            "b_mode": new,
            "diff": text[text.index("@@") :] if "@@" in text and not too_large else "",
            "new_file": change.status == "A",
            "renamed_file": change.status == "R",
            "deleted_file": change.status == "D",
            "generated_file": False,
            "collapsed": False,
            "too_large": too_large,
        }


def _title(message: str) -> str:
    return message.split("\n", 1)[0]
