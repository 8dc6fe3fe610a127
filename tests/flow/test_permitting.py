"""What ends a hold or takes a revocation back, at both forges: from the request over its merge to the entry."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import recorded, stories
from tests.flow.stopping import hold, refused, revoke, started, stop
from tests.flow.stories import Asked, approve_and_merge

from counterseal.forges import ForgeKind
from counterseal.formats.wire import canonical
from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
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


def test_a_hold_is_ended_by_two_others(fresh: FlowWorld) -> None:
    """What was denied while it held is asked for again, and comes in."""
    entry = held(fresh)
    approve_and_merge(fresh, stories.ask(fresh, "staging"), "alice")
    fresh.gate(code=12)
    asked = ask(fresh, "resume", "--entry", str(entry))
    again = ask(fresh, "resume", "--entry", str(entry))
    assert again == asked, "the same call finds what it opened"
    approve_and_merge(fresh, asked, "carol", "dora")
    said = gate(fresh)
    assert said["code"] == 0
    assert [(event["kind"], event["request"], event["fresh"]) for event in said["events"]] == [
        ("resume", asked.path, True)
    ]
    assert recorded.kinds(fresh) == ["genesis", "hold", "deny", "resume"]
    shown = fresh.counterseal("gate", "--request", asked.path, environment=fresh.run()).output
    assert "resume: 1 hold is ended" in shown
    assert "approved by carol, dora" in shown
    approve_and_merge(fresh, stories.ask(fresh, "staging", "the hold was ended"), "alice")
    assert [each["outcome"] for each in fresh.gate()["decisions"]] == ["allow"]


def test_the_holder_does_not_end_it_alone(fresh: FlowWorld) -> None:
    # 92 | a hold ended by its holder alone, or by its holder and one other | B | deny | R37
    entry = held(fresh)
    said = ends(fresh, entry, "alice", "carol")
    says = denied(said, "enough-reviews", "review-missing")
    assert "1 of 2 required approvals" in says
    dismissed = next(each for each in said["decisions"][0]["decision"]["findings"] if each["rule"] == "enough-reviews")[
        "dismissed"
    ]
    assert [(each["actor"]["login"], each["code"]) for each in dismissed] == [("alice", "restricted")]
    assert recorded.kinds(fresh) == ["genesis", "hold", "deny"]


def test_one_approval_is_not_enough(fresh: FlowWorld) -> None:
    # 93 | a hold ended with one approval | B | deny | R37
    denied(ends(fresh, held(fresh), "carol"), "enough-reviews", "review-missing")


def test_a_later_hold_stays(fresh: FlowWorld) -> None:
    # 94 | a resume that is to lift a hold which came after it was asked for | B | that hold stays | R37
    first = held(fresh)
    asked = ask(fresh, "resume", "--entry", str(first))
    held(fresh, by="dora")
    approve_and_merge(fresh, asked, "carol", "dora")
    assert gate(fresh)["code"] == 0
    approve_and_merge(fresh, stories.ask(fresh, "staging"), "alice")
    fresh.gate(code=12)


def test_a_second_file_comes_with_it(fresh: FlowWorld) -> None:
    # 95 | a resume with a second file in its change: another hold's, or anything | B | deny | R21 R37
    entry = held(fresh)
    asked = ask(fresh, "resume", "--entry", str(entry))
    data = stories.read(fresh, asked.path, f"refs/heads/{asked.branch}")
    files = {asked.path: data, "promotions/_events/resume.other.json": data.replace(b'"1-1"', b'"other"')}
    approve_and_merge(
        fresh, Asked(stories.propose(fresh, "two-files", files), asked.path, "two-files"), "carol", "dora"
    )
    said = gate(fresh)
    assert (said["code"], said["events"]) == (10, [])
    for each in said["decisions"]:
        assert "other-changes" in {finding["code"] for finding in each["decision"]["findings"]}
    assert "resume" not in recorded.kinds(fresh)


def test_a_file_that_names_another_hold_than_was_reviewed(fresh: FlowWorld) -> None:
    # 96 | a resume whose file is changed after the approvals, to another hold | B | deny | R10 R37
    first, second = held(fresh), held(fresh, "production", "dora")
    asked, other = (ask(fresh, "resume", "--entry", str(entry)) for entry in (first, second))
    for login in ("carol", "dora"):
        fresh.review(login, asked.number)
    named = json.loads(stories.read(fresh, other.path, f"refs/heads/{other.branch}"))["entries"][0]
    said = json.loads(stories.read(fresh, asked.path, f"refs/heads/{asked.branch}"))
    stories.write(fresh, asked.branch, asked.path, canonical({**said, "entries": [named]}))
    stories.merge(fresh, asked)
    said = gate(fresh)
    assert (said["code"], said["events"]) == (10, [])
    assert "resume" not in recorded.kinds(fresh)


def test_the_policy_changed_since_it_was_asked(fresh: FlowWorld) -> None:
    # 97 | an event's request made under a policy that was changed since | B | deny | R21 R37
    asked = ask(fresh, "resume", "--entry", str(held(fresh)))
    for login in ("carol", "dora"):
        fresh.review(login, asked.number)
    stories.bring_policy(fresh, stories.read(fresh, POLICY_PATH) + b"# changed\n")
    stories.merge(fresh, asked)
    denied(gate(fresh), "review-of-this-revision", "policy-changed")


def test_it_is_pushed_without_a_change_request(fresh: FlowWorld) -> None:
    # 98 | an event's request pushed to the branch, or merged by nobody's review | B | deny | R08 R37
    asked = ask(fresh, "resume", "--entry", str(held(fresh)))
    data = stories.read(fresh, asked.path, f"refs/heads/{asked.branch}")
    with stories.long_ago(fresh):
        stories.write(fresh, "main", asked.path, data)
    said = gate(fresh)
    assert (said["code"], said["events"]) == (10, [])


def test_a_revocation_is_confirmed_and_taken_back(fresh: FlowWorld) -> None:
    # 99 | a revocation as sabotage, and its way back | B | taken back by two others; then allow | R37
    stories.allow_staging(fresh)
    wheel = hashlib.sha256(fresh.hands.read("app-1.2.0-py3-none-any.whl")).hexdigest()
    entry = int(stop(fresh, started(fresh, revoke(f"artifact:{wheel}"), "alice"))["entry"])
    approve_and_merge(fresh, ask(fresh, "revocation", "--entry", str(entry)), "carol", "dora")
    lasting = gate(fresh)["events"][0]
    assert lasting["kind"] == "revocation"
    asked = ask(fresh, "reinstatement", "--entry", str(lasting["sequence"]), reason="a false alarm")
    approve_and_merge(fresh, asked, "alice", "dora")
    assert [event["kind"] for event in gate(fresh)["events"]] == ["reinstatement"]
    # 106 | (taken back) once people took it back
    says = refused(fresh, started(fresh, revoke(f"artifact:{wheel}"), "alice"), "alice revoked this artifact already")
    assert "for that it takes another person" in says.errors
    again = fresh.counterseal("request", "--kind", "reinstatement", "--entry", str(entry), "--reason", "x",
                              environment=fresh.person("bob"), code=2)  # fmt: skip
    assert f"the revocation of entry {entry} ended at" in again.errors
    approve_and_merge(fresh, stories.ask(fresh, "production"), "alice", "dora")
    assert [each["outcome"] for each in fresh.gate()["decisions"]] == ["allow"]


def test_what_the_command_refuses(fresh: FlowWorld) -> None:
    entry = held(fresh)
    bob = fresh.person("bob")

    def refused(says: str, *arguments: str, reason: str = "because") -> None:
        result = fresh.counterseal("request", *arguments, "--reason", reason, environment=bob, code=2)
        assert says in result.errors, result.errors
        assert "  fix: " in result.errors

    refused("no entry 43", "--kind", "resume", "--entry", "43")
    refused("entry 0 is no hold in force", "--kind", "resume", "--entry", "0")
    refused("is a hold, not a revocation", "--kind", "reinstatement", "--entry", str(entry))
    refused("is a hold, not a revocation", "--kind", "revocation", "--entry", str(entry))
    refused("a resume of nothing", "--kind", "resume")
    refused("a resume has no target", "--kind", "resume", "--target", f"artifact={'1' * 64}")
    refused("both --entry and --target", "--kind", "revocation", "--entry", "1", "--target", f"artifact={'1' * 64}")
    refused("'1' is no artifact", "--kind", "revocation", "--target", "artifact=1")
    refused("has no value", "--kind", "revocation", "--target", "artifact")
    refused("cannot be revoked", "--kind", "revocation", "--target", "stage=production")
    refused("no --reason", "--kind", "resume", "--entry", str(entry), reason="")
    refused("--stage is an option of a promotion", "--kind", "resume", "--entry", str(entry), "--stage", "staging")
    refused("--entry is an option of --kind", "--stage", "staging", "--entry", str(entry))
    refused("--since is of what --target names", "--kind", "resume", "--entry", str(entry), "--since", "2026-01-01")


def test_a_dry_run_opens_nothing(fresh: FlowWorld) -> None:
    entry, before = held(fresh), len(list(stories.hosted(fresh).changes))
    call = ("request", "--kind", "resume", "--entry", str(entry), "--reason", "why", "--dry-run")
    output = fresh.counterseal(*call, environment=fresh.person("bob")).output
    assert output.startswith(f"would request: End the hold of entry {entry}\n")
    assert "approvals: 2 needed of the policy's people (carol, dora); bob asked, so bob does not count" in output
    assert len(list(stories.hosted(fresh).changes)) == before


def test_two_revoke_a_run_and_nobody_reinstates_their_own(fresh: FlowWorld) -> None:
    # 100 | a reinstatement approved by somebody whose run was revoked | B | deny | R37
    fresh.gate()
    run = "https://nowhere.example/acme/app/actions/runs/1/attempts/1"
    approve_and_merge(fresh, ask(fresh, "revocation", "--target", f"run={run}"), "carol", "dora")
    entry = gate(fresh)["events"][0]["sequence"]
    approve_and_merge(fresh, ask(fresh, "reinstatement", "--entry", str(entry)), "carol", "dora")
    says = denied(gate(fresh), "enough-reviews", "review-missing")
    assert "the forge says nothing any more of a run that was revoked" in says
