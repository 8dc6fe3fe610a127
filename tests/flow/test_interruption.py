"""Runs that end in the middle: killed, interrupted, raced, cut off. The next run finishes what they began, once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults, stories
from tests.flow.worlds import SUBJECTS

from counterseal.commands.demo_site import TAG
from counterseal.commands.demo_world import EPOCH
from counterseal.identifiers import MIRROR_REF, NOTES_REF
from counterseal.sandbox.http import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.worlds import FlowWorld


pytestmark = pytest.mark.slow

PATIENCE = 60.0
PUSH = (faults.GIT, r"/git-receive-pack", "POST")
#: Where a run can be held: name → (service, path, method).
POINTS = {
    "before-signing": (faults.FULCIO, "", "POST"),
    "between-signing-and-push": (faults.GIT, r"info/refs\?service=git-receive-pack", "GET"),
    "push": PUSH,
}
PUBLICATION = {
    "last-upload": (faults.UPLOADS, r"name=SHA256SUMS", "POST"),
    "proof": (faults.UPLOADS, r"name=ledger-proof\.json", "POST"),
    "publish": (faults.FORGE, r"/releases/\d+", "PATCH"),
}


@dataclass(slots=True)
class Held:
    """A call that does not get its answer before `release`."""

    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    answer: Callable[[Request], Response | None] = field(default=lambda _: None)

    def __call__(self, request: Request) -> Response | None:
        self.reached.set()
        self.go.wait(PATIENCE)
        return self.answer(request)


@contextlib.contextmanager
def held(world: FlowWorld, point: tuple[str, str, str], *, after: int = 0) -> Iterator[Held]:
    """Hold one call at a point."""
    hold = Held()
    with faults.fault(world, hold, *point, after=after, times=1):
        try:
            yield hold
        finally:
            hold.go.set()


@contextlib.contextmanager
def process(world: FlowWorld, *arguments: str, environment: Any) -> Iterator[subprocess.Popen[str]]:
    """Start the command line as a process of its own, that does not outlive the block."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(world.folder / "home"), **environment}
    command = [sys.executable, "-I", "-m", "counterseal", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=world.checkout, env=variables, stdout=pipe, stderr=pipe, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def ended(started: subprocess.Popen[str]) -> tuple[int, str]:
    """Return exit code and output of a process that ends by itself."""
    out, err = started.communicate(timeout=PATIENCE)
    assert "Traceback" not in out + err, err
    return started.returncode, out + err


def until(fact: Callable[[], object], what: str) -> None:
    """Wait for something that happens in another process."""
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def merged(world: FlowWorld, stage: str = "staging") -> str:
    """Return the path of a request that has its approvals and waits for its decision."""
    asked = stories.ask(world, stage)
    stories.approve_and_merge(world, asked, "alice", *(["dora"] if stage == "production" else []))
    return asked.path


def recorded(world: FlowWorld, folder: Path) -> list[tuple[str, str]]:
    """Return request and outcome of every decision in the ledger, verified as a whole, and that none is there twice."""
    rows = stories.log(world, folder).values()
    found = [(each["decision"]["request"]["file"], each["decision"]["outcome"]) for each in rows]
    assert len({path for path, _ in found}) == len(found), "a request was decided twice"
    return found


@pytest.fixture
def ready(shared: FlowWorld) -> FlowWorld:
    """The shared world with entry 0, so that the first push of a run is that of its decision."""
    if not shared.ledger_tips():
        shared.gate()
    return shared


# --- killed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "arrives"),
    [("before-signing", False), ("between-signing-and-push", True), ("push", True), ("push", False)],
)
def test_a_gate_killed_while_it_records(ready: FlowWorld, tmp_path: Path, point: str, arrives: bool) -> None:
    """kill -9; what is under way to the server then arrives late, or never. Git outlives us: it pushes on its own."""
    path, before = merged(ready), faults.refs(ready)
    with held(ready, POINTS[point]) as hold, process(ready, "gate", environment=ready.run()) as started:
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
    assert (path, "allow") in recorded(ready, tmp_path)


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
    assert (path, "allow") in recorded(ready, tmp_path)


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


