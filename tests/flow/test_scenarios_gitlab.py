"""Scenarios that only GitLab has: approvals without a revision, job tokens, own gates, packages that wait in public."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults, stories
from tests.flow.gitlab_hands import GitLabHands
from tests.flow.stories import Asked, Played, Stories, ask, merge

from counterseal.errors import ServiceError, VerificationError
from counterseal.forges import ForgeKind
from counterseal.gate import deciding as gate
from counterseal.identifiers import POLICY_PATH
from counterseal.wiring.ports import Wiring
from counterseal_sandbox.demo.site import TAG
from counterseal_sandbox.forge.accounts import Role

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.forges(ForgeKind.GITLAB)]

STORIES = Stories()
ENOUGH, AUTHOR = "enough-reviews", "author-did-not-approve"
WHEEL = "app-1.2.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def world(shared: FlowWorld) -> FlowWorld:
    """A world whose candidate has passed staging."""
    stories.allow_staging(shared)
    return shared


@pytest.fixture(scope="module")
def played(world: FlowWorld, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return STORIES.play(world, tmp_path_factory.mktemp("log"))


def gitlab(world: FlowWorld) -> GitLabHands:
    return GitLabHands(world, world.sandbox)


def approve(world: FlowWorld, asked: Asked, *people: str) -> None:
    for login in people:
        world.review(login, asked.number)


# --- what is an approval -------------------------------------------------------------------------


@STORIES.tell
def s02(world: FlowWorld) -> Asked:
    asked, project = ask(world, "production"), stories.hosted(world)
    project.author_may_approve = True
    approve(world, asked, "bob", "dora")
    project.author_may_approve = False
    merge(world, asked)
    return asked


def test_s02_the_author_approves_where_the_project_lets_him(played: Played) -> None:
    # 2 | author approves own MR (author_approval=true) | GL | deny | R14
    says = played.denied("s02", ENOUGH, "review-missing")
    assert "1 of 2 required approvals" in says
    assert "bob (author of this request)" in says


@STORIES.tell
def s41(world: FlowWorld) -> Asked:
    asked = ask(world, "production")
    approve(world, asked, "alice")
    for text in ("LGTM", ":thumbsup:", "👍", "approved this merge request", "@dora approved this merge request"):
        gitlab(world).call("dora", "POST", f"/merge_requests/{asked.number}/notes", {"body": text})
    merge(world, asked)
    return asked


def test_s41_who_only_says_that_it_is_good_has_not_approved(played: Played) -> None:
    # 41 | thumbs-up emoji / "LGTM" comment only | GL | deny | not an approval
    says = played.denied("s41", ENOUGH, "review-missing")
    assert "missing 1 of security" in says
    assert "dora (" not in says, "what is not a review is not even one that does not count"
    assert [each["login"] for each in played.decided("s41")["responsible"]["approvers"]] == ["alice"]


@STORIES.tell
def taken_back_and_given_anew(world: FlowWorld) -> Asked:
    asked = ask(world, "staging")
    approve(world, asked, "alice")
    world.hands.takes_back("alice", asked.number)
    approve(world, asked, "alice")
    merge(world, asked)
    return asked


def test_an_approval_that_was_taken_back_and_given_anew(played: Played) -> None:
    approvers = played.allowed("taken_back_and_given_anew")["responsible"]["approvers"]
    assert [each["login"] for each in approvers] == ["alice"]


@STORIES.tell
def approved_by_a_project_token(world: FlowWorld) -> Asked:
    asked, forge, project = ask(world, "production"), world.sandbox.forge, stories.hosted(world)
    approve(world, asked, "alice")
    before = set(project.roles)
    forge.project_token(project, Role.MAINTAIN, read_only=False)
    (number,) = set(project.roles) - before
    bot = forge.accounts.by_id(number)
    assert bot is not None
    with forge.lock:
        project.merge_requests.approve(project.changes.get(asked.number), bot)
    merge(world, asked)
    return asked


def test_s11_the_bot_of_a_project_access_token(played: Played) -> None:
    # 11 | approval by GitHub App / github-actions[bot] / project bot | B | deny | R13
    says = played.denied("approved_by_a_project_token", ENOUGH, "review-missing")
    assert "(no person's account (bot))" in says


def test_s39_a_rule_that_gitlab_approved_by_itself(played: Played) -> None:
    # 39 | GitLab rule auto-approved because unsatisfiable | GL | deny | own count; R16
    world = played.world
    asked = ask(world, "production")
    approve(world, asked, "alice")
    merge(world, asked)

    def approved(shown: dict[str, Any]) -> dict[str, Any]:
        rule = {"id": 1, "name": "Security", "rule_type": "regular", "approved": True, "approved_by": []}
        return {**shown, "approved": True, "approvals_required": 2, "approvals_left": 0, "approval_rules_left": [rule]}

    answer = faults.altered(world, faults.GITLAB, approved)
    with faults.fault(world, answer, faults.GITLAB, r"/merge_requests/\d+/approvals"):
        result = world.gate("--request", asked.path, code=10)
    says = stories.finding(result["decisions"][0]["decision"], ENOUGH, "review-missing")
    assert "1 of 2 required approvals" in says
    assert "missing 1 of security" in says


def test_an_approval_that_only_the_list_knows(played: Played) -> None:
    # R27 | notes timeline + read_api cross-check: both have to know it
    world = played.world
    asked = ask(world, "production")
    approve(world, asked, "alice")
    merge(world, asked)
    dora = {"user": {"id": 1010, "username": "dora", "name": "Dora", "state": "active"}}
    listed = faults.altered(world, faults.GITLAB, lambda shown: {**shown, "approved_by": [*shown["approved_by"], dora]})
    with faults.fault(world, listed, faults.GITLAB, r"/merge_requests/\d+/approvals"):
        result = world.gate("--request", asked.path, code=10)
    says = stories.finding(result["decisions"][0]["decision"], ENOUGH, "review-missing")
    assert "1 of 2 required approvals" in says
    assert "dora (the review was dismissed)" in says


def test_s43_a_job_s_token_approves_nothing(world: FlowWorld) -> None:
    # 43 | job token approves the deployment as pipeline starter | GL | deny | R14/R23
    asked = ask(world, "production")
    token = world.run(actor="dora")["CI_JOB_TOKEN"]
    reading = world.run(actor="dora")["COUNTERSEAL_GITLAB_TOKEN"]
    url = f"{world.site.place.api}/projects/acme%2Fapp/merge_requests/{asked.number}/approve"
    for each, status in ((token, "401"), (reading, "403")):
        with pytest.raises(ServiceError, match=status):
            world.client.call("POST", url, token=each, body={})
    assert stories.hosted(world).changes.get(asked.number).approvals == {}


def test_what_the_gate_asks_gitlab_for_is_known(played: Played) -> None:
    # R23 | approvals of deployments are never asked for, so that none can stand in for those of the request
    assert played.world.sandbox.forge.unknown_calls == []


# --- what may be a gate --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    ["trigger", "api", "pipeline", "parent_pipeline", "external_pull_request_event", "chat", "webide", "external",
     "security_orchestration_policy", "ondemand_dast_scan"],
)  # fmt: skip
def test_s30_a_pipeline_that_others_can_start(world: FlowWorld, source: str) -> None:
    # 30 | run started by pull_request_target / MR pipeline / fork | B | deny | R02
    text = stories.refused(world, code=2, says="this run is not a gate", event=source)
    assert f"a gate may be started by push, schedule, web, not by {source}" in text


@pytest.mark.parametrize("protected", [False, True], ids=["open", "protected"])
def test_s30_a_pipeline_of_a_merge_request(world: FlowWorld, protected: bool) -> None:
    # 30 | run started by pull_request_target / MR pipeline / fork | B | deny | R02
    project, branch = stories.hosted(world), f"topic-{protected}"
    before = project.protected
    stories.propose(world, branch, {"topic.txt": b"hello\n"}, title="A topic")
    project.protect((*before, *([f"refs/heads/{branch}"] if protected else [])))
    says = "signed by .*@refs/heads/topic" if protected else f"refs/heads/{branch} is not protected"
    try:
        stories.refused(world, code=2, says=says, event="merge_request_event", ref=f"refs/heads/{branch}")
    finally:
        project.protect(before)


def test_s30_a_pipeline_of_a_fork_s_merge_request(world: FlowWorld) -> None:
    # 30 | run started by pull_request_target / MR pipeline / fork | B | deny | R02
    forge, project = world.sandbox.forge, stories.hosted(world)
    with forge.lock:
        mallory = forge.create_account("mallory")
        fork = forge.fork(project, "mallory")
        fork.write_file("evil", ".gitlab-ci.yml", b"{evil: {script: [id]}}\n", mallory)
        number = project.changes.open(mallory, "evil", "main", title="Evil", source=fork).number
    run = {"event": "merge_request_event", "ref": f"refs/merge-requests/{number}/head", "actor": "mallory"}
    stories.refused(world, code=2, says="refs/heads/evil is not protected", **run)


def test_a_fork_cannot_begin_the_ledger(world: FlowWorld) -> None:
    # R32, R40 | a policy names its gate by the project's number, and its ledger by the same
    forge, project = world.sandbox.forge, stories.hosted(world)
    with forge.lock:
        forker = forge.create_account("forker-two")
        fork = forge.fork(project, "forker-two")
    run = {"repository": "forker-two/app", "actor": "forker-two"}
    stories.refused(world, code=2, says=f"the gate is of project {fork.id}, and {project.id} is accepted", **run)
    policy = stories.read(world, POLICY_PATH)
    own = policy.replace(f"project: {project.id}".encode(), f"project: {fork.id}".encode())
    fork.write_file("main", POLICY_PATH, own, forker)
    stories.refused(world, code=2, says=f"the gate's project is {fork.id}, the ledger's {project.id}", **run)


@pytest.mark.parametrize("file", ["ci/gate.yml", "gitlab-ci.yml", ".gitlab-ci.yaml"])
def test_another_pipeline_file_of_the_project(world: FlowWorld, file: str) -> None:
    stories.refused(world, code=2, says=rf"signed by .*//{file}@refs/heads/main", workflow=file)


def test_a_request_of_before_the_gate_moved_is_denied_by_the_new_one(staged: FlowWorld, tmp_path: Path) -> None:
    # an entry is read by the policy that it names: that of the request's time would refuse the new gate for ever
    asked, moved = ask(staged, "production"), "ci/gate.yml"
    stories.approve_and_merge(staged, asked, "alice", "dora")
    policy = stories.read(staged, POLICY_PATH).replace(b"file: .gitlab-ci.yml, ref: ", f"file: {moved}, ref: ".encode())
    stories.bring_policy(staged, policy)
    result = staged.gate("--request", asked.path, code=10, workflow=moved)
    stories.finding(result["decisions"][0]["decision"], "review-of-this-revision", "policy-changed")
    read = stories.log(staged, tmp_path)
    assert [read[number]["decision"]["outcome"] for number in (1, 2)] == ["allow", "deny"]
    stories.refused(staged, code=2, says=rf"not by .*//{moved}@refs/heads/main")


def test_nothing_is_signed_that_readers_would_refuse(fresh: FlowWorld, tmp_path: Path) -> None:
    opened = Wiring(fresh.run()).gate(tmp_path)
    evil = opened.run.signer_ref.replace(".gitlab-ci.yml", "evil.yml")
    run = dataclasses.replace(opened.run, signer_ref=evil, config_ref=evil)
    with pytest.raises(VerificationError, match="the entry to be signed: not signed by the gate"):
        gate.run(dataclasses.replace(opened, run=run))
    assert fresh.ledger_tips() == {}


@pytest.mark.parametrize("verb", ["gate", "publish"])
def test_s60_the_api_of_somebody_else(world: FlowWorld, verb: str) -> None:
    # 60 | `COUNTERSEAL_SANDBOX`, `COUNTERSEAL_POLICY`, `CI_API_V4_URL`, proxy and `PYTHONPATH` set | B | exit 2 | R35
    for api in ("https://evil.example/api/v4", "http://127.0.0.1:9/gitlab/api/v4", "https://gitlab.com/api/v4"):
        result = world.counterseal(verb, environment={**world.run(), "CI_API_V4_URL": api}, code=2)
        assert "the variable CI_API_V4_URL is not what GitLab sets" in result.errors
        assert result.output == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CI_SERVER_URL", "https://evil.example"),
        ("CI_PROJECT_PATH", "evil/app"),
        ("CI_PROJECT_ID", "1"),
        ("CI_REPOSITORY_URL", "https://evil.example/app.git"),
        ("CI_DEFAULT_BRANCH", "evil"),
        ("CI_COMMIT_REF_PROTECTED", "false"),
        ("CI_COMMIT_SHA", "e" * 40),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("GITLAB_USER_ID", "1010"),
        ("GITHUB_REPOSITORY", "evil/app"),
        ("GITHUB_API_URL", "https://evil.example"),
    ],
)
def test_s60_what_a_gate_does_not_read(world: FlowWorld, name: str, value: str) -> None:
    # 60 | (R35) forge, project and ref follow from the token alone; other variables of CI may say what they like
    result = world.counterseal("publish", environment={**world.run(), name: value})
    assert "nothing to publish" in result.output


# --- packages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"evil", None], ids=["other-bytes", "same-bytes"])
def test_s26_a_second_file_of_a_name(world: FlowWorld, data: bytes | None) -> None:
    # 26 | asset replaced after signing (same name) | B | deny | R05: GitLab keeps both, and serves the newest
    asked = ask(world, "staging")
    stories.approve_and_merge(world, asked, "alice")
    gitlab(world).upload_beside(WHEEL, data or world.hands.read(WHEEL))
    try:
        text = stories.refused(world, "--request", asked.path, code=1, says=f"{WHEEL} is there more than once")
        arguments = ("request", "--stage", "staging", "--tag", TAG, "--again")
        again = world.counterseal(*arguments, environment=world.person("bob"), code=1)
    finally:
        world.hands.remove(WHEEL)
    assert "delete them" in text
    assert f"{WHEEL} is there more than once" in again.errors
    assert world.gate("--request", asked.path)["decisions"][0]["outcome"] == "allow"


def test_a_package_of_another_name_is_no_candidate(world: FlowWorld) -> None:
    forge, project = world.sandbox.forge, stories.hosted(world)
    asked = ask(world, "staging")
    stories.approve_and_merge(world, asked, "alice")
    made = [project.packages.upload(forge.account("bob"), name, TAG, WHEEL, b"evil") for name in ("counterseal-x", "x")]
    result = world.gate("--request", asked.path)
    for each in made:
        project.packages.delete(project.packages.get(each.package_id))
    assert result["decisions"][0]["outcome"] == "allow"


def test_a_job_that_was_deleted_after_it_had_signed(fresh: FlowWorld) -> None:
    # whoever played it with variables of their own could wipe that out with its pipeline
    asked = ask(fresh, "staging")
    stories.approve_and_merge(fresh, asked, "alice")
    stories.hosted(fresh).jobs.clear()
    decision = fresh.gate(code=10)["decisions"][-1]["decision"]
    assert "it is gone from the forge" in stories.finding(decision, "provenance-verified", "builder-gone")


def test_a_release_that_somebody_else_made_is_denied(awaited: FlowWorld) -> None:
    asked = stories.newest(awaited)
    gitlab(awaited).call("bob", "POST", "/releases", {"tag_name": TAG, "name": "mine"})
    result = awaited.gate("--request", asked.path, code=10)
    stories.finding(result["decisions"][0]["decision"], "digest-matches", "released-already")
    assert result["published"] == []
    assert stories.hosted(awaited).project_releases.get(TAG).links == []


def test_s46_a_release_that_somebody_else_makes_after_the_decision(awaited: FlowWorld) -> None:
    # 46 | (relative) the tag gets a release between decision and publication
    asked = stories.newest(awaited)
    stories.after_push(awaited, lambda: gitlab(awaited).call("bob", "POST", "/releases", {"tag_name": TAG}))
    result = awaited.counterseal("gate", "--request", asked.path, environment=awaited.run(), code=10)
    assert f"withdrawn: {TAG} (production)" in result.output
    assert stories.hosted(awaited).project_releases.get(TAG).links == []
