"""Runs that somebody starts to stop or take something back, at both forges; and time that passes for everybody."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from counterseal.adapters.local.clock import SystemClock
from counterseal.forges import ForgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest
    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.demo.shell import ProcessResult

WHY = "a build machine was broken into"
#: What a run is called that somebody starts on a page.
BY_HAND = {ForgeKind.GITHUB: "workflow_dispatch", ForgeKind.GITLAB: "web"}


def started(
    world: FlowWorld, inputs: Mapping[str, str], by: str = "carol", event: str = "", **changes: Any
) -> dict[str, str]:
    """Return the environment of a run, or a pipeline's job, that somebody started with inputs."""
    environment = world.run(event=event or BY_HAND[world.kind], actor=by, **changes)
    if world.kind is ForgeKind.GITLAB:
        return environment | {f"COUNTERSEAL_{name.upper()}": value for name, value in inputs.items()}
    path = world.folder / f"event-{environment['GITHUB_RUN_ID']}.json"
    path.write_text(json.dumps({"inputs": dict(inputs), "ref": environment["GITHUB_REF"]}))
    return environment | {"GITHUB_EVENT_PATH": str(path)}


def hold(stage: str = "staging", **more: str) -> dict[str, str]:
    """Return the inputs of a hold."""
    return {"action": "hold", "stage": stage, "reason": WHY, **more}


def revoke(target: str) -> dict[str, str]:
    """Return the inputs of a revocation."""
    return {"action": "revoke", "target": target, "reason": WHY}


def stop(world: FlowWorld, environment: Mapping[str, str]) -> Any:
    """Run what somebody started, and return what it recorded."""
    return json.loads(world.counterseal("gate", "--format", "json", environment=environment).output)


def refused(world: FlowWorld, environment: Mapping[str, str], says: str, *, code: int = 2) -> ProcessResult:
    """Check that a run ends with a reason, and that nothing was recorded."""
    before = world.ledger_tips()
    result = world.counterseal("gate", environment=environment, code=code)
    assert says in result.errors, result.errors
    assert "  why: " in result.errors
    assert "  fix: " in result.errors
    assert world.ledger_tips() == before
    return result


@contextmanager
def hours_later(world: FlowWorld, monkeypatch: pytest.MonkeyPatch, hours: float) -> Iterator[None]:
    """Let the clocks of forge, certificates, timestamps and gates be some hours ahead."""

    def now(_: object = None) -> datetime:
        return datetime.now(UTC) + timedelta(hours=hours)

    with monkeypatch.context() as patch:
        patch.setattr(world.sandbox.forge, "clock", now)
        patch.setattr(world.sandbox.keyless, "clock", now)
        patch.setattr(SystemClock, "now", now)
        yield