@pytest.mark.parametrize("point", ["after-the-push", *PUBLICATION])
def test_a_gate_killed_while_it_publishes(fresh: FlowWorld, tmp_path: Path, point: str) -> None:
    stories.allow_staging(fresh)
    path = merged(fresh, "production")
    # releases are listed once before the decision, for the newest proof; then for what waits to be published
    listing = (faults.FORGE, r"/releases\?", "GET")
    with held(fresh, PUBLICATION.get(point, listing), after=0 if point in PUBLICATION else 1) as hold:
        with process(fresh, "gate", environment=fresh.run()) as started:
            assert hold.reached.wait(PATIENCE)
            started.kill()
            started.wait(PATIENCE)
        hold.answer = lambda _: Response(503, b"gone\n")
    assert fresh.release()["draft"]
    assert (path, "allow") in recorded(fresh, tmp_path / "before")
    result = fresh.gate()
    assert [each["tag"] for each in result["published"]] == [TAG]
    assert_released(fresh)
    assert recorded(fresh, tmp_path / "after").count((path, "allow")) == 1


def assert_released(world: FlowWorld) -> None:
    """Check that the release is public and whole, as SHA256SUMS in it says."""
    release = world.release()
    assert not release["draft"]
    digests = {each["name"]: each["digest"] for each in release["assets"]}
    assert {each["state"] for each in release["assets"]} == {"uploaded"}
    sums = world.hands.read("SHA256SUMS").decode().splitlines()
    listed = {name: f"sha256:{digest}" for digest, _, name in (line.partition("  ") for line in sums)}
    rest = set(digests) - set(listed)
    assert rest == {"SHA256SUMS", "ledger-proof.json"}
    assert {name: digests[name] for name in listed} == listed
    wanted = {"manifest.json", "sbom.cdx.json", "counterseal.intoto.jsonl", "build.intoto.jsonl", "evidence.json"}
    assert wanted < set(listed)


def test_an_upload_of_the_publication_that_stays_a_starter(fresh: FlowWorld) -> None:
    stories.allow_staging(fresh)
    merged(fresh, "production")
    repository, account = stories.hosted(fresh), fresh.sandbox.forge.account("bob")

    def break_off(_: Request) -> Response:
        with fresh.sandbox.forge.lock:
            release = repository.releases.get(fresh_id)
            if all(each.name != "counterseal.intoto.jsonl" for each in release.assets):
                repository.releases.leave_starter(release, account, "counterseal.intoto.jsonl")
        return Response(502, b"upload broken off\n")

    fresh_id = fresh.release()["id"]
    with faults.impatient(5.0), faults.fault(fresh, break_off, faults.UPLOADS, r"name=counterseal\.intoto"):
        faults.told(fresh.cli("gate", environment=fresh.run()), 1, r"counterseal\.intoto\.jsonl of v1\.2\.0")
    assert fresh.gate()["published"][0]["tag"] == TAG
    assert_released(fresh)


