"""Two gates at once: a request gets its one decision, and the ledger stays whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.ci import newcomer
from tests.ci.test_story import decisions
from tests.flow import worlds

from counterseal.identifiers import LEDGER_REF
from counterseal_sandbox.demo.site import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ci.newcomer import Newcomer, Product

pytestmark = [pytest.mark.slow, pytest.mark.act]


@pytest.fixture
def merged(tmp_path: Path, tool: Callable[[str], Path], product: Product) -> Iterator[Newcomer]:
    """A newcomer whose approved request for staging is merged, and no gate ran."""
    dist = worlds.build(tmp_path / "build")
    with newcomer.newcomer(tmp_path / "newcomer", tool("act"), product) as found:
        newcomer.with_candidate(found.world, dist)
        number = found.world.request("staging")
        found.world.review("alice", number)
        found.world.merge("bob", number)
        yield found


def test_two_gates_at_once(merged: Newcomer) -> None:
    """act, unlike GitHub, lets runs of one concurrency group overlap: the loser of the push takes up what is there."""
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(merged.promote) for _ in range(2)]
        outcomes = [each.result() for each in runs]
    assert [each.jobs for each in outcomes] == [{"gate": "success"}] * 2, "".join(each.text for each in outcomes)
    assert [decisions(each) for each in outcomes] == [[("staging", "allow", 1)]] * 2
    tips = merged.world.ledger_tips()
    assert len(set(tips.values())) == 1, "the branch and its copy are equal"
    count = merged.world.sandbox.forge.repository(NAME).git.text("rev-list", "--count", LEDGER_REF)
    assert int(count) == 2, "the beginning, and one decision"
