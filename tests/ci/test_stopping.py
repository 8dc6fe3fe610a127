"""A run of the page's workflow that somebody starts with an action, as act runs it: one job, and who is told."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.ci import newcomer
from tests.ci.newcomer import PAGE
from tests.flow import recorded

from counterseal_sandbox.demo.site import NAME

if TYPE_CHECKING:
    from tests.ci.act import Outcome
    from tests.ci.newcomer import Newcomer

pytestmark = [pytest.mark.slow, pytest.mark.act]

WHY = "a build machine was broken into; $(touch pwned) ${{ secrets.GITHUB_TOKEN }}"
_TELL = re.compile(r"```yaml\n(  tell:\n.*?)```", re.DOTALL)


def telling(here: Newcomer) -> None:
    """Let the workflow on the branch have the page's job that opens issues, too."""
    (job,) = _TELL.findall(PAGE.read_text())
    world, path = here.world, ".github/workflows/promote.yml"
    (world.checkout / path).write_text(f"{here.workflows['promote.yml']}{job}")
    world.git("commit", "-q", "-am", "Tell people")
    world.git("push", "-q", "origin", "HEAD:main")


def dispatch(here: Newcomer, by: str, inputs: dict[str, Any]) -> Outcome:
    """Let somebody start the gate's workflow with inputs."""
    revision = here.product.sha
    run = here.start("promote.yml", "gate", event="workflow_dispatch", actor=by, gateRevision=revision)
    payload = {"inputs": inputs}
    return here.act.run(here.clone(), "workflow_dispatch", run=run, payload=payload, workflow="promote.yml")


def test_a_hold_is_a_job_of_its_own(here: Newcomer) -> None:
    telling(here)
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
    events(held, {"kind": "hold", "sequence": 1, "request": None})
    swept = dispatch(here, "carol", {"action": "", "stage": "", "reason": ""})
    assert "Decide, record, publish" in swept.text
    assert "Hold or revoke" not in swept.text
    assert recorded.kinds(here.world) == ["genesis", "hold"]
    events(swept)
    resumed(here)
    first, second = (here.act.artifacts / "issues").read_text().splitlines()
    assert first.startswith("hold: staging is held until ")
    assert second == "resume: 1 hold is ended"


def resumed(here: Newcomer) -> None:
    """A job asks for its end, for which a bot's request takes one person more; and the gate's own job tells of it."""
    text = newcomer.one_step("request", kind="resume", entry="1", reason="it was another machine")
    rights = newcomer.documented("request")
    refused = here.custom(text, permissions=rights)
    assert refused.jobs == {"job": "failure"}, refused.text
    assert "too few are left who could approve: alice, dora" in refused.log
    assert "ask on your own machine, where 2 are enough: counterseal request --kind resume" in refused.log
    here.world.sandbox.forge.repository(NAME).actions_may_approve = True  # a setting that the page asks for
    asked = here.custom(text, permissions=rights, actor="carol")
    assert asked.jobs == {"job": "success"}, asked.text
    number = int(asked.outputs("request")["number"])
    for login in ("alice", "dora", "bob"):
        here.world.review(login, number)
    here.world.merge("bob", number)
    ended = here.promote()
    assert ended.jobs["tell"] == "success", ended.text
    events(ended, {"kind": "resume", "sequence": 2, "request": asked.outputs("request")["path"]})
    assert recorded.kinds(here.world) == ["genesis", "hold", "resume"]


def events(outcome: Outcome, *expected: dict[str, Any]) -> None:
    """Check what a run says that it recorded beside decisions, and whether somebody is told."""
    told = json.loads(outcome.outputs("gate")["events"])
    assert [{name: value for name, value in each.items() if name != "what"} for each in told] == list(expected)
    assert ("tell" in outcome.jobs) is bool(expected), outcome.text