# --- interrupted --------------------------------------------------------------------------------


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
    with held(ready, POINTS[point]) as hold, process(ready, "gate", environment=ready.run()) as started:
        assert hold.reached.wait(PATIENCE)
        started.send_signal(number)
        time.sleep(0.2)
        hold.go.set()
        code, text = ended(started)
    assert code == (130 if number is signal.SIGINT else -signal.SIGTERM), text
    assert number is not signal.SIGINT or "interrupted" in text
    moved = faults.refs(ready) != before
    found = recorded(ready, tmp_path / "before")
    assert ((path, "allow") in found) == moved
    assert moved, "a signed decision was not pushed"
    result = ready.gate("--request", path)
    assert [(each["outcome"], each["fresh"]) for each in result["decisions"]] == [("allow", False)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_before_the_decision(ready: FlowWorld, number: signal.Signals) -> None:
    path, before = merged(ready), faults.refs(ready)
    reading = (faults.FORGE, r"/reviews", "GET")
    with held(ready, reading) as hold, process(ready, "gate", environment=ready.run()) as started:
        assert hold.reached.wait(PATIENCE)
        started.send_signal(number)
        hold.go.set()
        code, text = ended(started)
    assert code == (130 if number is signal.SIGINT else -signal.SIGTERM), text
    assert faults.refs(ready) == before
    assert ready.gate("--request", path)["decisions"][0]["fresh"]


def test_a_signal_while_a_gate_publishes(fresh: FlowWorld) -> None:
    stories.allow_staging(fresh)
    merged(fresh, "production")
    with held(fresh, PUBLICATION["last-upload"]) as hold, process(fresh, "gate", environment=fresh.run()) as started:
        assert hold.reached.wait(PATIENCE)
        started.send_signal(signal.SIGINT)
        hold.go.set()
        code, text = ended(started)
    assert code == 130, text
    assert fresh.release()["draft"]
    assert fresh.gate()["published"][0]["tag"] == TAG
    assert_released(fresh)


# --- raced, cut off, rewound -------------------------------------------------------------------


def test_two_gates_at_once_record_one_decision(ready: FlowWorld, tmp_path: Path) -> None:
    path = merged(ready)
    run = ("gate", "--format", "json", "--request", path)
    with held(ready, PUSH) as hold, process(ready, *run, environment=ready.run()) as slower:
        assert hold.reached.wait(PATIENCE)
        faster = ready.gate("--request", path)
        hold.go.set()
        code, text = ended(slower)
    assert code == 0, text
    other = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert [each["fresh"] for each in (*faster["decisions"], *other["decisions"])] == [True, False]
    assert faster["decisions"][0]["bundle"] == other["decisions"][0]["bundle"]
    assert (path, "allow") in recorded(ready, tmp_path)


def test_a_lost_answer_to_a_push_is_no_failure(ready: FlowWorld, tmp_path: Path) -> None:
    path = merged(ready)

    def lose(request: Request) -> Response:
        ready.sandbox.server._handlers[faults.GIT](request)
        return Response(502, b"bad gateway\n")

    with faults.fault(ready, lose, *PUSH, times=1):
        result = ready.gate("--request", path)
    assert [(each["outcome"], each["fresh"]) for each in result["decisions"]] == [("allow", True)]
    assert (path, "allow") in recorded(ready, tmp_path)


def test_a_push_that_the_server_never_answers_well(ready: FlowWorld) -> None:
    path = merged(ready)
    with faults.fault(ready, Response(403, b"no\n"), *PUSH):
        error = faults.refused(ready, 1, "the push of the ledger failed")
    assert "permissions: contents: write" in error
    assert ready.gate("--request", path)["decisions"][0]["fresh"]


def test_a_force_pushed_notes_ref_is_not_signed_on(ready: FlowWorld) -> None:
    merged(ready)
    tip = faults.refs(ready)[NOTES_REF]
    ready.git("fetch", "-q", "origin", f"{MIRROR_REF}:refs/kept")
    for bad in (ready.git("rev-parse", "HEAD"), None):
        stories.move(ready, NOTES_REF, bad)
        error = faults.refused(ready, 11, "differ|lost entries|no note|notes")
        assert "fix:" in error
    stories.move(ready, NOTES_REF, tip)
    ready.gate()


def test_a_missing_mirror_is_not_signed_without(ready: FlowWorld) -> None:
    merged(ready)
    tip = faults.refs(ready)[MIRROR_REF]
    stories.move(ready, MIRROR_REF, None)
    error = faults.refused(ready, 11, "the mirror branch counterseal-ledger is missing")
    assert "git push origin" in error
    stories.move(ready, MIRROR_REF, tip)
    ready.gate()


# --- candidates --------------------------------------------------------------------------------


def test_a_candidate_is_resumed_after_a_broken_upload(built: FlowWorld) -> None:
    environment = {**built.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
    for verb in ("sbom", "sign"):
        built.counterseal(verb, *SUBJECTS, environment=environment)
    third = (faults.UPLOADS, "", "POST")
    with held(built, third, after=2) as hold:
        with process(built, "candidate", *SUBJECTS, environment=environment) as started:
            assert hold.reached.wait(PATIENCE)
            started.kill()
            started.wait(PATIENCE)
        hold.answer = lambda _: Response(503, b"gone\n")
    before = {each["name"]: each["id"] for each in built.release()["assets"]}
    assert len(before) == 2
    repository = stories.hosted(built)
    release = repository.releases.get(built.release()["id"])
    repository.releases.leave_starter(release, built.sandbox.forge.account("bob"), "manifest.json")
    built.counterseal("candidate", *SUBJECTS, environment=environment)
    after = {each["name"]: each["id"] for each in built.release()["assets"]}
    assert before.items() <= after.items()
    assert {each["state"] for each in built.release()["assets"]} == {"uploaded"}
    made = {each.name for each in (built.checkout / "counterseal-out").iterdir()}
    assert set(after) == made | {name.rpartition("/")[2] for name in SUBJECTS}
    stories.allow_staging(built)
