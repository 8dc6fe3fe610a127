"""Holds and revocations by a run that one person started, from their click to what becomes of promotions."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from tests.flow import faults, recorded, stopping, stories, worlds
from tests.flow.interruptions import POINTS, ended, held, process
from tests.flow.stopping import WHY, hold, refused, revoke, started, stop

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.forge.accounts import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

GITHUB, GITLAB = ForgeKind


# --- who may ---------------------------------------------------------------------------------


def test_nobody_else_starts_it(shared: FlowWorld) -> None:
    # 78 | a hold started by somebody with write who is not in the policy | B | refused | R52
    stories.newcomer(shared, "mallory", 1666)
    refused(shared, started(shared, hold(), "mallory"), "mallory (1666) is in no group of the policy")
    # 80 | a job's token starts the run, with somebody's login among its inputs | B | refused | R13 R52
    stories.newcomer(shared, "helper[bot]" if shared.kind is GITHUB else "project_702_bot", 1667, kind="Bot")
    bot = started(shared, hold(), "helper[bot]" if shared.kind is GITHUB else "project_702_bot")
    if shared.kind is GITHUB:
        bot["GITHUB_TRIGGERING_ACTOR"] = bot["GITHUB_ACTOR"] = "carol"
    refused(shared, bot, "is no person")
    # 79 | a hold started by a listed person who may only read by now | B | refused | R13 R52
    roles, carol = stories.hosted(shared).roles, shared.people["carol"].id
    before = roles[carol]
    roles[carol] = Role.READ
    try:
        said = refused(shared, started(shared, hold()), "carol may not hold or revoke anything here").errors
        assert "why: carol may read here, and not write" in said
        assert "fix: ask somebody who may: alice, bob, dora" in said
    finally:
        roles[carol] = before


@pytest.mark.forges(GITLAB)
def test_a_project_whose_jobs_may_not_push_says_so_before_anything_is_signed(shared: FlowWorld) -> None:
    repository = stories.hosted(shared)
    repository.job_token_may_push = False
    try:
        said = refused(shared, started(shared, hold()), "could not push the ledger", code=1).errors
    finally:
        repository.job_token_may_push = True
    assert "Allow Git push requests to the repository" in said


@pytest.mark.parametrize("event", ["schedule", "push"])
def test_no_run_that_nobody_started(shared: FlowWorld, event: str) -> None:
    # 82 | a hold started by schedule, push, comment, status or another event | B | refused | R02 R52
    refused(shared, started(shared, hold(), event=event), "needs a run that somebody started")


@pytest.mark.parametrize("event", ["issue_comment", "status", "repository_dispatch", "workflow_run", "pull_request"])
@pytest.mark.forges(GITHUB)
def test_no_comment_and_no_status(shared: FlowWorld, event: str) -> None:
    # 82 | (GitHub) by what outsiders can write
    refused(shared, started(shared, hold(), event=event), "needs a run that somebody started")


@pytest.mark.parametrize("event", ["trigger", "pipeline", "merge_request_event", "chat", "parent_pipeline"])
@pytest.mark.forges(GITLAB)
def test_no_trigger_and_no_other_pipeline(shared: FlowWorld, event: str) -> None:
    # 82 | (GitLab) by a trigger's token, a job's token (`pipeline`), a chat
    if event == "merge_request_event":
        stories.propose(shared, "an-idea", {"idea.txt": b"idea\n"})
        environment = started(shared, hold(), event=event, ref="refs/heads/an-idea")
    else:
        environment = started(shared, hold(), event=event)
    refused(shared, environment, "this run is not a gate")


def test_no_other_branch(shared: FlowWorld) -> None:
    # 83 | a hold started on another branch than the protected default one | B | refused | R29 R52
    repository = stories.hosted(shared)
    stories.move(shared, "refs/heads/dev", repository.branch("main"))
    refused(shared, started(shared, hold(), ref="refs/heads/dev"), "refs/heads/dev is not protected")


def test_no_variable_steers_it(shared: FlowWorld) -> None:
    environment = started(shared, hold()) | {"COUNTERSEAL_ACTOR": "alice"}
    refused(shared, environment, "the variable COUNTERSEAL_ACTOR is set in a gate")


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"action": "hold", "stage": "staging"}, "needs a reason"),
        (hold("prod"), "no stage 'prod'"),
        (hold(hours="73"), "1 to 72 hours"),
        (hold(hours="soon"), "is no whole number"),
        (hold(target="everything"), "cannot stop 'everything'"),
        ({**hold(), "action": "freeze"}, "no action 'freeze'"),
        (revoke("run:7"), "one person cannot revoke a run"),
        (revoke(""), "what is to be revoked?"),
        (revoke(f"artifact:{'ab' * 32}"), "the ledger knows no artifact"),
        ({**revoke(f"manifest:{'ab' * 32}"), "stage": "staging"}, "a revocation has no stage"),
    ],
)
def test_inputs(shared: FlowWorld, inputs: dict[str, str], says: str) -> None:
    refused(shared, started(shared, inputs), says)


# --- a run that is run again ------------------------------------------------------------------


@pytest.mark.forges(GITHUB)
def test_a_re_run_records_nothing_more(fresh: FlowWorld) -> None:
    # 84 | a hold repeated by a re-run or a retried job | B | refused | R52
    first = started(fresh, hold())
    told = stop(fresh, first)
    tips, number = fresh.ledger_tips(), int(first["GITHUB_RUN_ID"])
    again = stop(fresh, started(fresh, hold(), runId=number, attempt=2))
    assert (again["entry"], again["fresh"], fresh.ledger_tips()) == (told["entry"], False, tips)
    other = started(fresh, hold(), runId=number, attempt=3, triggeringActor="alice")
    refused(fresh, other, "the hands of alice, carol")
    refused(fresh, started(fresh, hold("production"), "dora", attempt=2), "this run is run again")


@pytest.mark.forges(GITLAB)
def test_a_retried_job_records_nothing_more(fresh: FlowWorld) -> None:
    # 84 | (GitLab) a retried job is a new job of the same pipeline
    told = stop(fresh, started(fresh, hold(), pipelineId=4711, name="counterseal-emergency"))
    tips = fresh.ledger_tips()
    again = stop(fresh, started(fresh, hold(), pipelineId=4711, name="counterseal-emergency"))
    assert (again["entry"], again["fresh"], fresh.ledger_tips()) == (told["entry"], False, tips)
    refused(fresh, started(fresh, hold(), "alice", pipelineId=4711, name="counterseal-emergency"), "by carol")
    started(fresh, hold("production"), "dora", pipelineId=4712, name="counterseal-emergency")
    retried = started(fresh, hold("production"), "alice", pipelineId=4712, name="counterseal-emergency")
    refused(fresh, retried, "this run is run again")
    manual = started(fresh, hold("production"), "dora", pipelineId=4713, name="counterseal-emergency", manual=True)
    refused(fresh, manual, "variables of their own")


@pytest.mark.forges(GITLAB)
def test_a_pipeline_started_with_a_token_holds_and_does_nothing_else(fresh: FlowWorld) -> None:
    # 90 | a pipeline of source `api` decides, or audits, beside holding and revoking | GL | refused | R02 R52
    asked = stories.ask(fresh, "staging")
    stories.approve_and_merge(fresh, asked, "alice")
    refused(fresh, started(fresh, hold(), event="api"), "the ledger has no entry yet", code=1)
    fresh.gate("--stage", "production")
    assert stop(fresh, started(fresh, hold(), event="api"))["fresh"]
    refused(fresh, started(fresh, {}, event="api"), "not by api")
    assert recorded.kinds(fresh) == ["genesis", "hold"]


# --- what becomes of promotions -----------------------------------------------------------------


def test_from_the_click_to_the_deny_and_on(fresh: FlowWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    told = stop(fresh, started(fresh, hold(hours="2")))
    assert (told["event"]["kind"], told["event"]["actor"]["login"], told["event"]["body"]["reason"]) == (
        "hold", "carol", WHY,
    )  # fmt: skip
    refused(fresh, started(fresh, hold()), "carol held staging already")
    asked = stories.ask(fresh, "staging")
    stories.approve_and_merge(fresh, asked, "alice")
    denied = fresh.gate(code=12)
    assert [each["outcome"] for each in denied["decisions"]] == ["deny"]
    assert "staging is held by carol (1003) until" in stories.finding(
        denied["decisions"][0]["decision"], "stage-not-held", "stage-held"
    )
    assert fresh.gate("--request", asked.path, code=12)["decisions"][0]["fresh"] is False
    fresh.gate("--request", asked.path, event="schedule", code=0)
    with stopping.hours_later(fresh, monkeypatch, 2.1):
        fresh.gate("--request", asked.path, code=12)
        again = stories.ask(fresh, "staging", "the hold has ended")
        stories.approve_and_merge(fresh, again, "alice")
        assert [each["outcome"] for each in fresh.gate()["decisions"]] == ["allow"]


def test_a_hold_between_an_allow_and_its_publication(awaited: FlowWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    # 91 | a hold that lands between an allow and its publication | B | waits (12), published after | R24 R52
    with faults.impatient(5.0), faults.fault(awaited, faults.down(), *awaited.hands.upload_of("")):
        awaited.gate(code=1)
    assert recorded.events(awaited) == ["genesis"]
    stop(awaited, started(awaited, hold("", hours="1"), "dora"))
    tips = awaited.ledger_tips()
    assert "is held until" in awaited.counterseal("gate", environment=awaited.run(), code=12).output
    assert "is held until" in awaited.counterseal("publish", environment=awaited.run(), code=12).output
    awaited.counterseal("publish", environment=awaited.run(event="schedule"))
    assert (awaited.ledger_tips(), awaited.hands.draft()) == (tips, True)
    with stopping.hours_later(awaited, monkeypatch, 1.1):
        assert [each["tag"] for each in awaited.gate()["published"]] == [TAG]


def test_what_is_revoked_comes_in_no_more(staged: FlowWorld) -> None:
    wheel = hashlib.sha256(staged.hands.read("app-1.2.0-py3-none-any.whl")).hexdigest()
    told = stop(staged, started(staged, revoke(f"artifact:{wheel}"), "dora"))
    assert told["event"]["body"]["target"] == {
        "kind": "artifact", "value": wheel, "windowSince": None, "windowUntil": None,
    }  # fmt: skip
    stories.approve_and_merge(staged, stories.ask(staged, "production"), "alice", "dora")
    denied = staged.gate(code=10)["decisions"][0]["decision"]
    assert "app-1.2.0-py3-none-any.whl was revoked by dora (1010) in" in stories.finding(
        denied, "not-revoked", "revoked"
    )


def await_staging(world: FlowWorld) -> None:
    world.gate()
    stories.approve_and_merge(world, stories.ask(world, "staging"), "alice")


@pytest.fixture
def pending(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world of its own with entry 0, in which staging is asked for, approved and merged, and not decided."""
    with pool.world(kind, worlds.sign, await_staging) as found:
        yield found


