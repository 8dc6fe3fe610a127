"""The demo's bad hour: one person stops a stage and takes a release back, two others let on again."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.attacks import said
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.demo.world import expect, write_json

if TYPE_CHECKING:
    from concurrent.futures import Future

    from counterseal_sandbox.demo.shell import ProcessResult
    from counterseal_sandbox.demo.world import World
    from counterseal_sandbox.forge.repository import AskedRun, HostedRepository

#: Of the entry that is printed, what the story goes on with.
_TOLD = re.compile(r"\s+(target|reason|by)\s")
_ENTRY = re.compile(r"\(entry (\d+)\)")


class BadHour:
    """What a listed person does at once with one command, and what it takes to undo it.

    Args:
        world: Where it plays.
        repository: The project, as the forge knows it: what people start there, this runs.
    """

    def __init__(self, world: World, repository: HostedRepository) -> None:
        self.world = world
        self._repository = repository
        self._entry = ""

    def hold(self) -> list[str]:
        """Let carol hold production."""
        reason = "a build machine may have been broken into"
        lines = self._start("carol", "hold", "--stage", "production", "--reason", reason)
        found = _ENTRY.search(lines[0])
        expect(found is not None, "the hold has an entry", "\n".join(lines))
        self._entry = found[1] if found else ""
        return lines

    def resume(self) -> list[str]:
        """Let bob ask for the hold's end, alice and dora agree, and the gate end it."""
        world = self.world
        number = world.asks("--kind", "resume", "--entry", self._entry, "--reason", "it was another machine")
        for login in ("alice", "dora"):
            world.review(login, number)
        world.merge("bob", number)
        result = world.counterseal("gate", environment=world.gate_run())
        expect("1 hold is ended" in result.output, "the end of the hold", result.output)
        return said(result)

    def revoke(self) -> list[str]:
        """Let dora take the release back."""
        return self._start("dora", "revoke", "--tag", TAG, "--reason", "it deletes files of users, see #61")

    def _start(self, login: str, *arguments: str) -> list[str]:
        """Let a person start the gate, which runs meanwhile; return what they are told when its entry is there."""
        before = set(self._repository.asked)
        with ThreadPoolExecutor(1) as pool:
            waits = pool.submit(self.world.counterseal, *arguments, environment=self.world.person(login))
            self._play(self._asked(before, waits), login)
            lines = said(waits.result())
        entry = next(number for number, line in enumerate(lines) if line.startswith("entry "))
        return [*lines[:entry], *(line for line in lines[entry:] if _TOLD.match(line))]

    def _asked(self, before: set[int], waits: Future[ProcessResult]) -> AskedRun:
        """Return the run that was asked for, as soon as it is."""
        while not (new := set(self._repository.asked) - before):
            if waits.done():
                expect(fact=False, what="the gate was started", seen=waits.result().output)
            time.sleep(0.02)
        return self._repository.asked[new.pop()]

    def _play(self, asked: AskedRun, login: str) -> None:
        """Run the gate as the forge would: told by the event at GitHub, by its options at GitLab."""
        environment = dict(self.world.site.started_run(login, asked.id))
        told: list[str] = []
        if self.world.site.place.kind is ForgeKind.GITHUB:
            event = self.world.folder / f"event-{asked.id}.json"
            write_json(event, {"inputs": dict(asked.inputs), "ref": asked.ref})
            environment["GITHUB_EVENT_PATH"] = str(event)
        else:
            told = [word for name, value in asked.inputs.items() if value for word in (f"--{name}", value)]
        done = self.world.try_counterseal("gate", *told, environment=environment)
        asked.status = "success" if done.exit_code == 0 else self.world.site.failed
        expect(done.exit_code == 0, f"the gate that {login} started", done.output + done.errors)
