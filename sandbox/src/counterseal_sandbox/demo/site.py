"""Two forges with a project: what people and runs do there, in each forge's own words. One protocol, two sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol
from urllib.parse import quote

from counterseal import forges
from counterseal.forges import ForgeKind
from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.service import DEFAULT_GATE_REVISION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.forges import ForgeHost
    from counterseal_sandbox.client import Person

NAME: Final = "acme/app"
TAG: Final = "v1.2.0"
MAIN: Final = "refs/heads/main"
#: What docs/how-to-github.md lets the two jobs do.
BUILD_PERMISSIONS: Final = {"contents": "write", "id-token": "write"}
GATE_PERMISSIONS: Final = {"contents": "write", "pull-requests": "write", "actions": "read", "id-token": "write"}


class Site(Protocol):
    """A forge of the sandbox, with one project in it."""

    @property
    def place(self) -> ForgeHost:
        """Return where the forge is."""

    @property
    def waiting(self) -> str:
        """Return what a candidate is here."""

    @property
    def failed(self) -> str:
        """Return the forge's word for a run that failed."""

    def identities(self, repository_id: int) -> str:
        """Return what the policy's `identities` say here."""

    def create(self, people: Sequence[str]) -> int:
        """Create the project, which all these people maintain, and return its number."""

    def environment(self, person: Person) -> Mapping[str, str]:
        """Return the environment in which a person runs counterseal."""

    def address(self, person: Person) -> str:
        """Return the mail address by which the forge knows a person's commits."""

    def build_run(self) -> Mapping[str, str]:
        """Return the environment of the tag's build run."""

    def gate_run(self, actor: str) -> Mapping[str, str]:
        """Return the environment of a run of the gate, started by a merge."""

    def started_run(self, actor: str, number: int) -> Mapping[str, str]:
        """Return the environment of the run of the gate that a person asked for, by its number."""

    def propose(self, person: Person, branch: str, title: str) -> int:
        """Let a person ask to merge a branch, and return the number of the change request."""

    def review(self, person: Person, number: int, event: str) -> None:
        """Let a person review a change request at its head (APPROVE or REQUEST_CHANGES)."""

    def merge(self, person: Person, number: int) -> None:
        """Let a person squash and merge a change request."""

    def branch_of(self, person: Person, number: int) -> str:
        """Return the branch that a change request comes from."""

    def downloads(self) -> Mapping[str, str]:
        """Return name and URL of what everybody can download of the tag's release."""

    def who_decides(self) -> tuple[str, ...]:
        """Return the options by which a consumer names the gate, where it is not counterseal's own."""


@dataclass(frozen=True, slots=True)
class GitHubSite:
    """GitHub's face of the sandbox."""

    client: SandboxClient
    name: str = NAME
    branch: str = "main"
    waiting: ClassVar[str] = "a draft release"
    failed: ClassVar[str] = "failure"

    @property
    def place(self) -> ForgeHost:
        """Return where the forge is."""
        return forges.sandbox_host(self.client.url, ForgeKind.GITHUB)

    def identities(self, repository_id: int) -> str:  # noqa: ARG002 - the same for every repository
        """Return what the policy's `identities` say here."""
        builder = "{github: {workflow: .github/workflows/release.yml, refs: [refs/tags/v*]}}"
        return f"  builder: {builder}\n  gate: counterseal\n"

    def create(self, people: Sequence[str]) -> int:
        """Create the project, which all these people maintain, and return its number."""
        owner, _, name = self.name.partition("/")
        roles = dict.fromkeys(people, "maintain")
        repository: Any = self.client.control("/repositories", owner=owner, name=name, collaborators=roles)
        return int(repository["id"])

    def environment(self, person: Person) -> Mapping[str, str]:
        """Return the environment in which a person runs counterseal."""
        return {
            "GITHUB_REPOSITORY": self.name,
            "GITHUB_API_URL": self.place.api,
            "GITHUB_SERVER_URL": self.place.git,
            "GITHUB_TOKEN": person.token,
        }

    def address(self, person: Person) -> str:
        """Return the mail address by which the forge knows a person's commits."""
        return f"{person.id}+{person.login}@users.noreply.github.com"

    def build_run(self) -> Mapping[str, str]:
        """Return the environment of the tag's build run."""
        return self.client.run(
            repository=self.name,
            workflow=".github/workflows/release.yml",
            ref=f"refs/tags/{TAG}",
            event="push",
            actor="bob",
            permissions=BUILD_PERMISSIONS,
        )

    def gate_run(self, actor: str) -> Mapping[str, str]:
        """Return the environment of a run of the gate, started by a merge."""
        return self._gate(event="push", actor=actor)

    def started_run(self, actor: str, number: int) -> Mapping[str, str]:
        """Return the environment of the run of the gate that a person asked for, by its number."""
        return self._gate(event="workflow_dispatch", actor=actor, runId=number)

    def _gate(self, **order: Any) -> Mapping[str, str]:
        return self.client.run(
            repository=self.name,
            workflow=".github/workflows/promote.yml",
            ref=MAIN,
            gateRevision=DEFAULT_GATE_REVISION,
            permissions=GATE_PERMISSIONS,
            **order,
        )

    def propose(self, person: Person, branch: str, title: str) -> int:
        """Let a person open a pull request."""
        body = {"head": branch, "base": self.branch, "title": title}
        opened: Any = self.client.as_person(person, "POST", f"/repos/{self.name}/pulls", body)
        return int(opened["number"])

    def review(self, person: Person, number: int, event: str) -> None:
        """Let a person review a change request at its head (APPROVE or REQUEST_CHANGES)."""
        body = {"event": event, "body": "seen"}
        self.client.as_person(person, "POST", f"/repos/{self.name}/pulls/{number}/reviews", body)

    def merge(self, person: Person, number: int) -> None:
        """Let a person squash and merge a change request."""
        self.client.as_person(person, "PUT", f"/repos/{self.name}/pulls/{number}/merge", {"merge_method": "squash"})

    def branch_of(self, person: Person, number: int) -> str:
        """Return the branch that a change request comes from."""
        change: Any = self.client.as_person(person, "GET", f"/repos/{self.name}/pulls/{number}")
        return str(change["head"]["ref"])

    def downloads(self) -> Mapping[str, str]:
        """Return name and URL of what everybody can download of the tag's release."""
        release: Any = self.client.call("GET", f"{self.place.api}/repos/{self.name}/releases/tags/{TAG}")
        return {asset["name"]: asset["url"] for asset in release["assets"]}

    def who_decides(self) -> tuple[str, ...]:
        """Return no options: counterseal's own gate decides."""
        return ()


