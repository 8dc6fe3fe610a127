"""The demo's world: a sandbox, a project in it, the people, and their hands (command line, git, the forge's API)."""

from __future__ import annotations

import json
import shutil
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import CountersealError
from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal_sandbox.client import Person, SandboxClient
from counterseal_sandbox.demo.gate_file import gate_file
from counterseal_sandbox.demo.shell import Shell
from counterseal_sandbox.demo.site import NAME, TAG, Site, site

if TYPE_CHECKING:
    from counterseal_sandbox.demo.shell import ProcessResult

PEOPLE: Final = {"alice": 1001, "bob": 1002, "carol": 1003, "dora": 1010}
#: 2026-11-24T08:00:00Z, so that two demos build the same bytes.
EPOCH: Final = "1795507200"

POLICY: Final = """\
apiVersion: counterseal/v1
ledger: {id: LEDGER}
people:
  maintainers: [{id: 1001, login: alice}, {id: 1002, login: bob}, {id: 1003, login: carol}]
  security: [{id: 1010, login: dora}]
identities:
IDENTITIES
stages:
  staging:
    rules:
      sbom-present: {}
      enough-reviews: {count: 1, from: {maintainers: 1}}
  production:
    after: staging
    publish: true
    rules:
      sbom-present: {}
      enough-reviews: {count: 2, from: {maintainers: 1, security: 1}}
      author-did-not-approve: {}
"""


class NotAsToldError(CountersealError):
    """Something in the demo did not go as the story tells."""