@pytest.mark.parametrize("point", POINTS)
def test_a_hold_that_lands_while_a_gate_decides_wins(pending: FlowWorld, point: str) -> None:
    # 88 | a hold lands while a gate decides | B | the hold wins: deny | R24 R52
    with held(pending, POINTS[point](pending)) as gate, process(pending, "gate", environment=pending.run()) as decides:
        assert gate.reached.wait(60)
        # what is held back is the gate's call alone
        stop(pending, started(pending, hold()))
        gate.go.set()
        code, said = ended(decides)
    assert code == 12, said
    assert recorded.kinds(pending) == ["genesis", "hold", "deny"]


def test_what_the_run_shows_of_it(fresh: FlowWorld) -> None:
    environment = started(fresh, hold("", target="all", hours="2"))
    shown = {name: fresh.folder / name for name in ("summary", "output")}
    names = {GITHUB: ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"), GITLAB: ("COUNTERSEAL_SUMMARY", "COUNTERSEAL_DOTENV")}
    environment |= dict(zip(names[fresh.kind], map(str, shown.values()), strict=True))
    result = fresh.counterseal("gate", environment=environment)
    number = recorded.kinds(fresh).index("hold")
    assert result.output.startswith("hold: every stage is held until 2")
    assert ", for rollbacks, too\n" in result.output
    assert f"  by carol (1003): {WHY}\n" in result.output
    assert f"ledger: entry {number} (hold recorded)" in result.output
    assert ("the word of your own gate" in result.output) is (fresh.kind is GITLAB)
    assert "hold: every stage is held until" in shown["summary"].read_text()
    assert str(number) in shown["output"].read_text()
    assert ("::warning title=hold::hold: every stage" in result.errors) is (fresh.kind is GITHUB)
