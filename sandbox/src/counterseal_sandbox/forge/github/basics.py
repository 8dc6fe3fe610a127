"""What people, repositories and git objects look like in GitHub's REST answers (API version 2022-11-28).

Shapes follow GitHub's OpenAPI description; the tests hold every answer against it.
Pages for people (`html_url`) are said to be on github.com, where a real forge has them; links for machines lead
to the sandbox.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from counterseal.formats import wire
from counterseal_sandbox.forge.accounts import Role

if TYPE_CHECKING:
    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.books import Activity
    from counterseal_sandbox.forge.git.objects import FileChange, Signature
    from counterseal_sandbox.forge.model import Forge
    from counterseal_sandbox.forge.repository import HostedRepository

PAGES = "https://github.com"

_REPOSITORY_LINKS = """
archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads
events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages merges
milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees
"""
_REPOSITORY_COUNTS = """
forks forks_count open_issues open_issues_count size stargazers_count watchers watchers_count network_count
subscribers_count
"""
_REPOSITORY_FLAGS = "has_issues has_projects has_wiki has_pages has_downloads has_discussions disabled"
_USER_LINKS = "events followers following gists organizations received_events repos starred subscriptions"
_FILE_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}
#: GitHub's older `permission` knows four levels; `role_name` tells them all.
_LEGACY = {Role.TRIAGE: "read", Role.MAINTAIN: "write"}


def node(kind: str, number: int | str) -> str:
    """Return an opaque node id."""
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


class BasicShapes:
    """Makes answers; `api`, `uploads`, `objects` and `site` (git, downloads) are the sandbox's URLs for machines."""

    def __init__(self, forge: Forge, *, api: str, uploads: str, objects: str, site: str) -> None:
        self._forge = forge
        self._accounts = forge.accounts
        self.api = api
        self.uploads = uploads
        self.objects = objects
        self.site = site

    # --- people and repositories -------------------------------------------------------------

    def user(self, account: Account | None) -> dict[str, Any] | None:
        """Return a simple user; None if the account is gone."""
        if account is None:
            return None
        url = f"{self.api}/users/{account.login}"
        return {
            "login": account.login,
            "id": account.id,
            "node_id": node("User", account.id),
            "avatar_url": f"{PAGES}/{account.login}.png",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{PAGES}/{account.login}",
            "type": account.kind.value,
            "user_view_type": "public",
            "site_admin": False,
            **{f"{name}_url": f"{url}/{name}" for name in _USER_LINKS.split()},
        }

    def user_by_id(self, number: int | None) -> dict[str, Any] | None:
        """Return a simple user by id; None if the account is gone."""
        return self.user(self._accounts.by_id(number))

    def user_or_ghost(self, number: int) -> dict[str, Any] | None:
        """Return a simple user, or GitHub's stand-in for a deleted one."""
        return self.user(self._accounts.by_id(number) or self._accounts.ghost)

    def public_user(self, account: Account) -> dict[str, Any]:
        """Return a user as its own page shows it."""
        unsaid = ("bio", "blog", "company", "email", "hireable", "location", "name")
        counts = ("followers", "following", "public_gists", "public_repos")
        moment = wire.timestamp(account.created_at)
        said = self.user(account) or {}
        return {**said, **dict.fromkeys(unsaid), **dict.fromkeys(counts, 0), "created_at": moment, "updated_at": moment}

    def repository_url(self, repository: HostedRepository) -> str:
        """Return the API's URL of a repository."""
        return f"{self.api}/repos/{repository.full_name}"

    def repository(self, repository: HostedRepository) -> dict[str, Any]:
        """Return a full repository."""
        url, created = self.repository_url(repository), wire.timestamp(repository.created_at)
        clone = f"{self.site}/{repository.full_name}.git"
        return {
            "id": repository.id,
            "node_id": node("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.user(repository.owner),
            "private": repository.private,
            "visibility": "private" if repository.private else "public",
            "fork": repository.parent is not None,
            "url": url,
            "html_url": f"{PAGES}/{repository.full_name}",
            "clone_url": clone,
            "git_url": clone,
            "ssh_url": clone,
            "svn_url": clone,
            "default_branch": repository.default_branch,
            "description": None,
            "homepage": None,
            "language": None,
            "license": None,
            "mirror_url": None,
            "created_at": created,
            "updated_at": created,
            "pushed_at": created,
            **dict.fromkeys(_REPOSITORY_COUNTS.split(), 0),
            **dict.fromkeys(_REPOSITORY_FLAGS.split(), False),
            "archived": repository.settings.archived,
            **{f"{name}_url": f"{url}/{name}" for name in _REPOSITORY_LINKS.split()},
        }

    def own_repository(self, repository: HostedRepository, role: Role) -> dict[str, Any]:
        """Return a repository as its own page shows it to somebody with a role: with its parent and what they may."""
        parent = self._forge.by_id(repository.parent)
        return {
            **self.repository(repository),
            "permissions": _permissions(role),
            **({"parent": self.repository(parent), "source": self.repository(parent)} if parent else {}),
        }

    def collaborator(self, account: Account, role: Role) -> dict[str, Any]:
        """Return a collaborator as the list of them shows one."""
        user = self.user(account) or {}
        return {**user, "permissions": _permissions(role), "role_name": role.name.lower()}

    def permission(self, account: Account, role: Role) -> dict[str, Any]:
        """Return a collaborator's permission."""
        user = {**(self.user(account) or {}), "role_name": role.name.lower()}
        return {"permission": _LEGACY.get(role, role.name.lower()), "role_name": role.name.lower(), "user": user}

    def activity(self, entry: Activity) -> dict[str, Any]:
        """Return a line of the log of pushes."""
        return {
            "id": entry.id,
            "node_id": node("Push", entry.id),
            "before": entry.before,
            "after": entry.after,
            "ref": entry.ref,
            "timestamp": wire.timestamp(entry.at),
            "activity_type": entry.kind,
            "actor": self.user_by_id(entry.account),
        }

    # --- git ---------------------------------------------------------------------------------

    def commit(self, repository: HostedRepository, sha: str) -> dict[str, Any]:
        """Return a commit with the accounts that its addresses are linked to."""
        commit, url = repository.git.commit(sha), self.repository_url(repository)
        return {
            "sha": sha,
            "node_id": node("Commit", sha),
            "url": f"{url}/commits/{sha}",
            "comments_url": f"{url}/commits/{sha}/comments",
            "html_url": f"{PAGES}/{repository.full_name}/commit/{sha}",
            "author": self.user(self._accounts.by_email(commit.author.email)),
            "committer": self.user(self._accounts.by_email(commit.committer.email)),
            "parents": [
                {
                    "sha": parent,
                    "url": f"{url}/commits/{parent}",
                    "html_url": f"{PAGES}/{repository.full_name}/commit/{parent}",
                }
                for parent in commit.parents
            ],
            "commit": {
                "url": f"{url}/git/commits/{sha}",
                "author": _signature(commit.author),
                "committer": _signature(commit.committer),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
                "comment_count": 0,
                "verification": _verification(signed=sha in repository.signed),
            },
        }

    def file_change(self, repository: HostedRepository, head: str, change: FileChange) -> dict[str, Any]:
        """Return a file of a change request."""
        page, moved = (
            f"{PAGES}/{repository.full_name}",
            {"previous_filename": change.previous} if change.previous else {},
        )
        return {
            "sha": change.sha,
            "filename": change.path,
            "status": _FILE_STATUS[change.status],
            "additions": change.additions,
            "deletions": change.deletions,
            "changes": change.additions + change.deletions,
            **moved,
            "blob_url": f"{page}/blob/{head}/{change.path}",
            "raw_url": f"{page}/raw/{head}/{change.path}",
            "contents_url": f"{self.repository_url(repository)}/contents/{change.path}?ref={head}",
        }

    def ref(self, repository: HostedRepository, ref: str, sha: str, kind: str) -> dict[str, Any]:
        """Return a git ref."""
        url = self.repository_url(repository)
        pointed = {"type": kind, "sha": sha, "url": f"{url}/git/{kind}s/{sha}"}
        return {"ref": ref, "node_id": node("Ref", ref), "url": f"{url}/git/{ref}", "object": pointed}

    def content(self, repository: HostedRepository, path: str, sha: str, data: bytes) -> dict[str, Any]:
        """Return a file with its bytes."""
        url, page = (
            f"{self.repository_url(repository)}/contents/{path}",
            f"{PAGES}/{repository.full_name}/blob/{sha}/{path}",
        )
        return {
            "type": "file",
            "encoding": "base64",
            "size": len(data),
            "name": path.rsplit("/", 1)[-1],
            "path": path,
            "content": base64.encodebytes(data).decode(),
            "sha": sha,
            "url": url,
            "git_url": url,
            "html_url": page,
            "download_url": page,
            "_links": {"self": url, "git": url, "html": page},
        }


def _permissions(role: Role) -> dict[str, bool]:
    levels = {"pull": Role.READ, "triage": Role.TRIAGE, "push": Role.WRITE, "maintain": Role.MAINTAIN}
    return {name: role >= least for name, least in {**levels, "admin": Role.ADMIN}.items()}


def _signature(signature: Signature) -> dict[str, str]:
    return {"name": signature.name, "email": signature.email, "date": wire.timestamp(signature.at)}


def _verification(*, signed: bool) -> dict[str, Any]:
    return {
        "verified": signed,
        "reason": "valid" if signed else "unsigned",
        "signature": None,
        "payload": None,
        "verified_at": None,
    }
