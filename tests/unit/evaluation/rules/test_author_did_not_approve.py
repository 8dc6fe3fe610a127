"""Rule `author-did-not-approve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.evidence_samples import (
    ALICE,
    DORA,
    ERIN,
    ROBOT,
    advised,
    commit,
    evidence,
    malformed,
    review,
    told,
    with_change,
)

from counterseal.evaluation.rules import author_did_not_approve
from counterseal.model import Finding, FindingOutcome
from counterseal.policy.rule import NoOptions
from counterseal.render.findings import not_counted

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence


def judged(found: Evidence) -> Finding:
    return author_did_not_approve.judge(found, NoOptions())


def test_others_approved() -> None:
    found = judged(evidence())
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == "request #18 was approved by alice, dora, who had no part in it"


def test_an_author_who_approved_too_is_named() -> None:
    found = judged(with_change(author=ALICE))
    assert found.outcome is FindingOutcome.SATISFIED
    assert [each.actor.login for each in found.counted] == ["dora"]
    assert [not_counted(each) for each in found.dismissed] == [("alice", "author of this request")]


def test_only_the_author_approved() -> None:
    found = judged(with_change(author=ALICE, reviews=(review(ALICE),)))
    assert (found.outcome, found.code) == (FindingOutcome.VIOLATED, "nobody-else")
    assert [not_counted(each) for each in found.dismissed] == [("alice", "author of this request")]


def test_nobody_approved() -> None:
    assert judged(with_change(reviews=())).code == "nobody-else"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (with_change(author=None), "its author's account was deleted"),
        (with_change(commits=(commit(ERIN, unattributed=1),)), "commit 8d1e07b has 1 whom the forge cannot name"),
        (with_change(unknown_pushers=2), "2 of its pushers cannot be named"),
        (with_change(commits=()), "it has no commits"),
    ],
)
def test_unknown_makers(found: Evidence, why: str) -> None:
    finding = judged(found)
    assert (finding.outcome, finding.code) == (FindingOutcome.VIOLATED, "author-unknown")
    assert told(finding) == f"who made request #18 is not completely known: {why}"
    assert "e-mail addresses" in advised(finding)


def test_a_robot_may_open_a_request_for_somebody() -> None:
    found = judged(with_change(author=ROBOT, commits=(commit(ROBOT),), pushers=(ROBOT,), reviews=(review(DORA),)))
    assert found.outcome is FindingOutcome.SATISFIED


@pytest.mark.parametrize("found", [malformed(), evidence(change=None)])
def test_nothing_to_judge(found: Evidence) -> None:
    assert (judged(found).outcome, judged(found).code) == (FindingOutcome.SKIPPED, "no-request")
