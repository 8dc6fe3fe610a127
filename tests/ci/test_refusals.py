"""What a job may not do or is not: it ends with our message, nothing is recorded, nothing is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.ci import newcomer
from tests.flow import stories, worlds

from counterseal.identifiers import LEDGER_REF
from counterseal_sandbox.demo.site import NAME, TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ci.act import Outcome
    from tests.ci.newcomer import Newcomer, Product

pytestmark = [pytest.mark.slow, pytest.mark.act]

GATE = {"contents": "write", "pull-requests": "write", "actions": "read", "id-token": "write"}


@pytest.fixture(scope="module")
def waiting(
    tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], Path], product: Product
) -> Iterator[Newcomer]:
    """A newcomer whose candidate has an approved, merged request for staging, and no gate ran; and an open one."""
    dist = worlds.build(tmp_path_factory.mktemp("build"))
    with newcomer.newcomer(tmp_path_factory.mktemp("newcomer"), tool("act"), product) as found:
        newcomer.with_candidate(found.world, dist)
        number = found.world.request("staging")
        found.world.review("alice", number)
        found.world.merge("bob", number)
        stories.ask(found.world, "production")
        found.world.sandbox.forge.repository(NAME).actions_may_approve = True
        yield found


def without(permission: str) -> dict[str, str]:
    return {name: level for name, level in GATE.items() if name != permission}


def entries(here: Newcomer) -> int:
    """Return the number of entries in the ledger."""
    tip = here.world.ledger_tips().get(LEDGER_REF)
    return int(here.world.sandbox.forge.repository(NAME).git.text("rev-list", "--count", tip)) if tip else 0


def refused(here: Newcomer, outcome: Outcome, *texts: str) -> None:
    """Check that the only job failed with one annotation that says all this, and that the ledger did not move."""
    assert set(outcome.jobs.values()) == {"failure"}, outcome.text
    assert "Traceback" not in outcome.text
    said = "\n".join((outcome.log, *outcome.errors))
    for text in texts:
        assert text in said, said
    assert entries(here) <= 1, "nothing but the beginning of the ledger"
    assert here.world.release()["draft"]


def test_gate_without_id_token(waiting: Newcomer) -> None:
    outcome = waiting.promote(permissions=without("id-token"))
    refused(waiting, outcome, "the calling job needs permissions: id-token: write")


def test_gate_without_contents(waiting: Newcomer) -> None:
    refused(waiting, waiting.promote(permissions=without("contents") | {"contents": "read"}), "contents: write")


def test_gate_without_pull_requests(waiting: Newcomer) -> None:
    refused(waiting, waiting.promote(permissions=without("pull-requests")), "pull-requests: write")


@pytest.mark.parametrize("event", ["pull_request_target", "pull_request"])
def test_scenario_30_a_gate_started_by_a_change_request(waiting: Newcomer, event: str) -> None:
    refused(waiting, waiting.promote(event=event), "this run is not a gate", event)


def test_scenario_56_a_gate_on_a_runner_of_somebody(waiting: Newcomer) -> None:
    refused(waiting, waiting.promote(runnerEnvironment="self-hosted"), "self-hosted, not github-hosted")


def test_a_gate_that_the_forge_does_not_have(waiting: Newcomer) -> None:
    refused(waiting, waiting.promote(gateRevision="a" * 40))


def test_a_workflow_of_the_caller_is_not_the_gate(waiting: Newcomer) -> None:
    refused(waiting, waiting.promote(gateRevision=None), "not running as the reusable gate")


@pytest.mark.parametrize(
    "settings",
    [
        {"COUNTERSEAL_POLICY": "other.yml"},
        {"COUNTERSEAL_SANDBOX": "1"},
        {"CI_API_V4_URL": "http://127.0.0.1:9"},
        {"https_proxy": "http://127.0.0.1:9", "no_proxy": "*"},
        {"PYTHONPATH": "/somewhere"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_scenario_60_a_gate_that_is_steered(waiting: Newcomer, settings: dict[str, str]) -> None:
    name = next(iter(settings))
    refused(waiting, waiting.promote(settings=settings), f"the variable {name} is set in a gate")


def test_the_gate_action_decides_nothing(waiting: Newcomer) -> None:
    outcome = waiting.custom(newcomer.one_step("gate"), permissions=GATE)
    refused(waiting, outcome, "this run is not a gate", "call counterseal/counterseal/.github/workflows/gate.yml")


def test_the_publish_action_publishes_nothing_outside_of_the_gate(waiting: Newcomer) -> None:
    permissions = newcomer.documented("publish")
    refused(waiting, waiting.custom(newcomer.one_step("publish"), permissions=permissions), "this run is not a gate")


def test_sign_without_id_token(waiting: Newcomer) -> None:
    outcome = waiting.custom(newcomer.one_step("sign", subjects="README.md"), ref=TAG, permissions={"contents": "read"})
    refused(waiting, outcome, "id-token: write")


def test_candidate_without_contents(waiting: Newcomer) -> None:
    made = waiting.world.checkout
    text = newcomer.one_step("candidate", checkout=True, subjects="dist/*")
    permissions = {"contents": "read"}
    refused(waiting, waiting.custom(text, ref=TAG, permissions=permissions, files=made), "contents: write")


@pytest.mark.parametrize("missing", ["contents", "pull-requests", "id-token"])
def test_request_without(waiting: Newcomer, missing: str) -> None:
    permissions = {name: level for name, level in newcomer.documented("request").items() if name != missing}
    text = newcomer.one_step("request", stage="staging", tag=TAG, again="true", reason="because")
    refused(waiting, waiting.custom(text, permissions=permissions), f"{missing}: write")


def test_request_where_the_repository_lets_no_workflow_open_one(waiting: Newcomer) -> None:
    """The status is that of a missing permission, and no permission would help."""
    text = newcomer.one_step("request", stage="staging", tag=TAG, again="true", reason="shut out")
    hosted = waiting.world.sandbox.forge.repository(NAME)
    hosted.actions_may_approve = False
    try:
        outcome = waiting.custom(text, permissions=newcomer.documented("request"))
    finally:
        hosted.actions_may_approve = True
    setting = 'Actions → General → Workflow permissions → "Allow GitHub Actions to create and approve pull requests"'
    refused(waiting, outcome, "GitHub Actions is not permitted to create or approve pull requests", setting)


@pytest.mark.parametrize("level", ["read", "none"])
def test_preview_without_pull_requests(waiting: Newcomer, level: str) -> None:
    permissions = {"contents": "read", "pull-requests": level}
    refused(waiting, waiting.preview(2, permissions=permissions), "pull-requests: write")


def test_the_documented_permissions_of_request_are_enough(waiting: Newcomer) -> None:
    """And it says who asked: the actor of the run."""
    text = newcomer.one_step("request", stage="staging", tag=TAG, reason="from a workflow", again="true")
    outcome = waiting.custom(text, permissions=newcomer.documented("request"))
    assert outcome.jobs == {"job": "success"}, outcome.text
    number = int(outcome.outputs("request")["number"])
    found: Any = waiting.world.client.as_person(waiting.world.people["bob"], "GET", f"/repos/acme/app/pulls/{number}")
    assert outcome.outputs("request")["url"] == found["html_url"]
