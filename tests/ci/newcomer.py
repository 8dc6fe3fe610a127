"""A newcomer's repository in a sandbox: it knows nothing of this tree but the YAML of docs/how-to-github.md.

counterseal itself is another repository of the same forge, at one commit of the files that are committed here; the
newcomer's workflows name that commit, and act fetches it over HTTP as a runner does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from tests.ci.act import ROOT, Act, Outcome
from tests.flow import worlds
from tests.flow.worlds import FlowWorld
from tools import action_pages

from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.demo import world as demo_world
from counterseal_sandbox.demo.shell import Shell
from counterseal_sandbox.demo.site import NAME, TAG
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = ROOT / "docs" / "how-to-github.md"
_BLOCK = re.compile(r"`\.github/workflows/(\w+\.yml)`\n.*?```yaml\n(.*?)```", re.DOTALL)
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "counterseal", "GIT_AUTHOR_EMAIL": "counterseal@users.noreply.github.com",
    "GIT_COMMITTER_NAME": "counterseal", "GIT_COMMITTER_EMAIL": "counterseal@users.noreply.github.com",
}  # fmt: skip


def blocks(sha: str) -> dict[str, str]:
    """Return the workflow files that the page shows, for one commit of counterseal."""
    files = {name: text.replace("@SHA", f"@{sha}") for name, text in _BLOCK.findall(PAGE.read_text())}
    assert sorted(files) == ["preview.yml", "promote.yml", "release.yml"]
    return files


def with_trust(text: str, trust: Path) -> str:
    """Return a workflow of the page whose `verify` trusts a sandbox, which nobody else has to."""
    return re.sub(r"(actions/verify@\S+\n( +)with:\n)", rf'\1\2  trust: {trust}\n\2  sandbox: "true"\n', text)


def permissions(text: str, job: str) -> dict[str, str]:
    """Return the permissions that a workflow gives a job."""
    rights: dict[str, str] = yaml.safe_load(text)["jobs"][job].get("permissions", {})
    return rights


def git(folder: Path, *arguments: str) -> str:
    """Return what git said."""
    done = subprocess.run(
        ("git", *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"], **_GIT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclasses.dataclass(frozen=True)
class Product:
    """counterseal as its users get it: one commit with the files that are committed here."""

    folder: Path
    sha: str


def export(folder: Path, source: Path = ROOT) -> Product:
    """Commit what `git archive` gives of a repository's last commit: a file that nobody committed reaches nobody."""
    folder.mkdir(parents=True)
    archive = subprocess.check_output(("git", "archive", "--format=tar", "HEAD"), cwd=source)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="tar")
    return commit(folder)


def commit(folder: Path) -> Product:
    """Commit everything in a folder."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "counterseal")
    return Product(folder, git(folder, "rev-parse", "HEAD"))


@dataclasses.dataclass(frozen=True)
class Newcomer:
    """The newcomer's world, and act in it."""

    world: FlowWorld
    act: Act
    product: Product
    workflows: Mapping[str, str]
    folder: Path

    def clone(self, ref: str = "main") -> Path:
        """Return a fresh clone at a branch or tag."""
        target = Path(tempfile.mkdtemp(prefix="clone-", dir=self.folder))
        self.world.git("clone", "-q", "--branch", ref, self.world.clone_url, str(target), folder=self.folder)
        return target

    def start(self, workflow: str, job: str, **changes: Any) -> dict[str, str]:
        """Return the variables of a run of a job, with the permissions that its workflow gives it."""
        order: dict[str, Any] = {
            "repository": NAME,
            "workflow": f".github/workflows/{workflow}",
            "ref": "refs/heads/main",
            "event": "push",
            "actor": "bob",
            "permissions": permissions(self.workflows[workflow], job) if workflow in self.workflows else {},
        }
        return dict(self.world.client.run(**(order | changes)))

    def release(self, **changes: Any) -> Outcome:
        """Push the tag: build, SBOM, signatures, candidate."""
        run = self.start("release.yml", "candidate", ref=f"refs/tags/{TAG}", **changes)
        return self.act.run(self.clone(TAG), "push", run=run, workflow="release.yml")

    def promote(
        self, settings: Mapping[str, str] | None = None, during: Callable[[int], None] | None = None, **changes: Any
    ) -> Outcome:
        """Run the gate, as a merge or the schedule does."""
        run = self.start("promote.yml", "gate", **({"gateRevision": self.product.sha} | changes))
        event = str(changes.get("event", "push"))
        started = event if event in yaml.safe_load(self.workflows["promote.yml"])[True] else "push"
        clone = self.clone()
        return self.act.run(clone, started, run=run, workflow="promote.yml", settings=settings, during=during)

    def preview(self, number: int, change: Mapping[str, Any] | None = None, **changes: Any) -> Outcome:
        """Open, change or review a promotion request, of which the event says more than its number."""
        run = self.start("preview.yml", "preview", **({"event": "pull_request"} | changes))
        payload = {"number": number, "pull_request": {"number": number, **(change or {})}}
        return self.act.run(self.clone(), "pull_request", run=run, payload=payload, workflow="preview.yml")

    def custom(
        self, text: str, *, ref: str = "main", settings: Mapping[str, str] | None = None, **changes: Any
    ) -> Outcome:
        """Run a workflow that is none of the page's."""
        clone = self.clone(ref)
        if files := changes.pop("files", None):
            shutil.copytree(files, clone, dirs_exist_ok=True)
        (clone / ".github" / "workflows" / "custom.yml").write_text(text.replace("@SHA", f"@{self.product.sha}"))
        full = f"refs/tags/{ref}" if ref.startswith("v") else f"refs/heads/{ref}"
        run = self.start("custom.yml", "job", **({"ref": full} | changes))
        return self.act.run(clone, "push", run=run, workflow="custom.yml", settings=settings)


