"""Releases of a GitLab project: one to a tag, public from the first moment, with links instead of files.

Sources: docs.gitlab.com "Project release API", "Release links API", "Permanent links to release assets".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from counterseal_sandbox.forge.refusal import Refused

if TYPE_CHECKING:
    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.books import RepositoryBooks

LINK_TYPES: Final = ("other", "runbook", "image", "package")
_FILEPATH: Final = re.compile(r"/[A-Za-z0-9._~@+:-][A-Za-z0-9._~@+:/-]*\Z")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a release; below `filepath` the release has a permanent address that leads to `url`."""

    id: int
    name: str
    url: str
    filepath: str | None
    link_type: str


@dataclass(slots=True)
class ProjectRelease:
    """The release of a tag."""

    tag: str
    name: str
    description: str
    author: int
    created_at: datetime
    links: list[Link] = field(default_factory=list)

    def link_at(self, filepath: str) -> Link | None:
        """Return the link that has this permanent address, or None."""
        return next((link for link in self.links if link.filepath == filepath), None)


class ProjectReleases:
    """The releases of one project."""

    def __init__(self, repository: RepositoryBooks) -> None:
        self._repository = repository
        self._all: dict[str, ProjectRelease] = {}

    def list(self) -> list[ProjectRelease]:
        """Return all, newest first."""
        return sorted(self._all.values(), key=lambda release: release.created_at, reverse=True)

    def get(self, tag: str) -> ProjectRelease:
        """Return the release of a tag."""
        if tag not in self._all:
            raise Refused("404 Not Found", 404)
        return self._all[tag]

    def create(
        self, account: Account, tag: str, *, name: str = "", description: str = "", ref: str = ""
    ) -> ProjectRelease:
        """Return the new release of a tag, which is made from `ref` if there is none."""
        if tag in self._all:
            raise Refused("Release already exists", 409)
        git = self._repository.git
        if git.resolve(f"refs/tags/{tag}") is None:
            commit = (git.resolve(f"refs/heads/{ref}") or git.resolve(ref)) if ref else None
            if commit is None:
                raise Refused("Ref is not specified" if not ref else f"Target {ref} is invalid", 400 if ref else 422)
            self._repository.move_ref(f"refs/tags/{tag}", commit, account)
        release = ProjectRelease(tag, name or tag, description, account.id, self._repository.now())
        self._all[tag] = release
        return release

    def discard(self, release: ProjectRelease) -> None:
        """Delete a release; the tag stays."""
        del self._all[release.tag]

    def add_link(
        self, release: ProjectRelease, *, name: str, url: str, filepath: str | None = None, link_type: str = "other"
    ) -> Link:
        """Return a new link; names, addresses and file paths are unique in a release."""
        if not name or not re.match(r"(?:https?|ftp)://[^/\s]", url):
            raise Refused("Name can't be blank" if not name else "Url is blocked: Only allowed schemes", 400)
        if link_type not in LINK_TYPES or (filepath is not None and not _FILEPATH.match(filepath)):
            raise Refused(
                "Filepath is in an invalid format" if filepath else "link_type does not have a valid value", 400
            )
        taken = (
            ("Name", name in {link.name for link in release.links}),
            ("Url", url in {link.url for link in release.links}),
            ("Filepath", filepath is not None and release.link_at(filepath) is not None),
        )
        if problems := [f"{what} has already been taken" for what, is_taken in taken if is_taken]:
            raise Refused(", ".join(problems), 400)
        link = Link(self._repository.forge.new_id(), name, url, filepath, link_type)
        release.links.append(link)
        return link
