"""Repositories of people who have never heard of counterseal, in the sandbox's forges, and clones of them."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.flow.worlds import FlowWorld

from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal_sandbox.demo.shell import ProcessResult
    from counterseal_sandbox.forge.repository import HostedRepository

_NUMBERS = itertools.count(1)
PYTHON = {"pyproject.toml": "[project]\nname = 'app'\n", "uv.lock": "version = 1\n", "README.md": "# app\n"}


@dataclass(frozen=True)
class Newcomer:
    """A repository of somebody's, and bob's clone of it."""

    world: FlowWorld
    name: str
    clone: Path

    @property
    def hosted(self) -> HostedRepository:
        """Return the repository as its forge keeps it."""
        return self.world.sandbox.forge.repository(self.name)

    @property
    def host(self) -> str:
        """Return the forge's host."""
        return self.world.site.place.host

    def environment(self, login: str = "bob") -> dict[str, str]:
        """Return the environment in which a person runs counterseal here."""
        named = "CI_PROJECT_PATH" if self.world.kind is ForgeKind.GITLAB else "GITHUB_REPOSITORY"
        return {**self.world.person(login), named: self.name}

    def says(self, *arguments: str, code: int = 0, environment: Mapping[str, str] | None = None) -> ProcessResult:
        """Return what counterseal says in the clone."""
        given = self.environment() if environment is None else environment
        return self.world.counterseal(*arguments, environment=given, folder=self.clone, code=code)

    def init(self, *arguments: str, **more: Any) -> Any:
        """Return what `init --yes` did, as JSON data."""
        return json.loads(self.says("init", "--yes", "--format", "json", *arguments, **more).output)

    def git(self, *arguments: str) -> str:
        """Return what git says in the clone, to bob."""
        return self.world.git(*arguments, folder=self.clone)

    def show(self, path: str, ref: str = "HEAD") -> str:
        """Return a file as it is committed."""
        return self.git("show", f"{ref}:{path}") + "\n"

    def paths(self, ref: str = "HEAD") -> set[str]:
        """Return the paths of all committed files."""
        return set(self.git("ls-tree", "-r", "--name-only", ref).splitlines())


def newcomer(
    world: FlowWorld,
    folder: Path,
    files: Mapping[str, str] = PYTHON,
    *,
    tags: tuple[str, ...] = ("v1.0.0",),
    people: Mapping[str, str] | None = None,
    name: str = "",
    branch: str = "main",
    **settings: Any,
) -> Newcomer:
    """Make a repository with these files, whose people alice, bob and carol maintain, and clone it."""
    gitlab = world.kind is ForgeKind.GITLAB
    name = f"{name or 'app'}{next(_NUMBERS)}"
    roles = people or dict.fromkeys(("alice", "bob", "carol"), "maintainer" if gitlab else "maintain")
    extra = {"forge": "gitlab"} if gitlab else {}
    world.client.control("/repositories", owner="acme", name=name, collaborators=roles, **extra, **settings)
    whole = f"acme/{name}"
    if branch != "main":
        hosted = world.sandbox.forge.repository(whole)
        hosted.default_branch = branch
        hosted.git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        hosted.protect([f"refs/heads/{branch}"])
    clone = folder / name.replace("/", "-")
    for path, content in files.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(content, encoding="utf-8")
    found = Newcomer(world, whole, clone)
    found.git("init", "-q", "-b", branch)
    found.git("config", "user.name", "bob")
    found.git("config", "user.email", "bob@people.example")
    found.git("add", "-A")
    found.git("commit", "-q", "-m", "as it was")
    found.git("remote", "add", "origin", f"{world.site.place.git}/{whole}.git")
    for tag in tags:
        found.git("tag", tag)
    found.git("push", "-q", "--tags", "origin", branch)
    return found