def one_step(verb: str, *, checkout: bool = False, **inputs: str) -> str:
    """Return a workflow whose one job calls one action from a foreign repository."""
    action = f"counterseal/counterseal/actions/{verb}@SHA"
    step: dict[str, Any] = {"uses": action, "with": {name.replace("_", "-"): value for name, value in inputs.items()}}
    # act fills the workspace at this step, with what is in the clone, and fetches nothing.
    before = [{"uses": f"actions/checkout@{'0' * 40}"}] if checkout else []
    job = {"runs-on": "ubuntu-24.04", "steps": [*before, step]}
    return yaml.safe_dump({"on": "push", "permissions": {}, "jobs": {"job": job}}, sort_keys=False)


def documented(verb: str) -> dict[str, str]:
    """Return the permissions that the page of an action names."""
    text = (ROOT / "actions" / verb / "action.yml").read_text()
    return {name: level for name, level, _ in action_pages.permissions(text)}


def with_candidate(world: FlowWorld, dist: Path) -> None:
    """Make the candidate without a runner, for tests of what comes later."""
    shutil.copytree(dist, world.checkout / "dist")
    worlds.sign(world)


@contextlib.contextmanager
def newcomer(folder: Path, program: Path, product: Product) -> Iterator[Newcomer]:
    """Give a newcomer's repository with the page's three workflows, tagged; nothing ran yet."""
    folder.mkdir(exist_ok=True)
    trust = folder / "trust.json"
    workflows = {name: with_trust(text, trust) for name, text in blocks(product.sha).items()}
    example = folder / "example"
    shutil.copytree(ROOT / "examples" / "app", example)
    target = example / ".github" / "workflows"
    target.mkdir(parents=True)
    for name, text in workflows.items():
        (target / name).write_text(text)
    (folder / "home").mkdir()
    (folder / "runs").mkdir()
    shell = Shell(f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}", folder / "home")
    with Sandbox(folder / "sandbox", released=(product.sha,)) as sandbox:
        demo = demo_world.make_world(shell, sandbox.url, folder, example)
        serve(sandbox, product)
        demo_world.write_json(trust, demo.client.trust())
        fields = {field.name: getattr(demo, field.name) for field in dataclasses.fields(demo)}
        yield Newcomer(FlowWorld(**fields, sandbox=sandbox), Act(program, folder / "runs"), product, workflows, folder)


def serve(sandbox: Sandbox, product: Product) -> str:
    """Put counterseal onto the sandbox's forge, and return the address of its repository."""
    client = SandboxClient(sandbox.url)
    # the next free number would be the first of the people's, who come later
    client.control("/users", login="counterseal", kind="Organization", id=9001)
    client.control("/repositories", owner="counterseal", name="counterseal")
    return push(sandbox, product, "refs/heads/main")


def push(sandbox: Sandbox, product: Product, ref: str) -> str:
    """Push one commit to counterseal's repository, and return its address."""
    owner: Any = SandboxClient(sandbox.url).control("/tokens", login="counterseal")
    url = f"{sandbox.url}/github/git/counterseal/counterseal.git"
    header = f"http.extraHeader=Authorization: Bearer {owner['token']}"
    git(product.folder, "-c", header, "push", "-q", url, f"HEAD:{ref}")
    return url
