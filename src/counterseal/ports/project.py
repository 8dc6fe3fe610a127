"""What `init`, `doctor` and `policy check` ask: how a repository is set up at its forge, and what a clone holds.

What `init` changes has ports of its own: a branch in the clone, and a change request for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from counterseal.model import (
        AccessToken,
        Collaborator,
        Project,
        ProjectSettings,
        RefRules,
        Repair,
        Schedule,
        SettingCall,
        Variable,
    )


class ProjectSurvey(Protocol):
    """Reads how a repository is set up, as the holder of a token sees it; it changes nothing.

    Every method raises a `ServiceError` where the token may not see what is asked for, with what would show it.
    """

    def project(self) -> Project:
        """Return the repository as its own page shows it."""

    def collaborators(self) -> Sequence[Collaborator]:
        """Return all accounts with a role in the repository, inherited ones too."""

    def branch_rules(self, ref: str) -> RefRules:
        """Return how a branch is guarded, by its full ref; it may not be there yet."""

    def tag_rules(self, pattern: str) -> RefRules:
        """Return how the tags of a pattern such as `refs/tags/v*` are guarded."""

    def settings(self) -> ProjectSettings:
        """Return the repository's switches."""

    def schedules(self) -> Sequence[Schedule]:
        """Return what starts by itself: workflows of the default branch (GitHub), pipeline schedules (GitLab)."""

    def variables(self) -> Sequence[Variable]:
        """Return the project's variables, which every job gets; none at GitHub, where a job names what it takes."""

    def inherited_variables(self) -> Sequence[Variable]:
        """Return the variables of the groups above, which every job gets, too; none at GitHub."""

    def access_tokens(self) -> Sequence[AccessToken]:
        """Return the project's tokens, the one of this environment among them; none at GitHub, which has no such."""

    def clock(self) -> datetime:
        """Return the time that the forge's answers carry."""


class ProjectFixes(Protocol):
    """Changes single settings of a repository, each made stricter, by a call that can be shown before it is made."""

    def call(self, repair: Repair, target: str) -> SettingCall:
        """Return the call that repairs something; `target` is the ref, the pattern or the file that it is about."""

    def make(self, call: SettingCall) -> None:
        """Make a call.

        Raises:
            ServiceError: The forge refused, or nobody knows whether it was done.
        """


class Clone(Protocol):
    """Reads a clone: its working tree and what git knows of it."""

    @property
    def folder(self) -> Path:
        """Return the top of the working tree."""

    def origin(self) -> str:
        """Return the address that it was cloned from, or nothing. It is foreign text."""

    def branch(self) -> str | None:
        """Return the full ref of the branch that is checked out, or None."""

    def files(self) -> Sequence[str]:
        """Return the paths of all tracked files, sorted, with `/` between folders."""

    def read(self, path: str) -> bytes | None:
        """Return a file of the working tree, or None if it is not there or no plain file.

        Raises:
            UsageError: It is larger than anything that is read here, or cannot be read.
        """

    def tags(self) -> Sequence[str]:
        """Return all tags by name, the newest version last."""

    def revision(self, ref: str) -> str | None:
        """Return the commit that a ref of the clone points to, or None."""

    def shallow(self) -> bool:
        """Return whether the history was cut off when it was cloned."""


class BranchWriter(Protocol):
    """Writes one branch: into a clone, and from there to the forge."""

    def write(self, branch: str, files: Mapping[str, bytes], message: str) -> str:
        """Commit files on a new branch from what is checked out, or on that branch if it is; return the commit.

        Raises:
            UsageError: It would change somebody's work, or nobody is known who commits.
        """

    def push(self, branch: str) -> None:
        """Bring the branch to the forge.

        Raises:
            ServiceError: It was not taken.
        """


class ChangeRequests(Protocol):
    """Opens change requests for branches that are at the forge."""

    def open_change(self, *, branch: str, title: str, body: str) -> tuple[int, str]:
        """Open a change request of a branch for the default branch, unless it is open; return its number and URL."""
