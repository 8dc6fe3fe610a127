"""`hold` and `revoke` without a forge: what the run is told, what is refused before, and the wait for the entry."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import evidence_samples as samples
from tests.unit import ledger_lines
from tests.unit.gate.memory import POLICY, Forge
from tests.unit.memory_ledger import MemoryLedger
from tests.unit.project.repositories import MemoryClone

from counterseal import ledger, policy
from counterseal.commands import emergency
from counterseal.commands.emergency import Order, Place, Ports, Started
from counterseal.errors import ServiceError, UsageError, VerificationError
from counterseal.evaluation.rules import RULES
from counterseal.history.events import EventKind, Hold, Revocation
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Actor, RunState, StartedRun, Target
from counterseal.project import plan
from counterseal.render.reports.emergencies import started as reports
from counterseal_sandbox.forge.ci import inputs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

BOB = samples.BOB
PAGE = "https://github.com/acme/app/actions/runs/9"
WHY = "it deletes files"
GATE = "jobs: {g: {uses: counterseal/counterseal/.github/workflows/gate.yml@x}}\n"


class Runs:
    """A `GateRuns` whose run goes through these states, and does something at each look."""

    def __init__(self, *states: RunState, then: Any = None) -> None:
        self.states, self.then = list(states), then
        self.told: list[tuple[str, str, Mapping[str, str]]] = []

    def start(self, file: str, ref: str, inputs: Mapping[str, str]) -> StartedRun:
        self.told.append((file, ref, inputs))
        return StartedRun(9, PAGE)

    def look(self, run: StartedRun) -> StartedRun:
        if self.then:
            self.then(len(self.states))
        return dataclasses.replace(run, state=self.states.pop(0) if len(self.states) > 1 else self.states[0])


class Clock:
    """Time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = samples.NOW

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def place() -> Place:
    loaded = dataclasses.replace(policy.load(POLICY, rules=RULES), ledger_id=ledger_lines.LEDGER)
    return Place(loaded, "refs/heads/main", ".github/workflows/promote.yml", BOB)


class Waiting:
    """A ledger of two decisions, and somebody who waits for an entry of their run."""

    def __init__(self, *states: RunState) -> None:
        self.store, self.clock = MemoryLedger(), Clock()
        self.book = ledger_lines.book(self.store, 2)
        self.runs = Runs(*states)
        self.reads = 0

    def record(self, kind: EventKind, body: Any, page: str = PAGE, by: Actor = BOB) -> None:
        said = dataclasses.replace(ledger_lines.event(kind, body, self.book.at), actor=by)
        self.book.write(said, ledger.entry_id(kind, ledger_lines.LEDGER, page))

    def start(self, order: Order, *, wait: bool = True, dry_run: bool = False) -> Started:
        def read() -> Any:
            self.reads += 1
            return self.book.tip()

        ports = Ports(self.runs, self.clock, self.store.tip, read, self.clock.sleep)
        return emergency.run(ports, place(), order, wait=wait, dry_run=dry_run)

    def hold(self, stage: str | None = "production", stops: str = "promote") -> Hold:
        return Hold(stage, stops, self.book.at + timedelta(hours=5), WHY)


HOLD = Order("hold", WHY, stage="production")


# --- where it is started, and by whom ----------------------------------------------------------


class AtForge(Forge):
    """A forge that has a policy."""

    def __init__(self, content: bytes | None = POLICY, who: Actor = BOB) -> None:
        super().__init__()
        self.content, self.who = content, who

    def current_actor(self) -> Actor:
        return self.who

    def file_at(self, revision: str, path: str) -> bytes | None:
        assert (revision, path) == ("refs/heads/main", POLICY_PATH)
        return self.content


def clone(**files: str) -> MemoryClone:
    return MemoryClone({f".github/workflows/{name}.yml": text for name, text in files.items()})


def test_the_gates_file_is_the_workflow_that_calls_ours_and_people_start() -> None:
    by_hand = f"on: [push, workflow_dispatch]\n{GATE}"
    here = clone(a="on: push\n", b=f"on: push\n{GATE}", c=by_hand, d=by_hand)
    found = emergency.look(AtForge(), lambda: here)
    assert (found.file, found.ref, found.who) == (".github/workflows/c.yml", "refs/heads/main", BOB)
    only = emergency.look(AtForge(), lambda: clone(b=f"on: push\n{GATE}"))
    assert only.file == ".github/workflows/b.yml", "the forge says what it lacks"


