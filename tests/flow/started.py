"""Runs of the gate that people start with `hold` and `revoke`: what the forge would run, played by hand."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.flow.worlds import FlowWorld

from counterseal.cli.verbs.gate import INPUTS
from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.demo.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal_sandbox.demo.shell import ProcessResult
    from counterseal_sandbox.forge.repository import AskedRun, HostedRepository

_GIVEN = "".join(f'      {name}: {{default: ""}}\n' for name in INPUTS)
FILES = {
    ForgeKind.GITHUB: (
        ".github/workflows/promote.yml",
        (
            f"on:\n  push:\n  workflow_dispatch:\n    inputs:\n{_GIVEN}"
            f"jobs:\n  gate: {{uses: counterseal/counterseal/.github/workflows/gate.yml@{'5ea1' * 10}}}\n"
        ),
    ),
    ForgeKind.GITLAB: (
        ".gitlab-ci.yml",
        "spec:\n  inputs:\n" + _GIVEN.replace("      ", "    ") + "---\ninclude: []\n",
    ),
}


@dataclass(frozen=True)
class Starts:
    """A world whose gate people can start; `folder` is for what runs are told."""

    world: FlowWorld
    folder: Path

    @property
    def repository(self) -> HostedRepository:
        return self.world.sandbox.forge.repository(NAME)

    def put(self, text: str | None = None) -> None:
        """Bring the gate's file, here with what it takes, to the branch and the clone."""
        path, usual = FILES[self.world.kind]
        alice = self.world.sandbox.forge.account("alice")
        self.repository.write_file("main", path, (usual if text is None else text).encode(), alice)
        self.world.git("fetch", "-q", "origin", "main")
        self.world.git("switch", "-q", "main")
        self.world.git("reset", "-q", "--hard", "origin/main")

    def says(self, login: str, *arguments: str, code: int = 0) -> ProcessResult:
        """Return what the command line says to a person at once."""
        return self.world.counterseal(*arguments, environment=self.world.person(login), code=code)

    @contextmanager
    def waiting(self, login: str, *arguments: str, code: int = 0) -> Iterator[Future[ProcessResult]]:
        """Let the command line wait in a process of its own."""
        with ThreadPoolExecutor(1) as pool:
            environment = self.world.person(login)
            yield pool.submit(lambda: World.counterseal(self.world, *arguments, environment=environment, code=code))

    def asked(self, after: int = 0) -> AskedRun:
        """Return the run that was asked for last, as soon as there is a newer one than `after`."""
        for _ in range(400):
            if self.repository.asked and (newest := max(self.repository.asked)) > after:
                return self.repository.asked[newest]
            time.sleep(0.05)
        raise AssertionError("nobody asked for a run")

    def play(self, asked: AskedRun, *, code: int = 0, **changes: Any) -> Any:
        """Run the gate as the forge would for what was asked; return its JSON."""
        asked.status = "in_progress" if self.world.kind is ForgeKind.GITHUB else "running"
        account = self.world.sandbox.forge.accounts.by_id(asked.account)
        assert account
        if self.world.kind is ForgeKind.GITHUB:
            event = self.folder / f"{asked.id}.json"
            event.write_text(json.dumps({"inputs": dict(asked.inputs), "ref": asked.ref}), encoding="utf-8")
            told: list[str] = []
            order = {"event": "workflow_dispatch", "actor": account.login, "runId": asked.id, **changes}
            environment = {**self.world.run(**order), "GITHUB_EVENT_PATH": str(event)}
        else:
            told = [word for name in INPUTS if asked.inputs[name] for word in (f"--{name}", asked.inputs[name])]
            environment = self.world.run(source="api", actor=account.login, pipelineId=asked.id, **changes)
        result = self.world.counterseal("gate", "--format", "json", *told, environment=environment, code=code)
        failed = "failure" if self.world.kind is ForgeKind.GITHUB else "failed"
        asked.status = "success" if code == 0 else failed
        return json.loads(result.output)
