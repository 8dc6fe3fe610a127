"""What a project's settings and two gates at once do to a gate of the page: our message, and a whole ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.ci import gitlab_newcomer, newcomer
from tests.ci.test_gitlab_story import GATE, decisions
from tests.flow import worlds

from counterseal.adapters.gitlab.access import SETTINGS
from counterseal.identifiers import LEDGER_REF
from counterseal_sandbox.demo.site import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ci.gitlab_local import Local
    from tests.ci.gitlab_newcomer import Newcomer
    from tests.ci.newcomer import Product

pytestmark = [pytest.mark.gitlab, pytest.mark.slow]


@pytest.fixture
def merged(tmp_path: Path, local: Local, product: Product) -> Iterator[Newcomer]:
    """A newcomer whose approved request for staging is merged, and no gate ran."""
    dist = worlds.build(tmp_path / "build")
    with gitlab_newcomer.newcomer_project(tmp_path / "newcomer", local, product) as found:
        newcomer.with_candidate(found.world, dist)
        number = found.world.request("staging")
        found.world.review("alice", number)
        found.world.merge("bob", number)
        yield found


def refused(project: Newcomer, *texts: str, api_token: bool = True) -> None:
    """Check that the gate fails with all these texts, and that nothing is recorded."""
    pipeline = project.promote(api_token=api_token)
    assert pipeline.jobs[GATE] == "FAIL", pipeline.text
    assert "Traceback" not in pipeline.text
    for text in texts:
        assert text in pipeline.log(GATE), pipeline.log(GATE)
    assert project.world.ledger_tips() == {}


def test_the_jobs_token_may_not_push(merged: Newcomer) -> None:
    merged.world.sandbox.forge.repository(NAME).job_token_may_push = False
    refused(merged, "Allow Git push requests to the repository", SETTINGS)


def test_no_token_that_reads_approvals(merged: Newcomer) -> None:
    refused(merged, "COUNTERSEAL_GITLAB_TOKEN", "read_api", SETTINGS, api_token=False)


def test_nobody_may_push_to_the_ledger(merged: Newcomer) -> None:
    merged.world.sandbox.forge.repository(NAME).let_push(LEDGER_REF, None)
    refused(merged, "Settings → Repository → Protected branches → counterseal-ledger", SETTINGS)


def test_two_gates_at_once(merged: Newcomer) -> None:
    """gitlab-ci-local knows no resource_group, so they overlap: the loser of the push takes up what is there."""
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(merged.promote) for _ in range(2)]
        pipelines = [each.result() for each in runs]
    assert [each.jobs[GATE] for each in pipelines] == ["PASS"] * 2, "".join(each.text for each in pipelines)
    assert [decisions(each) for each in pipelines] == [[("staging", "allow", 1)]] * 2
    tips = merged.world.ledger_tips()
    assert len(set(tips.values())) == 1, "the branch and its copy are equal"
    count = merged.world.sandbox.forge.repository(NAME).git.text("rev-list", "--count", LEDGER_REF)
    assert int(count) == 2, "the beginning, and one decision"