def test_an_own_gate_is_named_by_the_policy() -> None:
    own = POLICY.replace(
        b"gate: counterseal", b"gate: {github: {workflow: .github/workflows/own.yml, ref: refs/heads/main}}"
    )

    def never() -> MemoryClone:
        raise AssertionError("no clone is needed")

    assert emergency.look(AtForge(own), never).file == ".github/workflows/own.yml"


def test_without_gate_policy_or_a_place_in_it_nothing_is_started() -> None:
    with pytest.raises(UsageError, match=r"no workflow of this clone calls \.github/workflows/gate\.yml"):
        emergency.look(AtForge(), lambda: clone(a="on: push\n"))
    with pytest.raises(UsageError, match=r"no \.counterseal/policy\.yml on the default branch"):
        emergency.look(AtForge(None), clone)
    stranger = Actor("github.com", 1666, "alice")
    with pytest.raises(UsageError, match=r"alice \(1666\) is in no group of the policy") as caught:
        emergency.look(AtForge(who=stranger), clone)
    assert caught.value.fix == "ask one of them: alice, bob, carol, dora"


# --- what the run is told ----------------------------------------------------------------------


def test_what_is_empty_is_not_sent() -> None:
    order = emergency.hold(place(), None, "promote", None, WHY)
    assert order.inputs == {"action": "hold", "reason": WHY}
    order = emergency.hold(place(), "staging", "all", 3, WHY)
    assert order.inputs == {"action": "hold", "stage": "staging", "reason": WHY, "target": "all", "hours": "3"}


@pytest.mark.parametrize(
    ("stage", "hours", "reason", "said"),
    [
        ("stagin", None, WHY, "has no stage 'stagin'"),
        (None, 0, WHY, "between 1 and 72, not 0"),
        (None, 73, WHY, "between 1 and 72, not 73"),
        (None, None, "", "no --reason"),
        (None, None, " \n", "no --reason"),
        (None, None, "a\x1b[2J", "cannot be recorded"),
        (None, None, "x" * 2001, "cannot be recorded"),
    ],
)
def test_a_hold_that_the_gate_would_refuse(stage: str | None, hours: int | None, reason: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        emergency.hold(place(), stage, "promote", hours, reason)


def revoke(waiting: Waiting, tag: str) -> Order:
    return emergency.revoke(("tag", tag), WHY, waiting.book.tip)


def test_a_tag_is_the_manifest_that_stages_have_or_that_was_published() -> None:
    waiting = Waiting()
    waiting.book.publish("0")
    first, second = (ledger_lines.decision(name).manifest for name in "01")
    assert first
    assert second
    assert revoke(waiting, "v1").target == f"manifest:{second.sha256}", "what it has"
    assert revoke(waiting, "v0").target == f"manifest:{first.sha256}", "what it had"
    for number in range(2, 12):
        waiting.book.decide(str(number))
    order = revoke(waiting, "v0")
    assert (order.target, order.tag) == (f"manifest:{first.sha256}", "v0"), "what was published long ago"
    waiting.book.withdraw("1")
    with pytest.raises(UsageError, match="no stage has v1, or had it lately"):
        revoke(waiting, "v1")


def test_a_tag_with_two_manifests_is_not_guessed() -> None:
    waiting = Waiting()
    source = ledger_lines.decision("0").source
    waiting.book.decide("2", source=source)
    with pytest.raises(UsageError, match="v0 was let in with 2 manifests") as caught:
        revoke(waiting, "v0")
    assert caught.value.fix.startswith("name one: --manifest ")


def test_a_digest_is_taken_as_it_is() -> None:
    def never() -> Any:
        raise AssertionError("no ledger is needed")

    order = emergency.revoke(("artifact", "ab" * 32), WHY, never)
    assert order.inputs == {"action": "revoke", "reason": WHY, "target": f"artifact:{'ab' * 32}"}


# --- waiting -----------------------------------------------------------------------------------


def test_the_entry_is_waited_for_and_the_ledger_read_when_it_moved() -> None:
    waiting = Waiting(RunState.WAITING)
    looks = []

    def later(_: int) -> None:
        looks.append(1)
        if len(looks) == 4:
            waiting.record(EventKind.HOLD, waiting.hold())

    waiting.runs.then = later
    done = waiting.start(HOLD)
    assert waiting.runs.told == [(".github/workflows/promote.yml", "refs/heads/main", HOLD.inputs)]
    assert done.entry is not None
    assert isinstance(done.entry.event.body, Hold)
    assert done.entry.event.body.stage == "production"
    assert (len(looks), waiting.reads) == (4, 2)
    assert reports.report(done).data["entry"] == 3


def test_an_entry_of_another_run_is_not_this_ones() -> None:
    waiting = Waiting(RunState.FAILED)
    waiting.record(EventKind.HOLD, waiting.hold(), page=f"{PAGE}0")
    with pytest.raises(ServiceError, match="the run is over, and recorded no hold") as caught:
        waiting.start(HOLD)
    assert caught.value.fix == f"its page says why: {PAGE}"


def test_a_run_that_ended_well_and_recorded_nothing() -> None:
    with pytest.raises(ServiceError) as caught:
        Waiting(RunState.WAITING, RunState.SUCCEEDED).start(HOLD)
    assert caught.value.why == "its gate did something else, or nothing"


def test_what_a_run_recorded_right_before_its_end_is_found() -> None:
    waiting = Waiting(RunState.WAITING, RunState.SUCCEEDED)

    def at_the_end(left: int) -> None:
        if left == 1:
            waiting.record(EventKind.HOLD, waiting.hold())

    waiting.runs.then = at_the_end
    assert waiting.start(HOLD).entry is not None


def test_a_run_that_never_ends_is_not_waited_for_for_ever() -> None:
    waiting = Waiting(RunState.WAITING)
    with pytest.raises(ServiceError, match="no entry after 40 minutes") as caught:
        waiting.start(HOLD)
    assert PAGE in caught.value.fix
    assert waiting.clock.at - samples.NOW < timedelta(minutes=41)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (Hold("staging", "promote", samples.NOW + timedelta(hours=1), WHY), "it is about staging promote"),
        (Hold(None, "promote", samples.NOW + timedelta(hours=1), WHY), "it is about promote"),
        (Hold("production", "all", samples.NOW + timedelta(hours=1), WHY), "it is about production all"),
    ],
)
def test_a_run_that_held_something_else(body: Hold, why: str) -> None:
    waiting = Waiting(RunState.WAITING)
    waiting.record(EventKind.HOLD, body)
    with pytest.raises(VerificationError, match="the run recorded something else") as caught:
        waiting.start(HOLD)
    assert caught.value.why == why


