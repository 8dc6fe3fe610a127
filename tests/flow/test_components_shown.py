"""What a request says of components: compared with what its stage has now by the ledger, at both forges."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

import pytest
from tests.flow import stories

from counterseal.forges import ForgeKind
from counterseal_sandbox.demo.site import TAG

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]


def body(world: FlowWorld, number: int) -> str:
    """Return the text of a change request as people read it."""
    return html.unescape(stories.hosted(world).changes.get(number).body)


def test_a_request_is_compared_with_what_its_stage_has(fresh: FlowWorld) -> None:
    first = stories.ask(fresh, "staging")
    assert "staging has nothing yet that they could be compared with" in body(fresh, first.number)
    stories.approve_and_merge(fresh, first, "alice")
    fresh.counterseal("gate", environment=fresh.run())
    arguments = ("request", "--stage", "staging", "--reason", "once more", "--again", "--format", "json")
    said = json.loads(fresh.counterseal(*arguments, environment=fresh.person("bob")).output)
    assert said["compared"]["problem"] == ""
    assert (said["compared"]["tag"], said["compared"]["entry"]) == (TAG, 1)
    same = f"the same components, compared with {TAG}, which staging has now (entry 1)"
    assert same in body(fresh, said["number"])
