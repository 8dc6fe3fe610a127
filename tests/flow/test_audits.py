"""When a gate audits: one of the project's own before each allow that publishes, any one in a run of the schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.flow import recorded, stories
from tests.flow.interruptions import merged

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow(seconds=4), pytest.mark.forges(*ForgeKind)]


def test_who_audits_before_an_allow_that_publishes(staged: FlowWorld) -> None:
    # whoever once had an own gate's token may have signed an audit; counterseal's gate has a workflow that nobody edits
    assert recorded.kinds(staged) == ["genesis", "allow"], "no stage that publishes"
    denied = stories.ask(staged, "production")
    stories.merge(staged, denied)
    staged.gate(code=10)
    assert recorded.kinds(staged)[2:] == ["deny"], "no allow"
    merged(staged, "production")
    assert [each["tag"] for each in staged.gate()["published"]] == [TAG]
    audits = ["audit"] if staged.kind is ForgeKind.GITLAB else []
    assert recorded.kinds(staged)[3:] == [*audits, "allow", "publication"]


def test_a_run_of_the_schedule_audits_and_the_next_one_need_not(staged: FlowWorld) -> None:
    staged.gate()
    assert recorded.kinds(staged) == ["genesis", "allow"], "a run of a push does not"
    staged.gate(event="schedule")
    assert recorded.kinds(staged) == ["genesis", "allow", "audit"]
    body = recorded.statements(staged)[-1]["predicate"]["body"]
    head = stories.hosted(staged).branch("main")
    assert body == {"verified": 1, "trigger": "schedule", "swept": {"revision": head, "undecided": []}, "moved": []}
    asked = stories.ask(staged, "staging", "once more")
    stories.merge(staged, asked)
    result = staged.gate(event="schedule", code=10)
    assert [(each["request"], each["fresh"]) for each in result["decisions"]] == [(asked.path, True)]
    assert recorded.kinds(staged)[2:] == ["audit", "deny"], "the audit is not a day old"


def test_what_an_audit_found_undecided_is_decided_by_the_next_run(fresh: FlowWorld) -> None:
    # the audit says how far requests were looked for; what was waiting then is not forgotten
    fresh.gate()
    waiting = stories.ask(fresh, "staging", "waits")
    stories.merge(fresh, waiting)
    fresh.gate("--stage", "production", event="schedule")
    body = recorded.statements(fresh)[-1]["predicate"]["body"]
    assert [each["path"] for each in body["swept"]["undecided"]] == [waiting.path]
    later = stories.ask(fresh, "staging", "comes later")
    stories.merge(fresh, later)
    result = fresh.gate(code=10)
    assert [each["request"] for each in result["decisions"]] == [waiting.path, later.path]
