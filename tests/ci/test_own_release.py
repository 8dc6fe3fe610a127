"""counterseal's own release, with its own two workflows and the policy of docs/releasing.md, on a copy of this tree.

The pinned commit and the numbers of repository and people are put in as that page says, since nobody knows them here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci import newcomer
from tests.ci.act import ROOT, Act
from tests.ci.test_story import decisions

from counterseal import __version__
from counterseal.identifiers import POLICY_PATH, REPOSITORY
from counterseal_sandbox.client import Person, SandboxClient
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.ci.newcomer import Product

pytestmark = [pytest.mark.slow, pytest.mark.act]

TAG = f"v{__version__}"
PAGE = ROOT / "docs" / "releasing.md"
PEOPLE = {"alice": 1001, "bob": 1002, "carol": 1003}
PINNED = re.compile(rf"uses: {REPOSITORY}/(\S+)@([0-9a-f]{{40}}) # docs/releasing\.md")


def workflow(name: str) -> str:
    return (ROOT / ".github" / "workflows" / name).read_text()


def test_both_workflows_name_one_commit_of_ours() -> None:
    found = [each for name in ("release.yml", "promote.yml") for each in PINNED.findall(workflow(name))]
    parts = ["actions/sbom", "actions/sign", "actions/candidate", ".github/workflows/gate.yml"]
    assert [part for part, _ in found] == parts
    assert len({revision for _, revision in found}) == 1
    text = workflow("release.yml") + workflow("promote.yml")
    assert text.count(REPOSITORY + "/") == len(parts), "none without its commit"


@dataclass(frozen=True)
class Project:
    """counterseal's repository in a sandbox, with the people who maintain it."""

    client: SandboxClient
    act: Act
    gate: str
    people: Mapping[str, Person]
    folder: Path

    @property
    def clone_url(self) -> str:
        return f"{self.client.url}/github/git/{REPOSITORY}.git"

    def run(self, file: str, job: str, ref: str, **changes: Any) -> Any:
        """Return what a workflow came to."""
        granted = newcomer.permissions(workflow(file), job)
        order = {"repository": REPOSITORY, "workflow": f".github/workflows/{file}", "ref": ref, "event": "push"}
        run = self.client.run(**order, actor="bob", permissions=granted, **changes)
        clone = self.folder / job
        newcomer.git(self.folder, "clone", "-q", "--branch", ref.split("/", 2)[2], self.clone_url, str(clone))
        return self.act.run(clone, "push", run=run, workflow=file)

    def counterseal(self, *arguments: str, **environment: str) -> str:
        """Return what the command line said."""
        command = (sys.executable, "-I", "-m", "counterseal", *arguments)
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **environment}
        done = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def call(self, login: str, method: str, path: str, body: Any = None) -> Any:
        return self.client.as_person(self.people[login], method, f"/repos/{REPOSITORY}{path}", body)


@pytest.fixture
def project(tmp_path: Path, tool: Callable[[str], Path], product: Product) -> Iterator[Project]:
    """The tree of this commit, then one that names it as the gate (docs/releasing.md, steps 1 and 2), tagged."""
    source = tmp_path / "source"
    newcomer.git(tmp_path, "clone", "-q", str(product.folder), str(source))
    with Sandbox(tmp_path / "sandbox", released=(product.sha,)) as sandbox:
        client = SandboxClient(sandbox.url)
        people = {login: client.person(login, number) for login, number in PEOPLE.items()}
        client.control("/users", login="counterseal", kind="Organization")
        owner, name = REPOSITORY.split("/")
        roles = dict.fromkeys(PEOPLE, "maintain")
        number = int(client.control("/repositories", owner=owner, name=name, collaborators=roles)["id"])
        prepare(source, product.sha, number)
        (tmp_path / "runs").mkdir()
        made = Project(client, Act(tool("act"), tmp_path / "runs"), product.sha, people, tmp_path)
        header = f"http.extraHeader=Authorization: Bearer {people['bob'].token}"
        for ref in ("HEAD~1:refs/heads/main", "HEAD:refs/heads/release"):
            newcomer.git(source, "-c", header, "push", "-q", made.clone_url, ref)
        body = {"head": "release", "base": "main", "title": f"Release {TAG}"}
        number = made.call("bob", "POST", "/pulls", body)["number"]
        made.call("alice", "PUT", f"/pulls/{number}/merge", {"merge_method": "squash"})
        newcomer.git(source, "-c", header, "fetch", "-q", made.clone_url, "main")
        newcomer.git(source, "reset", "-q", "--hard", "FETCH_HEAD")
        newcomer.git(source, "tag", TAG)
        newcomer.git(source, "-c", header, "push", "-q", made.clone_url, TAG)
        yield made


def prepare(source: Path, gate: str, number: int) -> None:
    """Do what docs/releasing.md asks for before a tag."""
    for name in ("release.yml", "promote.yml"):
        path = source / ".github" / "workflows" / name
        path.write_text(PINNED.sub(rf"uses: {REPOSITORY}/\1@{gate} # docs/releasing.md", workflow(name)))
    policy = re.search(r"## The policy\n```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert policy
    path = source / POLICY_PATH
    path.parent.mkdir()
    path.write_text(policy[1].replace("github.com/777/", f"github.com/{number}/"))
    assert [each["id"] for each in yaml.safe_load(policy[1])["people"]["maintainers"]] == list(PEOPLE.values())
    newcomer.git(source, "add", "-A")
    newcomer.git(source, "commit", "-q", "-m", f"Release {TAG} with the gate of {gate[:12]}")


def test_a_release_of_ours(project: Project) -> None:
    released = project.run("release.yml", "candidate", f"refs/tags/{TAG}")
    assert released.jobs == {"build": "success", "candidate": "success"}, released.text
    names = [f"counterseal-{__version__}-py3-none-any.whl", f"counterseal-{__version__}.tar.gz"]
    assert sorted(path.name for path in (project.act.artifacts / "dist").iterdir()) == names
    number = request(project)
    for login in ("alice", "carol"):
        project.call(login, "POST", f"/pulls/{number}/reviews", {"event": "APPROVE", "body": "seen"})
    project.call("bob", "PUT", f"/pulls/{number}/merge", {"merge_method": "squash"})
    promoted = project.run("promote.yml", "gate", "refs/heads/main", gateRevision=project.gate)
    assert promoted.jobs == {"gate": "success"}, promoted.text
    assert decisions(promoted) == [("production", "allow", 1)]
    assert json.loads(promoted.outputs("gate")["published"]) == [TAG]
    said = verified(project, *names)
    for name in names:
        assert f"verified: {name}, production" in said


def request(project: Project) -> int:
    """Ask as bob from his machine, and return the number of the change request."""
    said = project.counterseal(
        *("request", "--stage", "production", "--tag", TAG, "--reason", "the first release", "--format", "json"),
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_API_URL=project.client.api,
        GITHUB_SERVER_URL=f"{project.client.url}/github/git",
        GITHUB_TOKEN=project.people["bob"].token,
    )
    return int(json.loads(said)["number"])


def verified(project: Project, *names: str) -> str:
    """Return what a consumer is told who has the published files."""
    release = project.client.call("GET", f"{project.client.api}/repos/{REPOSITORY}/releases/tags/{TAG}")
    for each in release["assets"]:
        (project.folder / each["name"]).write_bytes(project.client.call("GET", each["url"], raw=True))
    (project.folder / "trust.json").write_text(json.dumps(project.client.trust()))
    options = ("--stage", "production", "--repository", f"github.com/{REPOSITORY}", "--trust", "trust.json")
    return project.counterseal("verify", *names, *options, "--sandbox")
