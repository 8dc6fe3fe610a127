"""What the process was started with: the only place that reads the environment.

It knows which variables mean what, and which of them a gate must not have (R35). It chooses no adapter.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from counterseal import forges
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import digests
from counterseal.project import influence
from counterseal.wiring import event

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from counterseal.forges import ForgeHost

PREFIX: Final = "COUNTERSEAL_"

TOKEN_VARIABLES: Final = {
    ForgeKind.GITHUB: ("COUNTERSEAL_TOKEN", "GITHUB_TOKEN"),
    ForgeKind.GITLAB: ("COUNTERSEAL_TOKEN", "GITLAB_TOKEN"),
}
#: The variables that name the repository.
NAMED: Final = {ForgeKind.GITHUB: "GITHUB_REPOSITORY", ForgeKind.GITLAB: "CI_PROJECT_PATH"}
API_TOKEN: Final = "COUNTERSEAL_GITLAB_TOKEN"  # noqa: S105 - the name of a variable
JOB_TOKEN: Final = "CI_JOB_TOKEN"  # noqa: S105 - the name of a variable
#: Where a GitLab job wants its outputs (a dotenv report) and its summary: GitLab has no variables of its own for them.
JOB_OUTPUT: Final = "COUNTERSEAL_DOTENV"
JOB_SUMMARY: Final = "COUNTERSEAL_SUMMARY"


class Surroundings:
    """The environment, by meaning; `environ` is it, name by name.

    Args:
        environ: The environment; that of the process if None.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self.environ: Mapping[str, str] = dict(os.environ if environ is None else environ)

    def option(self, name: str) -> str | None:
        """Return the value of `COUNTERSEAL_NAME`, or None."""
        return self.environ.get(PREFIX + name.upper())

    @property
    def in_github(self) -> bool:
        """Return whether this is a GitHub Actions step."""
        return self.environ.get("GITHUB_ACTIONS") == "true"

    @property
    def in_gitlab(self) -> bool:
        """Return whether this is a GitLab job."""
        return self.environ.get("GITLAB_CI") == "true" and not self.in_github

    @property
    def in_ci(self) -> bool:
        """Return whether this is a job of some CI, where nobody looks."""
        return self.in_github or self.in_gitlab or bool(self.environ.get("CI"))

    def may_style(self, *, terminal: bool) -> bool:
        """Return whether what is shown may have colour: on a terminal or with FORCE_COLOR, never in CI's logs.

        NO_COLOR comes first (no-color.org). Both count if they are not empty.
        """
        get = self.environ.get
        if self.in_ci or get("NO_COLOR"):
            return False
        return bool(get("FORCE_COLOR")) or (terminal and get("TERM") != "dumb")

    @property
    def kind(self) -> ForgeKind:
        """Return which forge this is about: that of the CI job, else the one whose repository is named."""
        named = "CI_PROJECT_PATH" in self.environ and "GITHUB_REPOSITORY" not in self.environ
        return ForgeKind.GITLAB if (self.in_gitlab or named) and not self.in_github else ForgeKind.GITHUB

    @property
    def step_summary(self) -> Path | None:
        """Return the file of the step's, or the job's, summary, if there is one."""
        return self._path(JOB_SUMMARY if self.in_gitlab else "GITHUB_STEP_SUMMARY")

    @property
    def step_output(self) -> Path | None:
        """Return the file of the step's, or the job's, outputs, if there is one."""
        return self._path(JOB_OUTPUT if self.in_gitlab else "GITHUB_OUTPUT")

    def _path(self, name: str) -> Path | None:
        value = self.environ.get(name)
        return Path(value) if value else None

    def epoch(self) -> int:
        """Return SOURCE_DATE_EPOCH, or 0 if it is not set.

        Raises:
            UsageError: It is not a number of seconds.
        """
        value = self.environ.get("SOURCE_DATE_EPOCH", "0")
        if not value.isdigit():
            raise UsageError(
                f"SOURCE_DATE_EPOCH={value!r} is not a number of seconds",
                why="it is a moment as seconds since 1970 (reproducible-builds.org)",
                fix='SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"',
            )
        return int(value)

    def revision(self) -> str | None:
        """Return the source revision of this run, if CI says it."""
        value = self.environ.get("CI_COMMIT_SHA" if self.kind is ForgeKind.GITLAB else "GITHUB_SHA")
        return value if digests.is_revision(value) else None

    def tag(self) -> str | None:
        """Return the tag that this run is for, if CI says one."""
        if self.kind is ForgeKind.GITLAB:
            return self.environ.get("CI_COMMIT_TAG") or None
        ref = self.environ.get("GITHUB_REF", "")
        return ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else None

    def refuse_influence(self, options: Collection[str]) -> None:
        """Refuse an environment that could choose for the gate what the policy has to choose (R35).

        Args:
            options: The verb's own options, which are inputs and outputs.

        Raises:
            UsageError: Naming the variable.
        """
        allowed = self.gate_variables(options)
        if self.in_gitlab:
            allowed |= influence.SET_BY_GITLAB | {JOB_OUTPUT, JOB_SUMMARY}
        for name, value in sorted(self.environ.items()):
            if value and influence.steers(name, allowed):
                raise UsageError(
                    f"the variable {name} is set in a gate",
                    why="in a gate the environment chooses neither trust, policy, forge, network nor code",
                    fix=self._without(name),
                )

    def gate_variables(self, options: Iterable[str]) -> frozenset[str]:
        """Return the variables that a gate takes as its own: of its options, and its tokens."""
        return frozenset((*(PREFIX + name.upper() for name in options), *TOKEN_VARIABLES[self.kind], API_TOKEN))

    def _without(self, name: str) -> str:
        if self.in_gitlab:
            return "remove it from the pipeline file and from the variables of project, group and pipeline"
        return f"remove it from the workflow; if a runner sets it, run the gate with: env -u {name} …"

    def random(self, count: int) -> bytes:
        """Return random bytes."""
        return secrets.token_bytes(count)

    @contextlib.contextmanager
    def work_folder(self) -> Iterator[Path]:
        """Give a folder of our own that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="counterseal.", dir=self.environ.get("RUNNER_TEMP")) as name:
            yield Path(name)

    def personal_token(self) -> str | None:
        """Return the token that a person, or a workflow, gave for the forge, or None."""
        return next((self.environ[name] for name in TOKEN_VARIABLES[self.kind] if self.environ.get(name)), None)

    @property
    def can_comment(self) -> bool:
        """Return whether there is a token that forges let comment: GitLab wants a person's."""
        return self.kind is not ForgeKind.GITLAB or self.personal_token() is not None

    def gitlab_tokens(self) -> tuple[str | None, str | None, str | None]:
        """Return what there is to speak to GitLab with: the job's token, the one that reads approvals, a person's.

        Raises:
            UsageError: There is none at all.
        """
        tokens = (self.environ.get(JOB_TOKEN), self.environ.get(API_TOKEN), self.personal_token())
        if not any(tokens):
            raise UsageError(
                "no token for the forge",
                why=f"none of {JOB_TOKEN}, {API_TOKEN}, {', '.join(TOKEN_VARIABLES[ForgeKind.GITLAB])} is set",
                fix="on your machine: export GITLAB_TOKEN=… with a personal access token (scope api)",
            )
        return tokens

    def token(self) -> str:
        """Return the token for GitHub."""
        token = self.personal_token()
        if token is None:
            raise UsageError(
                "no token for the forge",
                why="GITHUB_TOKEN is not set",
                fix="in a workflow: env: {GITHUB_TOKEN: ${{ github.token }}}; on your machine: "
                "export GITHUB_TOKEN=$(gh auth token)",
            )
        return token

    def git_login(self, kind: ForgeKind) -> tuple[str, str]:
        """Return name and password for git: of a GitLab job's token both are fixed, others go with any name."""
        if kind is ForgeKind.GITLAB:
            job, api, personal = self.gitlab_tokens()
            if job and not personal:
                return "gitlab-ci-token", job
            return "oauth2", personal or api or ""
        return "x-access-token", self.token()

    def reading_login(self, kind: ForgeKind) -> tuple[str, str] | None:
        """Return name and password by which git reads at a forge of this kind, None: there are none for it."""
        names = TOKEN_VARIABLES[kind] if self.kind is kind else TOKEN_VARIABLES[kind][1:]  # ours is for the forge here
        token = next((self.environ[name] for name in names if self.environ.get(name)), None)
        if token is not None:
            return ("oauth2" if kind is ForgeKind.GITLAB else "x-access-token"), token
        job = self.environ.get(JOB_TOKEN) if kind is ForgeKind.GITLAB and self.in_gitlab else None
        return ("gitlab-ci-token", job) if job else None

    def repository_name(self) -> str:
        """Return the repository that this is about, `owner/name`."""
        if self.kind is ForgeKind.GITLAB:
            return self._project_path()
        name = self.environ.get("GITHUB_REPOSITORY", "")
        if name.count("/") != 1:
            raise UsageError(
                "which repository?",
                why="GITHUB_REPOSITORY is not set, and this is not a clone from github.com or gitlab.com",
                fix="run it in a clone, or set GITHUB_REPOSITORY=OWNER/NAME (at GitLab CI_PROJECT_PATH=GROUP/PROJECT)",
            )
        return name

    def _project_path(self) -> str:
        name = self.environ.get("CI_PROJECT_PATH", "")
        if "/" not in name:
            raise UsageError("which project?", why="CI_PROJECT_PATH is not set", fix="set it to GROUP/PROJECT")
        return name

    def forge_host(self) -> ForgeHost:
        """Return where the forge is outside of gates: the real one, or a sandbox on loopback.

        Raises:
            UsageError: It is neither, or API and site are not of one forge.
        """
        in_gitlab = self.kind is ForgeKind.GITLAB
        api_name, site_name = (
            ("CI_API_V4_URL", "CI_SERVER_URL") if in_gitlab else ("GITHUB_API_URL", "GITHUB_SERVER_URL")
        )
        real = next(forge for forge in forges.HOSTS if forge.kind is self.kind)
        api = self.environ.get(api_name) or real.api
        forge = forges.by_api(api.rstrip("/"))
        if forge is None or forge.kind is not self.kind:
            raise _no_forge(api_name, api, real.host)
        expected = forge.api.removesuffix("/api/v4") if in_gitlab else forge.git
        site = self.environ.get(site_name) or expected
        if site.rstrip("/") != expected:
            raise _no_forge(site_name, site, real.host)
        return forge

    def change_request_number(self) -> int | None:
        """Return the number of the change request that this event is about, or None."""
        if self.kind is ForgeKind.GITLAB:
            given = self.environ.get("CI_MERGE_REQUEST_IID", "")
            return int(given) if given.isascii() and given.isdigit() else None
        change = event.read(self._path("GITHUB_EVENT_PATH")).get("pull_request")
        number = change.get("number") if isinstance(change, dict) else None
        return number if isinstance(number, int) else None

    def event_inputs(self) -> dict[str, str]:
        """Return what whoever started this run of GitHub's by hand filled in; see `event.inputs`."""
        return event.inputs(self._path("GITHUB_EVENT_PATH"))


def _no_forge(name: str, value: str, host: str) -> UsageError:
    return UsageError(
        f"{name} is {value!r}",
        why=f"this version speaks to {host}, and to a sandbox on http://127.0.0.1",
        fix=f"leave {name} as CI sets it",
    )


def loopback(url: str, name: str) -> str:
    """Return `url` without a slash at the end if it is on loopback, where alone plain http is accepted."""
    split = urlsplit(url)
    if split.scheme != "http" or split.hostname != "127.0.0.1":
        raise UsageError(
            f"{name} is {url!r}",
            why="a sandbox answers on its own machine only, in plain http",
            fix=f"write {name} like http://127.0.0.1:8800",
        )
    return url.rstrip("/")
