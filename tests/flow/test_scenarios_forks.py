"""Scenarios of whoever has a fork and nothing else: what they do with it afterwards stops no gate (R45, R54)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.flow import stories
from tests.flow.stories import Asked

from counterseal.forges import ForgeKind
from counterseal.formats.wire import canonical

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]


def test_a_fork_that_is_hidden_after_its_request_was_merged(fresh: FlowWorld) -> None:
    # who pushed there cannot be told any more: somebody unknown, not an error at every run for ever
    said = stories.content(fresh, "staging", requestId="of-a-fork")
    forge, project, path = fresh.sandbox.forge, stories.hosted(fresh), stories.path_of(said)
    with forge.lock:
        author = forge.create_account("mallory")
        fork = forge.fork(project, "mallory")
        fork.write_file("main", path, canonical(said), author)
        number = project.changes.open(author, "main", "main", title="Mine", source=fork).number
    stories.approve_and_merge(fresh, Asked(number, path, "main"), "alice")
    fork.private = True
    decision = fresh.gate(code=10)["decisions"][-1]["decision"]
    says = stories.finding(decision, "enough-reviews", "review-missing")
    assert "1 of its pushers cannot be named" in says
