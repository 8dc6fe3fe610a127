"""What a promotion request tells people who review it, and what is said to somebody who asks twice; at both forges."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

import pytest
from tests.flow import faults, stories

from counterseal import forges
from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import NAME, TAG

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.demo.shell import ProcessResult

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]


def asks(world: FlowWorld, *arguments: str, stage: str = "staging") -> ProcessResult:
    """Let bob ask, and return what he is told."""
    return world.cli("request", "--stage", stage, "--tag", TAG, *arguments, environment=world.person("bob"))


def body(world: FlowWorld, number: int) -> str:
    """Return the text of a change request as people read it."""
    return html.unescape(stories.hosted(world).changes.get(number).body)


def test_reviewers_are_told_what_they_decide_about(fresh: FlowWorld) -> None:
    revision = fresh.git("rev-parse", f"{TAG}^{{commit}}").strip()
    host = fresh.site.place.host
    number = fresh.request("staging", "weekly release")
    text = body(fresh, number)
    assert f"[<code>{TAG}</code>]({forges.tag_page(host, NAME, TAG)})" in text
    assert f"({forges.commit_page(host, NAME, revision)})" in text
    assert "| Changes | not compared: staging has nothing yet |" in text
    assert f"| Built by | [this run](https://{host}/{NAME}{forges.DIALECTS[fresh.kind].runs}" in text
    assert "| Candidate | [its files](http" in text
    who = "1 of maintainers (<code>alice</code>, <code>carol</code>); <code>bob</code> asked, so <code>bob</code>"
    assert f"| Approvals | 1 needed: {who} does not count |" in text
    fresh.review("alice", number)
    fresh.merge("bob", number)
    fresh.counterseal("gate", environment=fresh.run())
    number = int(json.loads(asks(fresh, "--again", "--reason", "x", "--format", "json").output)["number"])
    assert f"| Changes | none since <code>{TAG}</code>, which staging has now (entry 1) |" in body(fresh, number)


def test_whoever_asks_is_told_by_whom_it_has_to_be_approved(fresh: FlowWorld) -> None:
    told = asks(fresh, "--reason", "weekly release").output
    assert "approvals: 1 needed: 1 of maintainers (alice, carol); bob asked, so bob does not count" in told


def test_asking_twice_says_that_it_is_open_and_drops_no_reason(fresh: FlowWorld) -> None:
    number = fresh.request("staging", "weekly release")
    count = len(list(stories.hosted(fresh).changes))
    name = f"{forges.DIALECTS[fresh.kind].change}{number}"
    told = asks(fresh, "--reason", "weekly release")
    assert told.exit_code == 0
    assert told.output.startswith(f"already open: {TAG} into staging · {name} ")
    faults.told(asks(fresh, "--reason", "another one"), 2, f"{TAG} is asked for already: {name} into staging is open")
    assert len(list(stories.hosted(fresh).changes)) == count


def test_asking_for_what_waits_or_was_let_in_says_so(fresh: FlowWorld) -> None:
    number = fresh.request("staging", "the first of its kind")
    fresh.review("alice", number)
    fresh.merge("bob", number)
    waits = faults.told(asks(fresh, "--reason", "x"), 2, f"{TAG} was requested for staging before")
    assert "no gate has decided it yet" in waits
    fresh.counterseal("gate", environment=fresh.run())
    for arguments in (("--reason", "x"), ("--again",)):
        told = faults.told(asks(fresh, *arguments), 2, f"{TAG} has passed staging already")
        assert "it was allowed in entry 1" in told
        assert f'next stage: counterseal request --stage production --tag {TAG} --reason "…"' in told
    assert asks(fresh, "--again", "--reason", "to see it once more", "--dry-run").exit_code == 0
    assert asks(fresh, "--reason", "x", "--dry-run", stage="production").exit_code == 0
