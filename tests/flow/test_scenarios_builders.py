"""Scenarios about how a build began: by hand, on a runner of somebody's own, as a job that people play (R46)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import stories
from tests.flow.stories import approve_and_merge, ask, finding
from tests.flow.worlds import SUBJECTS

from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal_sandbox.demo.world import EPOCH

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]

GITHUB, GITLAB = ForgeKind
PROVENANCE = "provenance-verified"


def promoted(world: FlowWorld, *, code: int, **build: Any) -> dict[str, Any]:
    """Build, sign and promote with a run of this kind, and return the decision."""
    environment = {**world.hands.build(**build), "SOURCE_DATE_EPOCH": EPOCH}
    for verb in ("sbom", "sign", "candidate"):
        world.counterseal(verb, *SUBJECTS, environment=environment)
    approve_and_merge(world, ask(world, "staging"), "alice")
    decision: dict[str, Any] = world.gate(code=code)["decisions"][-1]["decision"]
    return decision


def let_builders(world: FlowWorld, text: str) -> None:
    """Let a merged change allow builders more."""
    policy = stories.read(world, POLICY_PATH).replace(b"refs: [refs/tags/v*]}", b"refs: [refs/tags/v*]" + text.encode())
    stories.bring_policy(world, policy)


def said(decision: dict[str, Any]) -> str:
    return stories.told(decision, PROVENANCE)[0]


@pytest.mark.parametrize("event", ["by hand", "schedule"])
def test_a_build_that_no_push_started(built: FlowWorld, event: str) -> None:
    event = {GITHUB: "workflow_dispatch", GITLAB: "web"}[built.kind] if event == "by hand" else event
    says = finding(promoted(built, code=10, event=event), PROVENANCE, "builder-not-accepted")
    assert f"a build may be started by push, not by {event} (policy: triggers)" in says


def test_a_start_by_hand_that_the_policy_allows_names_the_person(built: FlowWorld) -> None:
    event = {GITHUB: "workflow_dispatch", GITLAB: "web"}[built.kind]
    let_builders(built, f", triggers: [push, {event}]}}")
    assert f", started by carol ({event})" in said(promoted(built, code=0, event=event, actor="carol"))


def test_a_build_on_a_machine_of_somebody_s_own(built: FlowWorld) -> None:
    decision = promoted(built, code=10, runnerEnvironment="self-hosted")
    assert "a runner that is self-hosted" in finding(decision, PROVENANCE, "builder-not-accepted")


def test_a_machine_of_one_s_own_that_the_policy_allows(built: FlowWorld) -> None:
    let_builders(built, ", runners: [self-hosted]}")
    assert promoted(built, code=0, runnerEnvironment="self-hosted")["outcome"] == "allow"


def test_an_environment_that_the_policy_asks_for(built: FlowWorld) -> None:
    let_builders(built, ", environment: release}")
    decision = promoted(built, code=10)
    assert "its environment is none, and the policy names release" in finding(
        decision, PROVENANCE, "builder-not-accepted"
    )


@pytest.mark.forges(GITLAB)
def test_a_manual_job_of_gitlab_s(built: FlowWorld) -> None:
    says = finding(promoted(built, code=10, manual=True, actor="carol"), PROVENANCE, "builder-steered")
    assert "is a manual job of carol: who plays or retries one chooses its variables" in says


@pytest.mark.forges(GITLAB)
def test_a_job_that_somebody_retried_is_named(built: FlowWorld) -> None:
    built.hands.build(name="sign", pipelineId=41)
    assert ", started again by dora" in said(promoted(built, code=0, name="sign", pipelineId=41, actor="dora"))
