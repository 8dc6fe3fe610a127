"""Scenarios of too much: junk, strangers' reviews, changes of any size. Nobody stops the others by that (R54)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import stories
from tests.flow.stories import Asked, approve_and_merge, ask, by_hand, content, merge, path_of, propose

from counterseal.forges import ForgeKind
from counterseal.formats.wire import canonical
from counterseal_sandbox.forge.git.objects import Signature

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow(seconds=4), pytest.mark.forges(*ForgeKind)]

REVISION = "review-of-this-revision"
FORM = "promotions/<stage>/<sha256 of manifest.json>.<request id>.json"


@pytest.fixture(scope="module")
def flooded(shared: FlowWorld) -> dict[str, Any]:
    """Return by request what one run says of junk in one, in several and in long named files, and of a good request."""
    world = shared
    junk = {f"promotions/staging/junk-{number}.json": b"{}" for number in range(40)}
    merge(world, Asked(propose(world, "junk", junk), "", "junk"))
    several = propose(world, "several", {f"promotions/{number}": b"{}" for number in range(3)})
    merge(world, Asked(several, "", "several"), "rebase")
    long = "/".join(["x" * 200] * 235)
    merge(world, Asked(propose(world, "long", {f"promotions/{long}": b"{}"}), "", "long"))
    said = content(world, "staging", requestId="with-others")
    beside = {path_of(said): canonical(said), f"aside/{long}": b"x", **{f"aside/{number}": b"" for number in range(20)}}
    merge(world, Asked(propose(world, "beside", beside), "", "beside"))
    unapproved = by_hand(world, "staging", "unapproved")
    merge(world, unapproved)
    asked = ask(world, "staging")
    approve_and_merge(world, asked, "alice")
    run = world.run()
    result = world.gate(environment=run, code=10)
    assert result["failed"] == []
    again = world.gate()
    return {"result": result, "again": again, "asked": asked, "beside": path_of(said), "unapproved": unapproved}


def test_junk_is_one_deny_a_change(flooded: dict[str, Any]) -> None:
    strays = [each for each in flooded["result"]["decisions"] if "@" in each["request"]]
    says = [stories.finding(each["decision"], REVISION, "request-malformed") for each in strays]
    assert [each.split(" came")[0] for each in says] == [
        "40 files that are no requests",
        "3 files that are no requests",
        "1 file that is not a request",
    ]
    assert all(FORM in each for each in says)
    assert len({each["decision"]["request"]["number"] for each in strays}) == 3


def test_who_has_approvals_is_first(flooded: dict[str, Any]) -> None:
    decisions = flooded["result"]["decisions"]
    assert decisions[0]["request"] == flooded["asked"].path
    assert decisions[0]["decision"]["outcome"] == "allow"
    assert [each["request"] for each in decisions[1:3]] == [flooded["beside"], flooded["unapproved"].path]


def test_long_names_beside_a_request_are_cut_short(flooded: dict[str, Any]) -> None:
    beside = next(each for each in flooded["result"]["decisions"] if each["request"] == flooded["beside"])
    says = stories.finding(beside["decision"], REVISION, "other-changes")
    assert "the change touches 21 more files" in says
    assert len(says) < 1000


def test_what_was_decided_is_not_decided_again(flooded: dict[str, Any]) -> None:
    assert not any(each["fresh"] for each in flooded["again"]["decisions"])


def shown(result: Any, path: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in result["decisions"] if each["request"] == path)["decision"]
    return found


@pytest.mark.forges(ForgeKind.GITHUB)
def test_names_of_requests_are_no_way_to_keep_a_gate_busy(fresh: FlowWorld) -> None:
    # the allow is published by the same run, and not after thousands of signed denies
    names = [f"promotions/staging/{number:064x}.junk.json" for number in range(34)]
    merge(fresh, Asked(propose(fresh, "names", dict.fromkeys(names, b"{}")), "", "names"))
    asked = ask(fresh, "staging")
    approve_and_merge(fresh, asked, "alice")
    result = fresh.counterseal("gate", "--format", "json", environment=fresh.run(), code=10)
    said = json.loads(result.output)["decisions"]
    assert (said[0]["request"], said[0]["outcome"], len(said)) == (asked.path, "allow", 1 + 32)
    assert "2 more requests wait for the next run" in result.errors
    rest = [each for each in fresh.gate(code=10)["decisions"] if each["fresh"]]
    assert {each["request"] for each in rest} == set(names) - {each["request"] for each in said}


@pytest.mark.forges(ForgeKind.GITHUB)
def test_reviews_of_deleted_accounts_and_of_strangers_do_not_fill_the_record(fresh: FlowWorld) -> None:
    world, forge = fresh, fresh.sandbox.forge
    asked = ask(world, "staging")
    world.review("alice", asked.number)
    changes = stories.hosted(world).changes
    change = changes.get(asked.number)
    gone = forge.create_account("gone-by-then")
    strangers = [forge.create_account(f"stranger-with-a-long-name-{number:04}") for number in range(200)]
    for each in (*[gone] * 200, *strangers):
        changes.review(change, each, "APPROVE")
    for _ in range(70):
        changes.review(change, strangers[0], "COMMENT", body="x" * 60_000)
    forge.accounts.delete(gone)
    merge(world, asked)
    decision = shown(world.gate(), asked.path)
    assert decision["outcome"] == "allow"
    assert [each["actor"]["login"] for each in decision["reviews"] if each["groups"]] == ["alice"]
    review = next(each for each in decision["findings"] if each["rule"] == REVISION)
    assert len(review["dismissed"]) == 25
    assert stories.told(decision, REVISION)[1][-1][0] == "177 more"
    assert len(json.dumps(decision)) < 32 << 10
    asked = ask(world, "staging", "once more")
    approve_and_merge(world, asked, "alice")
    assert shown(world.gate(), asked.path)["outcome"] == "allow"


@pytest.mark.forges(ForgeKind.GITHUB)
def test_a_change_of_more_commits_than_github_lists_is_a_deny(fresh: FlowWorld) -> None:
    world, repository = fresh, stories.hosted(fresh)
    said = content(world, "staging", requestId="many-commits")
    bob, git = world.sandbox.forge.account("bob"), repository.git
    tip = repository.branch("main") or ""
    person = Signature("bob", bob.noreply, repository.now())
    tree = git.text("rev-parse", f"{tip}^{{tree}}")
    for number in range(250):
        tip = git.commit_tree(tree, [tip], f"empty {number}", author=person, committer=person)
    repository.move_branch("many", tip, bob)
    repository.write_file("many", path_of(said), canonical(said), bob)
    number = repository.changes.open(bob, "many", "main", title="Promote").number
    approve_and_merge(world, Asked(number, path_of(said), "many"), "alice")
    decision = shown(world.gate(code=10), path_of(said))
    says = stories.finding(decision, REVISION, "beyond-limits")
    assert "it has 251 commits, of which GitHub lists the first 250 only" in says
