"""What ends a hold or takes a revocation back, at both forges: from the request over its merge to the entry."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories, worlds
from tests.flow.stopping import hold, refused, revoke, started, stop
from tests.flow.stories import Asked, approve_and_merge

from counterseal.forges import ForgeKind
from counterseal.formats.wire import canonical
from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.pool import Pool
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(*ForgeKind)]


def ask(world: FlowWorld, kind: str, *arguments: str, by: str = "bob", reason: str = "it was another machine") -> Asked:
    """Let somebody ask for an event with the command line."""
    call = ("request", "--kind", kind, *arguments, "--reason", reason, "--format", "json")
    said: Any = json.loads(world.counterseal(*call, environment=world.person(by)).output)
    return Asked(said["number"], said["path"], stories.hosted(world).changes.get(said["number"]).head_branch)


def held(world: FlowWorld, stage: str = "staging", by: str = "alice") -> int:
    """Let somebody hold a stage; return the number of the entry."""
    return int(stop(world, started(world, hold(stage), by))["entry"])


#: The entry of the hold with which a world begins.
HOLD = 1


def hold_staging(world: FlowWorld) -> None:
    assert held(world) == HOLD
    assert recorded.kinds(world) == ["genesis", "hold"]


@pytest.fixture
def holding(pool: Pool, kind: ForgeKind) -> Iterator[FlowWorld]:
    """A world of its own in which alice holds staging, and nothing else was recorded."""
    with pool.world(kind, worlds.sign, hold_staging) as found:
        yield found


def ends(world: FlowWorld, entry: int, *people: str, **asked: Any) -> Any:
    """Ask for the end of a hold, let people approve, merge; return what the gate says in JSON, and its exit code."""
    approve_and_merge(world, ask(world, "resume", "--entry", str(entry), **asked), *people)
    return gate(world)


def gate(world: FlowWorld) -> Any:
    result = world.cli("gate", "--format", "json", environment=world.run())
    return {**json.loads(result.output), "code": result.exit_code}


def denied(said: Any, rule: str, code: str) -> str:
    """Check that an event was denied for one thing alone; return the sentence."""
    assert (said["code"], said["events"]) == (10, [])
    decision = said["decisions"][-1]["decision"]
    assert (decision["stage"], decision["outcome"]) == ("_events", "deny")
    assert stories.violated(decision) == {rule}
    return stories.finding(decision, rule, code)


def test_a_hold_is_ended_by_two_others(holding: FlowWorld) -> None:
    """What was denied while it held is asked for again, and comes in."""
    approve_and_merge(holding, stories.ask(holding, "staging"), "alice")
    holding.gate(code=12)
    asked = ask(holding, "resume", "--entry", str(HOLD))
    again = ask(holding, "resume", "--entry", str(HOLD))
    assert again == asked, "the same call finds what it opened"
    approve_and_merge(holding, asked, "carol", "dora")
    said = gate(holding)
    assert said["code"] == 0
    assert [(event["kind"], event["request"], event["fresh"]) for event in said["events"]] == [
        ("resume", asked.path, True)
    ]
    assert recorded.kinds(holding) == ["genesis", "hold", "deny", "resume"]
    shown = holding.counterseal("gate", "--request", asked.path, environment=holding.run()).output
    assert "resume: 1 hold is ended" in shown
    assert "approved by carol, dora" in shown
    approve_and_merge(holding, stories.ask(holding, "staging", "the hold was ended"), "alice")
    assert [each["outcome"] for each in holding.gate()["decisions"]] == ["allow"]


def test_the_holder_does_not_end_it_alone(holding: FlowWorld) -> None:
    # 92 | a hold ended by its holder alone, or by its holder and one other | B | deny | R37
    said = ends(holding, HOLD, "alice", "carol")
    says = denied(said, "enough-reviews", "review-missing")
    assert "1 of 2 required approvals" in says
    dismissed = next(each for each in said["decisions"][0]["decision"]["findings"] if each["rule"] == "enough-reviews")[
        "dismissed"
    ]
    assert [(each["actor"]["login"], each["code"]) for each in dismissed] == [("alice", "restricted")]
    assert recorded.kinds(holding) == ["genesis", "hold", "deny"]


def test_one_approval_is_not_enough(holding: FlowWorld) -> None:
    # 93 | a hold ended with one approval | B | deny | R37
    denied(ends(holding, HOLD, "carol"), "enough-reviews", "review-missing")


def test_a_later_hold_stays(holding: FlowWorld) -> None:
    # 94 | a resume that is to lift a hold which came after it was asked for | B | that hold stays | R37
    asked = ask(holding, "resume", "--entry", str(HOLD))
    held(holding, by="dora")
    approve_and_merge(holding, asked, "carol", "dora")
    assert gate(holding)["code"] == 0
    approve_and_merge(holding, stories.ask(holding, "staging"), "alice")
    holding.gate(code=12)


def test_a_second_file_comes_with_it(holding: FlowWorld) -> None:
    # 95 | a resume with a second file in its change: another hold's, or anything | B | deny | R21 R37
    asked = ask(holding, "resume", "--entry", str(HOLD))
    data = stories.read(holding, asked.path, f"refs/heads/{asked.branch}")
    files = {asked.path: data, "promotions/_events/resume.other.json": data.replace(b'"1-1"', b'"other"')}
    approve_and_merge(
        holding, Asked(stories.propose(holding, "two-files", files), asked.path, "two-files"), "carol", "dora"
    )
    said = gate(holding)
    assert (said["code"], said["events"]) == (10, [])
    for each in said["decisions"]:
        assert "other-changes" in {finding["code"] for finding in each["decision"]["findings"]}
    assert "resume" not in recorded.kinds(holding)


def test_a_file_that_names_another_hold_than_was_reviewed(holding: FlowWorld) -> None:
    # 96 | a resume whose file is changed after the approvals, to another hold | B | deny | R10 R37
    second = held(holding, "production", "dora")
    asked, other = (ask(holding, "resume", "--entry", str(entry)) for entry in (HOLD, second))
    for login in ("carol", "dora"):
        holding.review(login, asked.number)
    named = json.loads(stories.read(holding, other.path, f"refs/heads/{other.branch}"))["entries"][0]
    said = json.loads(stories.read(holding, asked.path, f"refs/heads/{asked.branch}"))
    stories.write(holding, asked.branch, asked.path, canonical({**said, "entries": [named]}))
    stories.merge(holding, asked)
    said = gate(holding)
    assert (said["code"], said["events"]) == (10, [])
    assert "resume" not in recorded.kinds(holding)


def test_the_policy_changed_since_it_was_asked(holding: FlowWorld) -> None:
    # 97 | an event's request made under a policy that was changed since | B | deny | R21 R37
    asked = ask(holding, "resume", "--entry", str(HOLD))
    for login in ("carol", "dora"):
        holding.review(login, asked.number)
    stories.bring_policy(holding, stories.read(holding, POLICY_PATH) + b"# changed\n")
    stories.merge(holding, asked)
    denied(gate(holding), "review-of-this-revision", "policy-changed")


def test_it_is_pushed_without_a_change_request(holding: FlowWorld) -> None:
    # 98 | an event's request pushed to the branch, or merged by nobody's review | B | deny | R08 R37
    asked = ask(holding, "resume", "--entry", str(HOLD))
    data = stories.read(holding, asked.path, f"refs/heads/{asked.branch}")
    with stories.long_ago(holding):
        stories.write(holding, "main", asked.path, data)
    said = gate(holding)
    assert (said["code"], said["events"]) == (10, [])


def test_a_revocation_is_confirmed_and_taken_back(staged: FlowWorld) -> None:
    # 99 | a revocation as sabotage, and its way back | B | taken back by two others; then allow | R37
    wheel = hashlib.sha256(staged.hands.read("app-1.2.0-py3-none-any.whl")).hexdigest()
    entry = int(stop(staged, started(staged, revoke(f"artifact:{wheel}"), "alice"))["entry"])
    approve_and_merge(staged, ask(staged, "revocation", "--entry", str(entry)), "carol", "dora")
    lasting = gate(staged)["events"][0]
    assert lasting["kind"] == "revocation"
    asked = ask(staged, "reinstatement", "--entry", str(lasting["sequence"]), reason="a false alarm")
    approve_and_merge(staged, asked, "alice", "dora")
    assert [event["kind"] for event in gate(staged)["events"]] == ["reinstatement"]
    # 106 | (taken back) once people took it back
    says = refused(staged, started(staged, revoke(f"artifact:{wheel}"), "alice"), "alice revoked this artifact already")
    assert "for that it takes another person" in says.errors
    again = staged.counterseal("request", "--kind", "reinstatement", "--entry", str(entry), "--reason", "x",
                              environment=staged.person("bob"), code=2)  # fmt: skip
    assert f"the revocation of entry {entry} ended at" in again.errors
    approve_and_merge(staged, stories.ask(staged, "production"), "alice", "dora")
    assert [each["outcome"] for each in staged.gate()["decisions"]] == ["allow"]


def test_what_the_command_refuses(holding: FlowWorld) -> None:
    bob = holding.person("bob")

    def refused(says: str, *arguments: str, reason: str = "because") -> None:
        result = holding.counterseal("request", *arguments, "--reason", reason, environment=bob, code=2)
        assert says in result.errors, result.errors
        assert "  fix: " in result.errors

    refused("no entry 43", "--kind", "resume", "--entry", "43")
    refused("entry 0 is no hold in force", "--kind", "resume", "--entry", "0")
    refused("is a hold, not a revocation", "--kind", "reinstatement", "--entry", str(HOLD))
    refused("is a hold, not a revocation", "--kind", "revocation", "--entry", str(HOLD))
    refused("a resume of nothing", "--kind", "resume")
    refused("a resume has no target", "--kind", "resume", "--target", f"artifact={'1' * 64}")
    refused("both --entry and --target", "--kind", "revocation", "--entry", "1", "--target", f"artifact={'1' * 64}")
    refused("'1' is no artifact", "--kind", "revocation", "--target", "artifact=1")
    refused("has no value", "--kind", "revocation", "--target", "artifact")
    refused("cannot be revoked", "--kind", "revocation", "--target", "stage=production")
    refused("no --reason", "--kind", "resume", "--entry", str(HOLD), reason="")
    refused("--stage is an option of a promotion", "--kind", "resume", "--entry", str(HOLD), "--stage", "staging")
    refused("--entry is an option of --kind", "--stage", "staging", "--entry", str(HOLD))
    refused("--since is of what --target names", "--kind", "resume", "--entry", str(HOLD), "--since", "2026-01-01")


def test_a_dry_run_opens_nothing(holding: FlowWorld) -> None:
    before = len(list(stories.hosted(holding).changes))
    call = ("request", "--kind", "resume", "--entry", str(HOLD), "--reason", "why", "--dry-run")
    output = holding.counterseal(*call, environment=holding.person("bob")).output
    assert output.startswith(f"would request: End the hold of entry {HOLD}\n")
    assert "approvals: 2 needed of the policy's people (carol, dora); bob asked, so bob does not count" in output
    assert len(list(stories.hosted(holding).changes)) == before


def test_two_revoke_a_run_and_nobody_reinstates_their_own(fresh: FlowWorld) -> None:
    # 100 | a reinstatement approved by somebody whose run was revoked | B | deny | R37
    fresh.gate()
    run = "https://nowhere.example/acme/app/actions/runs/1/attempts/1"
    approve_and_merge(fresh, ask(fresh, "revocation", "--target", f"run={run}"), "carol", "dora")
    entry = gate(fresh)["events"][0]["sequence"]
    approve_and_merge(fresh, ask(fresh, "reinstatement", "--entry", str(entry)), "carol", "dora")
    says = denied(gate(fresh), "enough-reviews", "review-missing")
    assert "the forge says nothing any more of a run that was revoked" in says
