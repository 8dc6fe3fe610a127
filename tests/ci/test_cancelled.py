"""A run that is cancelled in the middle: the next one finishes what it began, and does nothing twice.

GitHub sends SIGINT to the entry process of the step and to nothing else, and kills after ten seconds. act kills at
once. Both are done here, at the two places where it matters: while a decision is recorded, and while it is published.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.ci import newcomer
from tests.ci.test_refusals import GATE
from tests.ci.test_story import decisions
from tests.flow import stories, worlds
from tests.flow.interruptions import PATIENCE, POINTS, decided, held, until

from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.ci.act import Outcome
    from tests.ci.newcomer import Newcomer, Product

pytestmark = [pytest.mark.slow, pytest.mark.act]


@pytest.fixture(scope="module")
def ready(
    tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], Path], product: Product
) -> Iterator[Newcomer]:
    """A newcomer with a candidate and entry 0 of the ledger."""
    dist = worlds.build(tmp_path_factory.mktemp("build"))
    with newcomer.newcomer(tmp_path_factory.mktemp("newcomer"), tool("act"), product) as found:
        newcomer.with_candidate(found.world, dist)
        found.world.gate(gateRevision=product.sha)
        yield found


def test_cancelled_runs_are_swept_up(ready: Newcomer, tmp_path: Path) -> None:
    """One test, because production stands on staging."""
    while_it_records(ready, tmp_path / "staging")
    while_it_publishes(ready, tmp_path / "production")


def while_it_records(here: Newcomer, folder: Path) -> None:
    """What is signed already gets in, since nobody may throw a signed decision away; then the process ends."""
    asked = merged(here, "staging", "alice")
    with held(here.world, POINTS["push"](here.world)) as hold:

        def interrupt(act: int) -> None:
            assert hold.reached.wait(PATIENCE)
            os.kill(entry_process(act), signal.SIGINT)
            hold.go.set()

        cancelled = here.promote(during=interrupt)
    assert cancelled.jobs == {"gate": "failure"}, cancelled.text
    assert "Traceback" not in cancelled.text
    assert cancelled.outputs("gate").get("published") in (None, "", "[]")
    assert decided(here.world, folder / "cancelled") == [(asked, "allow")]
    swept = sweep(here)
    assert decisions(swept) == [("staging", "allow", 1)]
    assert decided(here.world, folder / "swept") == [(asked, "allow")]


def while_it_publishes(here: Newcomer, folder: Path) -> None:
    """The decision is recorded, the release is half made: the next run makes it whole."""
    asked = merged(here, "production", "alice", "dora")
    with held(here.world, here.world.hands.upload_of("ledger-proof.json")) as hold:

        def kill(act: int) -> None:
            assert hold.reached.wait(PATIENCE)
            gate = entry_process(act)
            os.kill(act, signal.SIGTERM)
            until(lambda: not running(gate), "the gate outlived its runner")
            hold.answer = lambda _: Response(503, b"gone\n")

        cancelled = here.promote(during=kill)
    assert cancelled.jobs != {"gate": "success"}, cancelled.text
    assert here.world.release()["draft"]
    before = here.world.ledger_tips()
    assert decided(here.world, folder / "cancelled")[0] == (asked, "allow")
    swept = sweep(here)
    assert decisions(swept) == [("production", "allow", 3)], "after the audit of the first sweep"
    assert swept.outputs("gate")["published"] == f'["{TAG}"]'
    assert not here.world.release()["draft"]
    assert decided(here.world, folder / "swept")[0] == (asked, "allow")
    assert here.world.ledger_tips() == before, "the publication was an entry already, and is none again"


def merged(here: Newcomer, stage: str, *people: str) -> str:
    """Return the path of a request that was approved and merged."""
    asked = stories.ask(here.world, stage)
    stories.approve_and_merge(here.world, asked, *people)
    return asked.path


def sweep(here: Newcomer) -> Outcome:
    """Return what the next scheduled run came to; it has what gates use today, and nothing reads `actions`."""
    permissions = {name: level for name, level in GATE.items() if name != "actions"}
    outcome = here.promote(event="schedule", permissions=permissions)
    assert set(outcome.jobs.values()) == {"success"}, outcome.text
    return outcome


def entry_process(act: int) -> int:
    """Return the child of act that runs the step: every layer replaces itself by the next, so it is the gate itself."""
    found = [each for each in processes() if each["parent"] == act and "-m counterseal gate" in each["command"]]
    assert len(found) == 1, list(processes())
    return int(found[0]["id"])


def running(process: int) -> bool:
    return any(each["id"] == process for each in processes())


def processes() -> Iterator[dict[str, Any]]:
    """Yield id, parent and command of every process that is not dead."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = dict(
                line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line
            )
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if command and not status["State"].startswith("Z"):
                yield {"id": int(folder.name), "parent": int(status["PPid"]), "command": command}
