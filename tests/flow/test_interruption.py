"""Runs that end in the middle: killed, interrupted, raced, cut off. The next run finishes what they began, once."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.flow import faults, stories
from tests.flow.interruptions import PATIENCE, POINTS, decided, ended, held, merged, process, until

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF, NOTES_REF
from counterseal_sandbox.http import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.interruptions import Held
    from tests.flow.worlds import FlowWorld


pytestmark = [pytest.mark.slow(seconds=3), pytest.mark.forges(*ForgeKind)]


@pytest.fixture
def ready(shared: FlowWorld) -> FlowWorld:
    """The shared world with entry 0, so that the first push of a run is that of its decision."""
    if not shared.ledger_tips():
        shared.gate()
    return shared


def at(world: FlowWorld, point: str) -> contextlib.AbstractContextManager[Held]:
    """Hold a gate at a point: what is asked of git before the signature is none."""
    return held(world, POINTS[point](world), since="" if point == "before-signing" else faults.FULCIO)


# --- killed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "arrives"),
    [("before-signing", False), ("between-signing-and-push", True), ("push", True), ("push", False)],
)
def test_a_gate_killed_while_it_records(ready: FlowWorld, tmp_path: Path, point: str, arrives: bool) -> None:
    """kill -9; what is under way to the server then arrives late, or never. Git outlives us: it pushes on its own."""
    path, before = merged(ready), faults.refs(ready)
    with at(ready, point) as hold, process(ready, "gate", environment=ready.run()) as started:
        assert hold.reached.wait(PATIENCE)
        assert faults.refs(ready) == before
        started.kill()
        started.wait(PATIENCE)
        if not arrives:
            hold.answer = lambda _: Response(503, b"gone\n")
        hold.go.set()
        if arrives and point != "before-signing":
            until(lambda: faults.refs(ready) != before, "the push of the orphaned git did not arrive")
    result = ready.gate("--request", path)
    assert [each["outcome"] for each in result["decisions"]] == ["allow"]
    assert result["decisions"][0]["fresh"] == (not arrives or point == "before-signing")
    assert (path, "allow") in decided(ready, tmp_path)


@pytest.mark.forges(ForgeKind.GITHUB)
@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
def test_a_gate_killed_in_the_middle_of_the_push(ready: FlowWorld, tmp_path: Path, hook: str) -> None:
    path, before = merged(ready), faults.refs(ready)
    with slow_hook(ready, hook) as (reached, go):
        with process(ready, "gate", environment=ready.run()) as started:
            until(reached.exists, "the server never ran the hook")
            assert (faults.refs(ready) == before) == (hook == "pre-receive")
            started.kill()
            started.wait(PATIENCE)
        go.touch()
        until(lambda: faults.refs(ready) != before, "the server did not finish the push")
    result = ready.gate("--request", path)
    assert [(each["outcome"], each["fresh"]) for each in result["decisions"]] == [("allow", False)]
    assert (path, "allow") in decided(ready, tmp_path)


@contextlib.contextmanager
def slow_hook(world: FlowWorld, name: str) -> Iterator[tuple[Path, Path]]:
    """Let the server's hook touch the first file and wait for the second."""
    git = stories.hosted(world).git.path
    hook, reached, go = git / "hooks" / name, git / f"{name}-reached", git / f"{name}-go"
    hook.write_text(f"#!/bin/sh\ntouch '{reached}'\nwhile [ ! -e '{go}' ]; do sleep 0.02; done\n")
    hook.chmod(0o755)
    try:
        yield reached, go
    finally:
        go.touch()  # and stays: the hook may not have seen it yet
        hook.unlink()


# --- interrupted --------------------------------------------------------------------------------


