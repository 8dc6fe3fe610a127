"""What people still have to set: all that was not seen to be right, each with its page."""

from __future__ import annotations

import pytest
from tests.unit.project.repositories import facts

from counterseal.model import ProjectSettings, RefRules, Schedule, Variable
from counterseal.project.plan import Settings, left_to_do

SHUT = RefRules(
    protected=True,
    by_change_request=True,
    bypassers=(),
    forced=False,
    deletable=False,
    stale_approvals=False,
    last_push_approved=True,
)
VARIABLE = Variable("COUNTERSEAL_GITLAB_TOKEN", "project", protected=True, masked=True)
WELL = {
    "github.com": Settings(SHUT, SHUT, SHUT, ProjectSettings(immutable_releases=True)),
    "gitlab.com": Settings(
        SHUT,
        SHUT,
        SHUT,
        ProjectSettings(job_token_may_push=True, pipeline_variables="no_one_allowed"),
        (VARIABLE,),
        (Schedule("", "refs/heads/main", active=True, state="active"),),
    ),
}


@pytest.mark.parametrize(("host", "count"), [("github.com", 5), ("gitlab.com", 7)])
def test_what_nobody_saw_is_to_do_and_what_is_right_is_not(host: str, count: int) -> None:
    assert len(left_to_do(facts(host=host), Settings())) == count
    assert left_to_do(facts(host=host), WELL[host]) == ()


def test_each_has_the_page_where_it_is_set() -> None:
    pages = [setting.page for setting in left_to_do(facts(), Settings())]
    assert set(pages) == {"https://github.com/ACME/app/settings/rules", "https://github.com/ACME/app/settings"}
    pages = [setting.page for setting in left_to_do(facts(host="gitlab.com"), Settings())]
    assert "https://gitlab.com/ACME/app/-/settings/ci_cd#js-token-access" in pages
    assert all(page.startswith("https://gitlab.com/ACME/app/-/") for page in pages)


@pytest.mark.parametrize(
    "rules",
    [
        RefRules(protected=False),
        RefRules(protected=True),
        RefRules(protected=True, by_change_request=True),
        RefRules(protected=True, by_change_request=True, bypassers=("everybody",)),
    ],
    ids=["open", "unknown", "bypass not seen", "bypassed"],
)
def test_a_branch_that_may_be_gone_around_is_to_do(rules: RefRules) -> None:
    first, *_ = left_to_do(facts(), Settings(branch=rules))
    assert first.what.startswith("rule for main: changes by pull request only")
