"""Which of our tokens GitLab lets make a call, and which setting of the project is missing where it does not.

A job's token may make few calls; which ones, and the names of the settings, are from docs.gitlab.com ("GitLab CI/CD job
token", "Project access tokens", "Release permissions").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from counterseal.identifiers import LEDGER_BRANCH, page


@dataclass(frozen=True, slots=True)
class GitLabTokens:
    """The tokens that GitLab is asked with, at least one.

    `job` is a job's `CI_JOB_TOKEN`, `api` the project access token in `COUNTERSEAL_GITLAB_TOKEN` (role Reporter, scope
    `read_api`), `personal` a person's token.
    """

    job: str | None = field(default=None, repr=False)
    api: str | None = field(default=None, repr=False)
    personal: str | None = field(default=None, repr=False)

    def of(self, kind: str) -> str | None:
        """Return the token of a kind: `job`, `api` or `personal`."""
        return {"job": self.job, "api": self.api, "personal": self.personal}[kind] or None

    @property
    def all(self) -> tuple[str, ...]:
        """Return every token that is set."""
        return tuple(token for token in (self.job, self.api, self.personal) if token)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may make a call: the kinds of tokens, best first, and what to do if none is there or GitLab refuses."""

    kinds: tuple[str, ...]
    fix: str


#: The page that lists the settings which a gate needs.
SETTINGS: Final = page("how-to-gitlab.md#3-settings")
_HOW_TO_READ: Final = (
    "make a project access token (Settings → Access tokens: role Reporter, scope read_api) and save it in Settings → "
    "CI/CD → Variables as COUNTERSEAL_GITLAB_TOKEN, masked and protected (then only protected branches and tags have "
    "it); on your machine set GITLAB_TOKEN to a personal access token with the scope api "
    f"({SETTINGS})"
)
#: What a job's token may read as well.
READ: Final = Access(("api", "personal", "job"), _HOW_TO_READ)
#: Approvals, versions, people and pushes, which GitLab does not show to a job's token.
REVIEWS: Final = Access(("api", "personal"), _HOW_TO_READ)
#: Files of candidates.
PACKAGES: Final = Access(
    ("job", "personal"),
    "whoever starts the pipeline needs the role Developer (Maintainer to delete files), and the project its package "
    "registry: Settings → General → Visibility, project features, permissions → Package registry",
)
#: Releases, which are made for a tag.
RELEASES: Final = Access(
    ("job", "personal"),
    "whoever starts the pipeline needs the role Developer and, if the tag is protected, the right to create it: "
    "Settings → Repository → Protected tags; and the project its releases: Settings → General → Visibility, project "
    "features, permissions → Releases",
)
#: Pushes of the ledger, which no call of the API makes.
HOW_TO_PUSH: Final = (
    'turn on in the project: Settings → CI/CD → Job token permissions → "Allow Git push requests to the repository"; '
    f"the push is made in the name of whoever started the pipeline, who needs the role Developer ({SETTINGS})"
)
#: What the one whose token pushes (`Surroundings.git_login`) may do with the ledger's branch.
MIRROR: Final = Access(
    ("personal", "job"),
    f"let those who merge push to {LEDGER_BRANCH}: Settings → Repository → Protected branches → {LEDGER_BRANCH} → "
    f"Allowed to push and merge; and leave force pushes off ({SETTINGS})",
)
#: What people do: branches, merge requests, comments.
PEOPLE: Final = Access(
    ("personal",), "set GITLAB_TOKEN to a personal access token with the scope api, of somebody with the role Developer"
)
#: What GitLab shows to those who may change it.
MAINTAINER: Final = Access(
    ("personal",), "set GITLAB_TOKEN to a personal access token with the scope api, of a maintainer of the project"
)
OWNER: Final = Access(
    ("personal",), "set GITLAB_TOKEN to a personal access token with the scope api, of an owner of the group"
)
#: The variables that the tokens come from.
VARIABLES: Final = {
    "job": "CI_JOB_TOKEN",
    "api": "COUNTERSEAL_GITLAB_TOKEN",
    "personal": "GITLAB_TOKEN (or COUNTERSEAL_TOKEN)",
}
#: What it means that GitLab does not know a token.
ENDED: Final = {
    "job": "CI_JOB_TOKEN ends with its job and may make few calls: run the job again",
    "api": "COUNTERSEAL_GITLAB_TOKEN is wrong, has ended or was revoked",
    "personal": "the token is wrong, has ended or was revoked",
}