@pytest.mark.forges(ForgeKind.GITHUB)
@pytest.mark.parametrize(
    ("point", "number"),
    [
        ("before-signing", signal.SIGTERM),
        ("between-signing-and-push", signal.SIGINT),
        ("push", signal.SIGINT),
        ("push", signal.SIGTERM),
    ],
)
def test_a_signal_while_a_gate_records(ready: FlowWorld, tmp_path: Path, point: str, number: signal.Signals) -> None:
    """Once the signature was asked for, the push comes first, then the signal does its work."""
    path, before = merged(ready), faults.refs(ready)
    with at(ready, point) as hold, process(ready, "gate", environment=ready.run()) as started:
        assert hold.reached.wait(PATIENCE)
        started.send_signal(number)
        time.sleep(0.2)
        hold.go.set()
        code, text = ended(started)
    assert code == (130 if number is signal.SIGINT else -signal.SIGTERM), text
    assert number is not signal.SIGINT or "interrupted" in text
    moved = faults.refs(ready) != before
    found = decided(ready, tmp_path / "before")
    assert ((path, "allow") in found) == moved
    assert moved, "a signed decision was not pushed"
    result = ready.gate("--request", path)
    assert [(each["outcome"], each["fresh"]) for each in result["decisions"]] == [("allow", False)]


@pytest.mark.forges(ForgeKind.GITHUB)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_before_the_decision(ready: FlowWorld, number: signal.Signals) -> None:
    path, before = merged(ready), faults.refs(ready)
    with held(ready, ready.hands.reading()) as hold, process(ready, "gate", environment=ready.run()) as started:
        assert hold.reached.wait(PATIENCE)
        started.send_signal(number)
        hold.go.set()
        code, text = ended(started)
    assert code == (130 if number is signal.SIGINT else -signal.SIGTERM), text
    assert faults.refs(ready) == before
    assert ready.gate("--request", path)["decisions"][0]["fresh"]


# --- raced, cut off, rewound -------------------------------------------------------------------


def test_two_gates_at_once_record_one_decision(ready: FlowWorld, tmp_path: Path) -> None:
    path = merged(ready)
    run = ("gate", "--format", "json", "--request", path)
    with held(ready, POINTS["push"](ready)) as hold, process(ready, *run, environment=ready.run()) as slower:
        assert hold.reached.wait(PATIENCE)
        faster = ready.gate("--request", path)
        hold.go.set()
        code, text = ended(slower)
    assert code == 0, text
    other = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert [each["fresh"] for each in (*faster["decisions"], *other["decisions"])] == [True, False]
    assert faster["decisions"][0]["bundle"] == other["decisions"][0]["bundle"]
    assert (path, "allow") in decided(ready, tmp_path)


def test_a_lost_answer_to_a_push_is_no_failure(ready: FlowWorld, tmp_path: Path) -> None:
    path = merged(ready)

    def lose(request: Request) -> Response:
        ready.sandbox.server._handlers[ready.hands.git](request)
        return Response(502, b"bad gateway\n")

    with faults.fault(ready, lose, *POINTS["push"](ready), times=1):
        result = ready.gate("--request", path)
    assert [(each["outcome"], each["fresh"]) for each in result["decisions"]] == [("allow", True)]
    assert (path, "allow") in decided(ready, tmp_path)


def test_a_push_that_the_server_never_answers_well(ready: FlowWorld) -> None:
    path = merged(ready)
    with faults.fault(ready, Response(403, b"no\n"), *POINTS["push"](ready)):
        error = faults.refused(ready, 1, "the push of the ledger failed")
    assert ("permissions: contents: write" if ready.kind is ForgeKind.GITHUB else "Allow Git push requests") in error
    assert ready.gate("--request", path)["decisions"][0]["fresh"]


def test_a_force_pushed_ledger_is_not_signed_on(ready: FlowWorld) -> None:
    path, tip, main = merged(ready), faults.refs(ready)[LEDGER_REF], ready.git("rev-parse", "origin/main")
    stories.move(ready, LEDGER_REF, main)
    error = faults.refused(ready, 11, f"commit {main[:12]} of the ledger's branch is not an entry")
    assert "restore the branch counterseal-ledger" in error
    stories.move(ready, LEDGER_REF, tip)
    assert ready.gate("--request", path)["decisions"][0]["fresh"]


@pytest.mark.parametrize("garbage", [True, False], ids=["garbage", "nothing"])
def test_a_force_pushed_notes_ref_stops_no_gate(ready: FlowWorld, *, garbage: bool) -> None:
    path = merged(ready)
    stories.move(ready, NOTES_REF, ready.git("rev-parse", "origin/main") if garbage else None)
    assert ready.gate("--request", path)["decisions"][0]["fresh"]
    refs = faults.refs(ready)
    assert refs[NOTES_REF] == refs[LEDGER_REF]
