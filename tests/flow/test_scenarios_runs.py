"""Scenarios about the run: what may be a gate, what nobody may choose from outside, what git may not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import stories
from tests.flow.stories import ask

from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.http import json_response
from counterseal_sandbox.service import DEFAULT_GATE_REVISION

if TYPE_CHECKING:
    from tests.flow.worlds import FlowWorld

pytestmark = pytest.mark.forges(*ForgeKind)

GITHUB, GITLAB = ForgeKind
ENOUGH = "enough-reviews"
EVIL = "bad0" * 10


# --- what may be a gate: nothing of this ever gets as far as a request ----------------------------


@pytest.mark.forges(GITHUB)
@pytest.mark.parametrize(
    "event",
    ["pull_request", "pull_request_target", "pull_request_review", "merge_group", "issue_comment", "workflow_run"],
)
def test_s30_a_run_that_outsiders_can_start(shared: FlowWorld, event: str) -> None:
    # 30 | run started by pull_request_target / MR pipeline / fork | B | deny | R02
    text = stories.refused(shared, code=2, says="this run is not a gate", event=event)
    assert f"a gate may be started by push, schedule, workflow_dispatch, not by {event}" in text


def test_s30_a_run_of_a_fork(shared: FlowWorld) -> None:
    # 30 | run started by pull_request_target / MR pipeline / fork | B | deny | R02
    forge, repository = shared.sandbox.forge, stories.hosted(shared)
    with forge.lock:
        forge.create_account("forker")
        fork = forge.fork(repository, "forker")
        fork.protect(())
    text = stories.refused(shared, code=2, says="refs/heads/main is not protected", repository="forker/app")
    assert "this run is not a gate" in text


def test_a_run_on_a_branch_that_is_not_protected(shared: FlowWorld) -> None:
    # R02 | OIDC `ref` protected (`ref_protected`)
    repository = stories.hosted(shared)
    before = repository.protected
    repository.protect([each for each in before if each != "refs/heads/main"])
    try:
        stories.refused(shared, code=2, says="refs/heads/main is not protected")
    finally:
        repository.protect(before)


def test_a_run_on_another_protected_branch(shared: FlowWorld) -> None:
    # R29 | protected default branch (.14 = the decision's `policy.ref`)
    repository = stories.hosted(shared)
    before, main = repository.protected, repository.branch("main")
    repository.protect((*before, "refs/heads/release"))
    stories.move(shared, "refs/heads/release", main)
    says = {
        GITHUB: "ran for refs/heads/release, not for refs/heads/main",
        GITLAB: "signed by .*@refs/heads/release, not by .*@refs/heads/main",
    }
    stories.refused(shared, code=2, says=says[shared.kind], ref="refs/heads/release")


def test_s56_the_gate_on_a_machine_of_somebody_s_own(shared: FlowWorld) -> None:
    # 56 | our gate path ... on a self-hosted runner | GH | deny, verify refuses | R29
    stories.refused(shared, code=2, says="a runner that is self-hosted, not", runnerEnvironment="self-hosted")


@pytest.mark.forges(GITHUB)
def test_a_workflow_of_the_repository_itself_is_no_gate(shared: FlowWorld) -> None:
    text = stories.refused(shared, code=2, says="not by .*gate.yml", gateRevision=None)
    assert "promote.yml" in text


@pytest.mark.forges(GITHUB)
def test_a_job_without_the_permission_to_sign(shared: FlowWorld) -> None:
    stories.refused(shared, code=2, says="id-token: write", permissions={"contents": "write"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COUNTERSEAL_SANDBOX", "1"),
        ("COUNTERSEAL_POLICY", "mine.yml"),
        ("COUNTERSEAL_TRUST", "mine.json"),
        ("COUNTERSEAL_TRUST_CONFIG", "mine.json"),
        ("COUNTERSEAL_NOW", "2026-01-01"),
        ("HTTPS_PROXY", "http://evil.example:3128"),
        ("https_proxy", "http://evil.example:3128"),
        ("ALL_PROXY", "socks5://evil.example"),
        ("PYTHONPATH", "/tmp/evil"),
        ("SSL_CERT_FILE", "/tmp/evil.pem"),
        ("REQUESTS_CA_BUNDLE", "/tmp/evil.pem"),
        ("SIGSTORE_ROOT_FILE", "/tmp/evil"),
        ("TUF_ROOT", "/tmp/evil"),
        ("GIT_SSH_COMMAND", "evil"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_DIR", "/tmp/evil"),
        ("LD_PRELOAD", "/tmp/evil.so"),
    ],
)
@pytest.mark.parametrize("verb", ["gate", "publish"])
def test_s60_set_from_outside_in_a_gate(shared: FlowWorld, verb: str, name: str, value: str) -> None:
    # 60 | `COUNTERSEAL_SANDBOX`, `COUNTERSEAL_POLICY`, `CI_API_V4_URL`, proxy and `PYTHONPATH` set | B | exit 2 | R35
    steered(shared, verb, name, value)


def steered(world: FlowWorld, verb: str, name: str, value: str) -> None:
    """Check that a gate with this variable ends before it does anything."""
    result = world.counterseal(verb, environment={**world.run(), name: value}, code=2)
    assert f"the variable {name} is set in a gate" in result.errors
    assert value == "1" or value not in result.errors
    assert result.output == ""


@pytest.mark.forges(GITHUB)
@pytest.mark.parametrize(
    ("name", "value"), [("CI_API_V4_URL", "https://evil.example/api/v4"), ("SIGSTORE_ID_TOKEN", "ey")]
)
@pytest.mark.parametrize("verb", ["gate", "publish"])
def test_s60_what_only_another_forge_sets(shared: FlowWorld, verb: str, name: str, value: str) -> None:
    # 60 | `COUNTERSEAL_SANDBOX`, `COUNTERSEAL_POLICY`, `CI_API_V4_URL`, proxy and `PYTHONPATH` set | B | exit 2 | R35
    steered(shared, verb, name, value)


@pytest.mark.forges(GITHUB)
@pytest.mark.parametrize("name", ["GITHUB_API_URL", "GITHUB_SERVER_URL"])
def test_s60_the_forge_follows_from_the_identity_alone(shared: FlowWorld, name: str) -> None:
    # 60 | (R35) forge host and API base follow from the token's issuer by one table
    elsewhere = "http://127.0.0.1:9/evil"
    result = shared.counterseal("publish", environment={**shared.run(), name: elsewhere})
    assert "nothing to publish" in result.output


@pytest.mark.parametrize("option", ["--sandbox", "--trust", "--policy", "--now", "--trust-config"])
def test_s60_a_gate_has_no_such_option(shared: FlowWorld, option: str) -> None:
    # 60 | (R35) flags choose inputs and outputs, never root, policy, identities, sandbox, clock or ages
    result = shared.cli("gate", option, "x", environment=shared.run())
    assert result.exit_code == 2


# --- who started the run -----------------------------------------------------------------------------


def merged(world: FlowWorld, *people: str) -> stories.Asked:
    asked = ask(world, "staging")
    stories.approve_and_merge(world, asked, *people)
    return asked


@pytest.mark.slow
def test_s43_the_approver_who_started_the_gate_by_hand_does_not_count(shared: FlowWorld) -> None:
    # 43 | job token approves the deployment as pipeline starter | GL | deny | R14/R23
    # R14 | actor + triggering_actor of a dispatched, re-run or tag-pushed gate
    asked = merged(shared, "alice")
    event = {GITHUB: "workflow_dispatch", GITLAB: "web"}[shared.kind]
    result = shared.gate("--request", asked.path, code=10, event=event, actor="alice")
    decision = result["decisions"][0]["decision"]
    says = stories.finding(decision, ENOUGH, "review-missing")
    assert "alice (started this run of the gate)" in says
    assert [each["login"] for each in decision["responsible"]["excludedByRun"]] == ["alice"]


@pytest.mark.slow
@pytest.mark.forges(GITHUB)
def test_the_approver_who_re_ran_the_gate_does_not_count(shared: FlowWorld) -> None:
    # R14 | attempt 2 by another actor than the one who merged: both are out
    asked = merged(shared, "alice", "carol")
    result = shared.gate("--request", asked.path, code=10, attempt=2, actor="carol", triggeringActor="alice")
    says = stories.finding(result["decisions"][0]["decision"], ENOUGH, "review-missing")
    for login in ("alice", "carol"):
        assert f"{login} (started this run of the gate)" in says


@pytest.mark.slow
def test_whoever_merged_may_have_approved(shared: FlowWorld) -> None:
    # R14 | for a gate started by the merge the merger may be an approver
    asked = merged(shared, "alice")
    assert shared.gate("--request", asked.path, actor="alice")["decisions"][0]["outcome"] == "allow"


@pytest.mark.slow
@pytest.mark.forges(GITHUB)
def test_s32_the_approved_run_is_started_once_more(shared: FlowWorld) -> None:
    # 32 | re-run (attempt 2) of last month's approved run | GH | deny | R17/R25
    asked = merged(shared, "alice")
    run = shared.run()
    assert shared.gate("--request", asked.path, environment=run)["decisions"][0]["fresh"]
    before = shared.ledger_tips()
    again = shared.run(attempt=2, runId=int(run["GITHUB_RUN_ID"]), triggeringActor="carol")
    shown: Any = shared.gate("--request", asked.path, environment=again)
    assert [each["fresh"] for each in shown["decisions"]] == [False]
    assert shared.ledger_tips() == before


# --- what git may not tell ---------------------------------------------------------------------------


def test_s55_the_repository_is_shallow(shared: FlowWorld) -> None:
    # 55 | shallow checkout in the gate job | B | error | R01/R09
    git = stories.hosted(shared).git
    shallow = git.path / "shallow"
    shallow.write_text(f"{git.resolve('refs/heads/main')}\n")
    try:
        stories.refused(shared, code=1, says="shallow")
    finally:
        shallow.unlink()


@pytest.mark.slow
def test_s61_replaced_objects_and_attributes_in_the_repository(shared: FlowWorld) -> None:
    # 61 | `refs/replace/*` and `.gitattributes` with `merge=union` in the repository | B | verdict unchanged | R36
    stories.write(shared, "main", ".gitattributes", b"* merge=union -text\n*.json merge=union export-ignore\n")
    asked = merged(shared)
    shared.git("fetch", "-q", "origin", "main")
    shared.git("switch", "-q", "--detach", "FETCH_HEAD")
    policy = shared.checkout / POLICY_PATH
    weak = shared.checkout / "weak.yml"
    weak.write_text(policy.read_text().replace("enough-reviews: {count: 1, from: {maintainers: 1}}", ""))
    real = shared.git("rev-parse", f"HEAD:{POLICY_PATH}")
    shared.git("replace", real, shared.git("hash-object", "-w", str(weak)))
    shared.git("push", "-q", "origin", f"refs/replace/{real}")
    seen = shared.git("show", f"HEAD:{POLICY_PATH}")
    shared.git("replace", "-d", real)
    shared.git("switch", "-q", "main")
    assert "count: 1" not in seen, "git itself, left alone, is deceived"
    try:
        result = shared.gate("--request", asked.path, code=10)
    finally:
        stories.move(shared, f"refs/replace/{real}", None)
    decision = result["decisions"][0]["decision"]
    assert "0 of 1 required approvals" in stories.finding(decision, ENOUGH, "review-missing")


# --- whose gate it was -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.forges(GITHUB)
def test_s56_a_gate_of_a_commit_that_nobody_released(fresh: FlowWorld) -> None:
    # 56 | our gate path at a commit that is not in the released list | GH | deny, verify refuses | R29
    asked = merged(fresh, "alice")
    made = fresh.gate("--request", asked.path, gateRevision=EVIL)  # it accepts itself, as each gate does
    assert made["decisions"][0]["outcome"] == "allow"
    text = stories.refused(fresh, code=11, says="not signed by the gate")
    assert f"the gate's revision {EVIL[:12]} is newer than this tool, or not ours" in text
    assert DEFAULT_GATE_REVISION != EVIL


@pytest.mark.slow
@pytest.mark.forges(GITHUB)
def test_s56_a_gate_that_was_withdrawn(fresh: FlowWorld) -> None:
    # 56 | ... at a withdrawn one | GH | deny, verify refuses | R29
    trust = {**fresh.client.trust(), "withdrawn": [{"revision": DEFAULT_GATE_REVISION, "until": None}]}
    fresh.sandbox.server.interceptors.append(lambda prefix, _: json_response(trust) if prefix == "/trust" else None)
    stories.refused(fresh, code=2, says=f"the gate's revision {DEFAULT_GATE_REVISION[:12]} was withdrawn")


@pytest.mark.slow
def test_a_repository_that_took_over_the_name(shared: FlowWorld) -> None:
    # R40 / R02 | repositories by numeric id, since names can be registered again
    asked = merged(shared, "alice")
    run = shared.run()
    repository = stories.hosted(shared)
    number, repository.id = repository.id, 999_999
    shared.sandbox.forge._repositories[999_999] = shared.sandbox.forge._repositories.pop(number)
    try:
        result = shared.counterseal("gate", "--request", asked.path, environment=run, code=2)
    finally:
        repository.id = number
        shared.sandbox.forge._repositories[number] = shared.sandbox.forge._repositories.pop(999_999)
    host = shared.site.place.host
    assert f"the forge's repository is {host} 999999, the run's {host} {number}" in result.errors
    assert NAME not in result.output
