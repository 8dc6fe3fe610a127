"""A world for flow tests: the demo's, driven in this process, so that a test pays no imports."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.flow.github_hands import GitHubHands
from tests.flow.gitlab_hands import GitLabHands

from counterseal.cli.main import main
from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal_sandbox.demo import world as demo_world
from counterseal_sandbox.demo.shell import ProcessResult, Shell
from counterseal_sandbox.demo.site import NAME, TAG
from counterseal_sandbox.demo.world import EPOCH, World
from counterseal_sandbox.keys import Keys
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.flow.hands import Hands

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "app"
SUBJECTS = ("dist/app-1.2.0-py3-none-any.whl", "dist/app-1.2.0.tar.gz")


@dataclasses.dataclass(frozen=True, slots=True)
class FlowWorld(World):
    """The demo's world with the command line in this process, and the sandbox itself within reach."""

    sandbox: Sandbox

    @property
    def kind(self) -> ForgeKind:
        """Return at which forge it is."""
        return self.site.place.kind

    @property
    def hands(self) -> Hands:
        """Return what is done there in the forge's own way."""
        hands = GitLabHands if self.kind is ForgeKind.GITLAB else GitHubHands
        return hands(self, self.sandbox)

    def cli(
        self, *arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> ProcessResult:
        """Return what the command line said, whatever its exit code."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(folder or self.checkout),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(arguments, dict(environment or {}))
        return ProcessResult(code, out.getvalue(), err.getvalue(), 0.0)

    def counterseal(
        self, *arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None, code: int = 0
    ) -> ProcessResult:
        """Return what the command line said after checking its exit code, and that no traceback is in it."""
        result = self.cli(*arguments, environment=environment, folder=folder)
        assert result.exit_code == code, f"{arguments}: {result.exit_code}\n{result.output}\n{result.errors}"
        assert "Traceback" not in result.output + result.errors
        return result

    def request(self, stage: str = "staging", reason: str = "because", *more: str, code: int = 0) -> int:
        """Open a promotion request as bob and return its number."""
        arguments = ("request", "--stage", stage, "--tag", TAG, "--reason", reason, "--format", "json", *more)
        result = self.counterseal(*arguments, environment=self.person("bob"), code=code)
        return int(json.loads(result.output)["number"]) if code == 0 else 0

    def run(self, **changes: Any) -> dict[str, str]:
        """Return the environment of a gate run, with some of the order changed."""
        return self.hands.run(**changes)

    def review(self, login: str, number: int, event: str = "APPROVE") -> None:
        """Let a person review a change request at its head, or ask for changes."""
        if event == "REQUEST_CHANGES":
            self.hands.objects(login, number)
        else:
            self.site.review(self.people[login], number, event)

    def gate(self, *arguments: str, code: int = 0, environment: Mapping[str, str] | None = None, **changes: Any) -> Any:
        """Run the gate and return its JSON result (None if it ended without one)."""
        result = self.counterseal(
            "gate", "--format", "json", *arguments, environment=environment or self.run(**changes), code=code
        )
        told = json.loads(result.output)
        return result.errors if told["schema"] == "counterseal.error/v1" else told

    def findings(self, result: Any, number: int = -1) -> dict[str, Any]:
        """Return the findings of a decision in a gate's result, by rule."""
        decision = result["decisions"][number]["decision"]
        return {finding["rule"]: finding for finding in decision["findings"]}

    def ledger_tips(self) -> dict[str, str]:
        """Return the tips of notes ref and branch at the forge."""
        refs = self.sandbox.forge.repository(NAME).git.refs()
        return {ref: refs[ref] for ref in (NOTES_REF, LEDGER_REF) if ref in refs}

    def release(self) -> Any:
        """Return GitHub's release of the tag, a draft too, as a maintainer sees it."""
        return GitHubHands(self, self.sandbox).release()

    def asset(self, name: str) -> Any:
        """Return an asset of GitHub's release."""
        return next(asset for asset in self.release()["assets"] if asset["name"] == name)


def build(folder: Path) -> Path:
    """Build the example's wheel and sdist once, and return the folder with them."""
    project = folder / "project"
    shutil.copytree(EXAMPLE, project)
    shell = Shell(_path(), folder)
    result = shell.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist")],
        folder=project,
        environment={"SOURCE_DATE_EPOCH": EPOCH},
    )
    assert result.exit_code == 0, result.output + result.errors
    return folder / "dist"


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


@functools.cache
def _keys() -> Keys:
    """Return the keys of all worlds of this process: no test has two worlds, and none looks for keys of another."""
    return Keys.generate()


@contextlib.contextmanager
def world(folder: Path, dist: Path, kind: ForgeKind = ForgeKind.GITHUB) -> Iterator[FlowWorld]:
    """Give a world in which the tag is built, but nothing is signed."""
    home = folder / "home"
    home.mkdir(parents=True)
    with Sandbox(folder / "sandbox", keys=_keys()) as sandbox:
        demo = demo_world.make_world(Shell(_path(), home), sandbox.url, folder, EXAMPLE, kind)
        shutil.copytree(dist, demo.checkout / "dist")
        fields = {field.name: getattr(demo, field.name) for field in dataclasses.fields(demo)}
        yield FlowWorld(**fields, sandbox=sandbox)


def sign(flow_world: FlowWorld) -> None:
    """Make SBOM, signatures and candidate."""
    environment = {**flow_world.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
    for verb in ("sbom", "sign", "candidate"):
        flow_world.counterseal(verb, *SUBJECTS, environment=environment)