@dataclass(frozen=True, slots=True)
class World:
    """Where everything is: `folder` holds what the demo makes, `checkout` is bob's clone."""

    client: SandboxClient
    shell: Shell
    folder: Path
    people: Mapping[str, Person]
    repository_id: int
    site: Site

    @property
    def checkout(self) -> Path:
        """Return bob's clone of the project."""
        return self.folder / "app"

    @property
    def npm_package(self) -> Path:
        """Return bob's npm package, a repository of its own."""
        return self.folder / "web"

    @property
    def clone_url(self) -> str:
        """Return where git finds the project."""
        return f"{self.site.place.git}/{NAME}.git"

    def counterseal(
        self, *arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None, code: int = 0
    ) -> ProcessResult:
        """Return what `counterseal …` said, after checking that it ended with this exit code."""
        result = self.try_counterseal(*arguments, environment=environment, folder=folder)
        expect(
            result.exit_code == code,
            f"`counterseal {' '.join(arguments)}` ended with {result.exit_code}, not {code}",
            result.output + result.errors,
        )
        return result

    def try_counterseal(
        self, *arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> ProcessResult:
        """Return what `counterseal …` said, whatever it was."""
        command = [sys.executable, "-I", "-m", "counterseal", *arguments]
        return self.shell.run(command, folder=folder or self.checkout, environment=environment)

    def asks(self, *arguments: str) -> int:
        """Let bob ask for something with `counterseal request …`, and return the number of the change request."""
        result = self.counterseal("request", *arguments, "--format", "json", environment=self.person("bob"))
        return int(json.loads(result.output)["number"])

    def git(self, *arguments: str, folder: Path | None = None, person: str = "bob") -> str:
        """Return what git said to a person, after checking that it succeeded."""
        result = self.try_git(*arguments, folder=folder, person=person)
        expect(result.exit_code == 0, f"git {' '.join(arguments)}", result.output + result.errors)
        return result.output.strip()

    def try_git(self, *arguments: str, folder: Path | None = None, person: str = "bob") -> ProcessResult:
        """Return what git said to a person, whatever it was."""
        who = self.people[person]
        settings = {
            "http.extraHeader": f"Authorization: Basic {b64encode(f'{who.login}:{who.token}'.encode()).decode()}",
            "user.name": who.login,
            "user.email": self.site.address(who),
            "init.defaultBranch": "main",
            "commit.gpgSign": "false",
        }
        environment = {
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": str(len(settings)),
            "SOURCE_DATE_EPOCH": EPOCH,
        }
        for number, (key, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return self.shell.run(["git", *arguments], folder=folder or self.checkout, environment=environment)

    def person(self, login: str) -> Mapping[str, str]:
        """Return the environment in which a person runs counterseal."""
        return self.site.environment(self.people[login])

    def build_run(self) -> Mapping[str, str]:
        """Return the environment of the tag's build run."""
        return self.site.build_run()

    def gate_run(self, actor: str = "bob") -> Mapping[str, str]:
        """Return the environment of a run of the gate, started by a merge."""
        return self.site.gate_run(actor)

    def review(self, login: str, number: int, event: str = "APPROVE") -> None:
        """Let a person review a change request at its head."""
        self.site.review(self.people[login], number, event)

    def merge(self, login: str, number: int) -> None:
        """Let a person merge a change request."""
        self.site.merge(self.people[login], number)


def expect(fact: bool, what: str, seen: str = "") -> None:  # noqa: FBT001 - reads like an assertion
    """End the demo if something is not as told.

    Raises:
        NotAsToldError: `fact` is false.
    """
    if not fact:
        raise NotAsToldError(f"the demo is not as told: {what}", why=seen[-4000:], fix="please report this")


def make_world(shell: Shell, url: str, folder: Path, example: Path, kind: ForgeKind = ForgeKind.GITHUB) -> World:
    """Return a world in which a project, its people and its policy are, as on any other day.

    Args:
        shell: Starts git and counterseal.
        url: The running sandbox.
        folder: For everything that the demo makes.
        example: The project's files.
        kind: The forge that it plays on.
    """
    client = SandboxClient(url)
    people = {login: client.person(login, number) for login, number in PEOPLE.items()}
    client.control("/users", login="acme", kind="Organization")
    there = site(client, kind)
    number = there.create(tuple(PEOPLE))
    world = World(client, shell, folder, people, number, there)
    _copy(example, world.checkout)
    policy = world.checkout / POLICY_PATH
    policy.parent.mkdir()
    policy.write_text(policy_text(there, number), encoding="utf-8")
    world.git("init", "-q")
    world.git("add", "-A")
    world.git("commit", "-q", "-m", "The project as it was")
    world.git("branch", "-M", "main")
    world.git("remote", "add", "origin", world.clone_url)
    world.git("push", "-q", "origin", "main")
    tag_version(world)
    return world


def bring_npm_package(world: World, example: Path) -> None:
    """Bring an npm package beside the project, on this machine only."""
    _copy(example, world.npm_package)
    world.git("init", "-q", folder=world.npm_package)


def _copy(example: Path, place: Path) -> None:
    left_out = shutil.ignore_patterns("dist", "counterseal-out", "node_modules", "__pycache__")
    shutil.copytree(example, place, ignore=left_out)


def tag_version(world: World) -> None:
    """Bring the version by a change request, and tag the commit that its merge leaves on the branch."""
    branch = f"release-{TAG.removeprefix('v')}"
    world.git("switch", "-q", "-c", branch)
    (world.checkout / "CHANGELOG.md").write_text(f"## {TAG}\n\nFixes the parser.\n", encoding="utf-8")
    world.git("add", "CHANGELOG.md")
    world.git("commit", "-q", "-m", f"app {TAG.removeprefix('v')}")
    world.git("push", "-q", "origin", branch)
    world.merge("alice", world.site.propose(world.people["bob"], branch, f"app {TAG.removeprefix('v')}"))
    world.git("fetch", "-q", "origin", "main")
    world.git("switch", "-q", "main")
    world.git("reset", "-q", "--hard", "origin/main")
    world.git("tag", TAG)
    world.git("push", "-q", "origin", TAG)


def bring_gate(world: World) -> None:
    """Bring the file in which the gate runs, so that people can start it."""
    path, content = gate_file(world.site.place.kind)
    file = world.checkout / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    world.git("add", path)
    world.git("commit", "-q", "-m", "Let the gate be started")
    world.git("push", "-q", "origin", "main")


def close_branch(world: World) -> None:
    """Let the branch's rules forbid direct pushes from now on."""
    world.client.control("/protection", repository=NAME)


def policy_text(there: Site, number: int) -> str:
    """Return the policy of the project with this number at a site."""
    text = POLICY.replace("LEDGER", f"{there.place.host}/{number}/{'5d1c' * 8}")
    return text.replace("IDENTITIES\n", there.identities(number))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