def test_a_run_that_held_in_somebody_elses_name() -> None:
    waiting = Waiting(RunState.WAITING)
    waiting.record(EventKind.HOLD, waiting.hold(), by=samples.ALICE)
    with pytest.raises(VerificationError) as caught:
        waiting.start(HOLD)
    assert caught.value.why == f"it is by {samples.ALICE.login} ({samples.ALICE.id})"


def test_a_revocation_is_of_what_was_named() -> None:
    waiting, now = Waiting(RunState.WAITING), samples.NOW
    waiting.record(EventKind.REVOCATION, Revocation(Target("manifest", "ab" * 32), now, now, None, WHY, None))
    with pytest.raises(VerificationError, match="something else"):
        waiting.start(Order("revoke", WHY, target=f"manifest:{'cd' * 32}"))
    done = waiting.start(Order("revoke", WHY, target=f"manifest:{'ab' * 32}", tag="v1.0.0"))
    assert f"v1.0.0 is manifest {'ab' * 32}" in reports.report(done).text


def test_without_waiting_the_page_is_all_there_is() -> None:
    done = Waiting(RunState.WAITING).start(HOLD, wait=False)
    assert done.entry is None
    assert reports.report(done).text == f"started: {PAGE}\n  next: counterseal status, once it is over"


def test_a_dry_run_starts_nothing() -> None:
    waiting = Waiting(RunState.WAITING)
    text = reports.report(waiting.start(HOLD, dry_run=True)).text
    assert waiting.runs.told == []
    assert text == (
        f"would start .github/workflows/promote.yml on main with\n  action: hold\n  stage: production\n  reason: {WHY}"
    )


# --- what files take ---------------------------------------------------------------------------

TEXTS = Path(plan.__file__).parent / "texts"
ORDERS = (
    Order("hold", WHY, stage="production", target="all", hours="5"),
    Order("revoke", "it isn't what it says; see #61", target=f"manifest:{'ab' * 32}"),
    Order("revoke", WHY, target=f"artifact:{'ab' * 32}"),
)


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.action)
def test_the_files_that_init_writes_take_what_runs_are_told(order: Order) -> None:
    workflow, pipeline = (TEXTS / name for name in ("promote.yml.in", "pipeline-inputs.yml.in"))
    text = re.sub(r"<<\w+>>", "x", workflow.read_text(encoding="utf-8"))
    assert {
        name: value for name, value in inputs.dispatched(text.encode(), order.inputs).items() if value
    } == order.inputs
    text = pipeline.read_text(encoding="utf-8") + "\n---\nincludes: []\n"
    told = inputs.of_pipeline(text.encode(), order.inputs)
    assert {name: value for name, value in told.items() if value} == order.inputs
