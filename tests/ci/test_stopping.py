"""A run of the page's workflow that somebody starts with an action, as act runs it: one job, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded

if TYPE_CHECKING:
    from tests.ci.act import Outcome
    from tests.ci.newcomer import Newcomer

pytestmark = [pytest.mark.slow, pytest.mark.act]

WHY = "a build machine was broken into; $(touch pwned) ${{ secrets.GITHUB_TOKEN }}"


def dispatch(here: Newcomer, by: str, inputs: dict[str, Any]) -> Outcome:
    """Let somebody start the gate's workflow with inputs."""
    revision = here.product.sha
    run = here.start("promote.yml", "gate", event="workflow_dispatch", actor=by, gateRevision=revision)
    payload = {"inputs": inputs}
    return here.act.run(here.clone(), "workflow_dispatch", run=run, payload=payload, workflow="promote.yml")


def test_a_hold_is_a_job_of_its_own(here: Newcomer) -> None:
    held = dispatch(here, "carol", {"action": "hold", "stage": "staging", "reason": WHY, "target": "", "hours": "2"})
    assert "failure" not in held.jobs.values(), held.text
    assert "Hold or revoke" in held.text
    assert "Decide, record, publish" not in held.text
    assert recorded.kinds(here.world) == ["genesis", "hold"]
    said = recorded.statements(here.world)[-1]["predicate"]
    assert (said["actor"]["login"], said["body"]["reason"]) == ("carol", WHY)
    assert held.outputs("gate")["entry"] == "1"
    assert "hold: staging is held until" in held.summaries.replace("\\", "")
    assert "pypi" not in held.jobs, "nothing was published"
    swept = dispatch(here, "carol", {"action": "", "stage": "", "reason": ""})
    assert "Decide, record, publish" in swept.text
    assert "Hold or revoke" not in swept.text
    assert recorded.kinds(here.world) == ["genesis", "hold"]