@dataclass(frozen=True, slots=True)
class GitLabSite:
    """GitLab's face of the sandbox."""

    client: SandboxClient
    name: str = NAME
    branch: str = "main"
    waiting: ClassVar[str] = "a generic package"
    failed: ClassVar[str] = "failed"
    file: ClassVar[str] = ".gitlab-ci.yml"

    @property
    def place(self) -> ForgeHost:
        """Return where the forge is."""
        return forges.sandbox_host(self.client.url, ForgeKind.GITLAB)

    @property
    def _project(self) -> str:
        return f"{self.place.api}/projects/{quote(self.name, safe='')}"

    def identities(self, repository_id: int) -> str:
        """Return what the policy's `identities` say here."""
        return (
            f"  builder: {{gitlab: {{file: {self.file}, refs: [refs/tags/v*]}}}}\n"
            f"  gate: {{gitlab: {{project: {repository_id}, file: {self.file}, ref: {MAIN}}}}}\n"
        )

    def create(self, people: Sequence[str]) -> int:
        """Create the project, which all these people maintain, and return its number."""
        owner, _, name = self.name.partition("/")
        roles = dict.fromkeys(people, "maintainer")
        settings: Any = {"collaborators": roles, "jobTokenMayPush": True, "schedule": "17 * * * *"}
        project: Any = self.client.control("/repositories", forge="gitlab", owner=owner, name=name, **settings)
        return int(project["id"])

    def environment(self, person: Person) -> Mapping[str, str]:
        """Return the environment in which a person runs counterseal."""
        return {
            "CI_PROJECT_PATH": self.name,
            "CI_API_V4_URL": self.place.api,
            "CI_SERVER_URL": self.place.issuer,
            "GITLAB_TOKEN": person.token,
        }

    def address(self, person: Person) -> str:
        """Return the mail address by which the forge knows a person's commits."""
        return f"{person.id}-{person.login}@users.noreply.gitlab.com"

    def build_run(self) -> Mapping[str, str]:
        """Return the environment of the tag's build job."""
        return self.client.job(project=self.name, ref=f"refs/tags/{TAG}", source="push", actor="bob")

    def gate_run(self, actor: str) -> Mapping[str, str]:
        """Return the environment of a job of the gate, started by a merge."""
        return self.client.job(project=self.name, ref=MAIN, source="push", actor=actor, apiToken=True)

    def started_run(self, actor: str, number: int) -> Mapping[str, str]:
        """Return the environment of the job of the pipeline that a person asked for, by its number."""
        order = {"source": "api", "actor": actor, "pipelineId": number, "apiToken": True}
        return self.client.job(project=self.name, ref=MAIN, **order)

    def propose(self, person: Person, branch: str, title: str) -> int:
        """Let a person open a merge request."""
        body = {"source_branch": branch, "target_branch": self.branch, "title": title}
        opened: Any = self.client.call("POST", f"{self._project}/merge_requests", token=person.token, body=body)
        return int(opened["iid"])

    def review(self, person: Person, number: int, event: str) -> None:
        """Let a person approve a merge request."""
        if event != "APPROVE":
            raise ValueError(f"a merge request is approved or not: {event}")
        self.client.call("POST", f"{self._project}/merge_requests/{number}/approve", token=person.token)

    def merge(self, person: Person, number: int) -> None:
        """Let a person squash and merge a merge request."""
        url = f"{self._project}/merge_requests/{number}/merge"
        self.client.call("PUT", url, token=person.token, body={"squash": True})

    def branch_of(self, person: Person, number: int) -> str:
        """Return the branch that a merge request comes from."""
        change: Any = self.client.call("GET", f"{self._project}/merge_requests/{number}", token=person.token)
        return str(change["source_branch"])

    def downloads(self) -> Mapping[str, str]:
        """Return name and URL of what everybody can download of the tag's release."""
        release: Any = self.client.call("GET", f"{self._project}/releases/{TAG}")
        return {link["name"]: link["url"] for link in release["assets"]["links"]}

    def who_decides(self) -> tuple[str, ...]:
        """Return the options by which a consumer accepts the project's own gate."""
        san = f"{forges.definition(self.place.host, self.name, self.file)}@{MAIN}"
        return ("--gate-identity", san, "--gate-issuer", self.place.issuer)


def site(client: SandboxClient, kind: ForgeKind, name: str = NAME, branch: str = "main") -> Site:
    """Return the site of a forge, for a project and its default branch."""
    return GitLabSite(client, name, branch) if kind is ForgeKind.GITLAB else GitHubSite(client, name, branch)
