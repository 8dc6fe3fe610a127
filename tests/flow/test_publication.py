"""What a release is made of, and that what is out stays as it is."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import worlds

from counterseal import evaluation, ledger
from counterseal.evaluation import decision
from counterseal.evaluation import evidence as evidence_room
from counterseal.gate import appending, collect
from counterseal.gate import ledger as gate_ledger
from counterseal.gate.ledger.recording import Draft
from counterseal.identifiers import NOTES_REF
from counterseal.ledger import keys
from counterseal.model import FindingOutcome
from counterseal.wiring.ports import Wiring
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.http import json_response

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal.gate.ledger import Tip
    from counterseal_sandbox.http import Response

pytestmark = pytest.mark.slow(seconds=4)


def promote(world: FlowWorld, stage: str, *reviewers: str, again: bool = False, code: int = 0) -> Any:
    number = world.request(stage, "because", *(["--again"] if again else []))
    for login in reviewers:
        world.review(login, number)
    world.merge("bob", number)
    return world.gate(code=code)


def assets(world: FlowWorld) -> dict[str, tuple[int, str]]:
    return {each["name"]: (each["id"], each["digest"]) for each in world.release()["assets"]}


def test_a_release_holds_what_the_formats_say_and_cannot_be_published_twice(fresh: FlowWorld) -> None:
    # R38 | each artifact has its summary, signed after the decision was recorded
    promote(fresh, "staging", "alice")
    result = promote(fresh, "production", "alice", "dora")
    assert [each["tag"] for each in result["published"]] == [TAG]
    before = assets(fresh)
    wheel, sdist = "app-1.2.0-py3-none-any.whl", "app-1.2.0.tar.gz"
    assert set(before) == {
        *(f"{name}{suffix}" for name in (wheel, sdist) for suffix in ("", ".sigstore.json", ".vsa.sigstore.json")),
        *("build.intoto.jsonl", "counterseal.intoto.jsonl", "manifest.json", "sbom.cdx.json"),
        *("evidence.json", "SHA256SUMS", "ledger-proof.json"),
    }
    sums = fresh.client.call("GET", fresh.asset("SHA256SUMS")["url"], token=fresh.people["bob"].token, raw=True)
    for line in sums.decode().splitlines():
        digest, _, name = line.partition("  ")
        assert before[name][1] == f"sha256:{digest}"
    listed = {line.partition("  ")[2] for line in sums.decode().splitlines()}
    assert set(before) - listed == {"SHA256SUMS", "ledger-proof.json"}

    # the same again: denied, and not one asset of the public release was touched
    denied = promote(fresh, "production", "alice", "dora", again=True, code=10)
    assert fresh.findings(denied)["digest-matches"]["code"] == "released-already"
    assert denied["published"] == []
    assert assets(fresh) == before


def test_the_evidence_of_each_decision_is_kept_in_the_ledger(fresh: FlowWorld) -> None:
    results = [promote(fresh, "staging", "alice"), promote(fresh, "production", "alice", code=10)]
    results.append(promote(fresh, "production", "alice", "dora", again=True))
    fresh.git("fetch", "-q", "origin", f"+{NOTES_REF}:{NOTES_REF}")
    kept, digest = {}, ""
    for result in results:
        decision = result["decisions"][-1]["decision"]
        digest = decision["evidenceDigest"]["sha256"]
        kept[digest] = fresh.git("notes", f"--ref={NOTES_REF}", "show", keys.key("evidence", digest))
        assert hashlib.sha256(kept[digest].encode()).hexdigest() == digest
        assert json.loads(kept[digest])["stage"] == decision["stage"]
    assert len(kept) == 3
    assert fresh.git("notes", f"--ref={NOTES_REF}", "show", f"{TAG}^{{commit}}").count('"dsseEnvelope"') == 3
    data = fresh.client.call("GET", fresh.asset("evidence.json")["url"], token=fresh.people["bob"].token, raw=True)
    assert hashlib.sha256(data).hexdigest() == digest
    assert json.loads(data)["schema"] == "counterseal.evidence/v1"


def test_an_allow_whose_release_somebody_else_made_public_is_withdrawn(fresh: FlowWorld) -> None:
    promote(fresh, "staging", "alice")
    number = fresh.request("production")
    fresh.review("alice", number)
    fresh.review("dora", number)
    fresh.merge("bob", number)
    release = fresh.release()
    environment = fresh.run()
    calls: list[str] = []

    def publish_before_the_second_reading(prefix: str, request: Any) -> None:
        """Make the draft public as soon as the allow is in the ledger."""
        if prefix == "/github/git" and request.path.endswith("git-receive-pack") and request.method == "POST":
            calls.append(request.path)
        elif len(calls) == 1 and prefix == "/github/api" and request.path.endswith("/releases"):
            calls.append("published")
            path = f"/repos/acme/app/releases/{release['id']}"
            fresh.client.as_person(fresh.people["carol"], "PATCH", path, {"draft": False})

    fresh.sandbox.server.interceptors.append(publish_before_the_second_reading)
    result = fresh.gate(code=10, environment=environment)
    assert [each["outcome"] for each in result["decisions"]] == ["allow"]
    assert result["published"] == []
    # asked again, it is the recorded decision, which counts for nothing, and is not tried again
    again = fresh.gate(code=10)
    assert [(each["fresh"], each["withdrawn"]) for each in again["decisions"]] == [(False, True)]
    assert again["published"] == []


def test_an_allow_that_the_rules_do_not_give_is_not_published(fresh: FlowWorld, tmp_path: Path) -> None:
    # an entry is valid for ever by the policy of its time, so somebody who was a gate once can still write an allow
    promote(fresh, "staging", "alice")
    number = fresh.request("production")
    fresh.review("alice", number)
    fresh.merge("bob", number)
    opened = Wiring(fresh.run()).gate(tmp_path)
    merged = collect.merged_requests(opened.sources.repository, opened.head)[-1]

    def forged(current: Tip, _: Sequence[str]) -> Draft:
        state = gate_ledger.facts(current)
        evidence, _facts = collect.collect(opened.sources, opened.run, merged, ledger=state)
        kept = [each for each in evaluation.judge(evidence) if each.outcome is FindingOutcome.SATISFIED]
        identifier = ledger.entry_id("decision", current.id, merged.path)
        made = decision.decide(evidence, kept)
        data = decision.payload(made, decision.subjects(evidence), current.next_link(identifier, made))
        return Draft(data, identifier, "forged", evidence_room.canonical(evidence))

    appending.record(opened, forged)
    result = fresh.counterseal("publish", environment=fresh.run(), code=10)
    assert "the rules do not allow it" in result.output
    assert fresh.release()["draft"]


def test_a_request_that_was_interrupted_can_be_made_once_more(built: FlowWorld) -> None:
    worlds.sign(built)
    refused: list[str] = []

    def no_change_request(prefix: str, request: Any) -> Response | None:
        if prefix == "/github/api" and request.method == "POST" and request.path.endswith("/pulls") and not refused:
            refused.append(request.path)
            return json_response({"message": "Resource not accessible by integration"}, 403)
        return None

    built.sandbox.server.interceptors.append(no_change_request)
    built.request("staging", code=1)
    time.sleep(1.1)  # the file says until when it is valid, and has to be the same
    assert refused
    assert built.request("staging") > 0
