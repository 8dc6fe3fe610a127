"""The sandbox as a whole: control calls, and what a run finds in its environment."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from counterseal.adapters.github.ci import GitHubEnvironment
from counterseal_sandbox.forge.settings import Settings, VariableRecord
from counterseal_sandbox.service import DEFAULT_GATE_REVISION, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKFLOW = ".github/workflows/promote.yml"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox") / "state") as running:
        post(running, "/users", login="acme", kind="Organization", id=2000)
        post(running, "/users", login="alice", id=1001)
        post(running, "/repositories", owner="acme", name="app", collaborators={"alice": "maintain"})
        alice = running.forge.account("alice")
        running.forge.repository("acme/app").write_file("main", WORKFLOW, b"name: Promote it\non: push\n", alice)
        yield running


def post(sandbox: Sandbox, path: str, **body: Any) -> dict[str, Any]:
    answer = requests.post(sandbox.url + path, json=body, timeout=10)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def run(sandbox: Sandbox, **more: Any) -> dict[str, str]:
    order = {
        "repository": "acme/app",
        "workflow": WORKFLOW,
        "ref": "refs/heads/main",
        "event": "push",
        "actor": "alice",
    }
    return dict(post(sandbox, "/runs", **(order | more))["environment"])


def test_people_get_a_number_and_a_token(sandbox: Sandbox) -> None:
    made = post(sandbox, "/users", login="bob")
    assert made["id"] > 2000
    again = post(sandbox, "/tokens", login="bob")["token"]
    for token in (made["token"], again):
        me = requests.get(f"{sandbox.url}/github/api/user", headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert (me.json()["login"], me.json()["id"], me.json()["type"]) == ("bob", made["id"], "User")


def test_trust_names_the_released_gate_and_this_sandbox(sandbox: Sandbox) -> None:
    trust = requests.get(f"{sandbox.url}/trust", timeout=10).json()
    assert trust["sandbox"] is True
    assert trust["released"] == [DEFAULT_GATE_REVISION]
    assert trust["issuers"] == {"github.com": f"{sandbox.url}/github", "gitlab.com": f"{sandbox.url}/gitlab"}


def test_a_run_of_the_gate_is_what_its_token_says(sandbox: Sandbox) -> None:
    environment = run(sandbox, gateRevision=DEFAULT_GATE_REVISION, permissions={"id-token": "write"}, event="schedule")
    told = GitHubEnvironment(environment).run()
    tip = sandbox.forge.repository("acme/app").branch("main")
    assert (told.repository.host, told.repository.name, told.repository.id) == (
        "github.com",
        "acme/app",
        sandbox.forge.repository("acme/app").id,
    )
    assert told.sandbox
    assert (told.ref, told.ref_protected, told.revision, told.event) == ("refs/heads/main", True, tip, "schedule")
    assert told.signer_ref == f"counterseal/counterseal/.github/workflows/gate.yml@{DEFAULT_GATE_REVISION}"
    assert told.signer_digest == DEFAULT_GATE_REVISION
    assert (told.config_ref, told.config_digest) == (f"acme/app/{WORKFLOW}@refs/heads/main", tip)
    assert (told.actor.id, told.actor.login, told.triggering_login) == (1001, "alice", "alice")
    assert told.runner_environment == "github-hosted"


def test_a_run_of_its_own_workflow_on_a_tag(sandbox: Sandbox) -> None:
    repository = sandbox.forge.repository("acme/app")
    tip = repository.branch("main")
    repository.move_ref("refs/tags/v1.0.0", tip, sandbox.forge.account("alice"))
    environment = run(
        sandbox,
        ref="refs/tags/v1.0.0",
        attempt=2,
        runId=77,
        runnerEnvironment="self-hosted",
        environment="production",
        permissions={"id-token": "write", "contents": "read"},
    )
    assert environment["GITHUB_REF_TYPE"] == "tag"
    assert environment["GITHUB_REF_NAME"] == "v1.0.0"
    assert environment["GITHUB_WORKFLOW"] == "Promote it"
    claims = json.loads(base64.urlsafe_b64decode(GitHubEnvironment(environment).token().split(".")[1] + "=="))
    wanted = {
        "sub": "repo:acme/app:environment:production",
        "job_workflow_ref": f"acme/app/{WORKFLOW}@refs/tags/v1.0.0",
        "job_workflow_sha": tip,
        "ref_protected": "false",
        "ref_type": "tag",
        "run_id": "77",
        "run_attempt": "2",
        "repository_id": str(repository.id),
        "repository_owner_id": "2000",
        "repository_visibility": "public",
        "runner_environment": "self-hosted",
        "environment": "production",
        "aud": "sigstore",
    }
    assert {name: claims[name] for name in wanted} == wanted


def test_a_run_without_permission_gets_no_identity(sandbox: Sandbox) -> None:
    environment = run(sandbox, permissions={"contents": "read"})
    assert not {name for name in environment if name.startswith("ACTIONS_ID_TOKEN")}
    assert environment["GITHUB_ACTIONS"] == "true"


def test_a_runs_token_may_do_what_it_was_given(sandbox: Sandbox) -> None:
    environment = run(sandbox, permissions={"contents": "read"})
    base = f"{environment['GITHUB_API_URL']}/repos/acme/app"
    headers = {"Authorization": f"Bearer {environment['GITHUB_TOKEN']}"}
    assert requests.get(f"{base}/branches/main", headers=headers, timeout=10).json()["protected"] is True
    for method, path in (("GET", "/pulls"), ("POST", "/releases"), ("POST", "/git/refs")):
        answer = requests.request(method, base + path, headers=headers, json={}, timeout=10)
        assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration")


def test_an_administrators_hand_moves_protected_refs(sandbox: Sandbox) -> None:
    repository, alice = sandbox.forge.repository("acme/app"), sandbox.forge.account("alice")
    before = repository.branch("main")
    repository.write_file("main", "later", b"x", alice)
    post(sandbox, "/refs", repository="acme/app", ref="refs/heads/main", revision=before)
    assert repository.branch("main") == before
    assert repository.activity[-1].kind == "force_push"
    post(sandbox, "/refs", repository="acme/app", ref="refs/heads/gone", revision=before)
    post(sandbox, "/refs", repository="acme/app", ref="refs/heads/gone")
    assert repository.branch("gone") is None


def test_the_root_lists_the_calls(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/", timeout=10)
    calls = answer.json()["calls"]
    assert "GET /trust" in calls
    assert calls["POST /users"] == ["id", "kind", "login"]
    for path in [call.removeprefix("POST ") for call in calls if call.startswith("POST")]:
        assert requests.post(sandbox.url + path, json={"no such member": 1}, timeout=10).status_code == 422
    other = requests.get(f"{sandbox.url}/nowhere", timeout=10)
    assert (other.status_code, other.json()["message"]) == (501, "the sandbox has no GET /nowhere; GET / lists calls")
    assert requests.get(f"{sandbox.url}/rehearsal/gate", timeout=10).status_code == 501, "nothing is rehearsed here"


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/users", {}, 422, "missing: login"),
        ("/users", {"login": "alice"}, 422, "taken"),
        ("/repositories", {"owner": "acme", "name": "x", "protected": ["main"]}, 422, "like refs/heads/main"),
        ("/repositories", {"owner": "acme", "name": "x", "protected": "refs/heads/main"}, 422, "a list"),
        ("/users", {"login": "../x"}, 422, "cannot be a login"),
        ("/users", {"login": "x", "kind": "Robot"}, 422, "Robot"),
        ("/users", [], 422, "not a usable call"),
        ("/tokens", {"login": "nobody"}, 404, "no account nobody"),
        ("/repositories", {"owner": "acme", "name": "app"}, 422, "exists already"),
        ("/repositories", {"owner": "acme", "name": ".."}, 422, "not an owner/name"),
        ("/repositories", {"owner": "acme", "name": "b", "collaborators": {"alice": "king"}}, 422, "not a role"),
        ("/refs", {"repository": "acme/none", "ref": "refs/heads/x"}, 404, "Not Found"),
        ("/runs", {"repository": "acme/app"}, 422, "missing: workflow"),
    ],
)
def test_control_calls_that_make_no_sense(sandbox: Sandbox, path: str, body: object, status: int, said: str) -> None:
    answer = requests.post(sandbox.url + path, json=body, timeout=10)
    assert answer.status_code == status
    assert said in answer.json()["message"]


@pytest.mark.parametrize(
    "more", [{"ref": "main"}, {"ref": "refs/heads/none"}, {"permissions": {"contents": "all"}}, {"actor": "nobody"}]
)
def test_runs_that_make_no_sense(sandbox: Sandbox, more: dict[str, Any]) -> None:
    order = {
        "repository": "acme/app",
        "workflow": WORKFLOW,
        "ref": "refs/heads/main",
        "event": "push",
        "actor": "alice",
    }
    answer = requests.post(f"{sandbox.url}/runs", json=order | more, timeout=10)
    assert answer.status_code in (404, 422)
    assert answer.json()["message"]


def test_what_nobody_answers_is_said_and_written_down(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/github/api/repos/acme/app/hooks", timeout=10)
    assert answer.status_code == 501
    assert answer.json()["message"] == "the sandbox does not answer GET /repos/acme/app/hooks"
    assert sandbox.forge.unknown_calls == ["GET /repos/acme/app/hooks"]
    assert requests.get(f"{sandbox.url}/users", timeout=10).status_code == 405


# --- who may call ------------------------------------------------------------------------------------


def ask(sandbox: Sandbox, headers: dict[str, str], path: str = "/tokens", body: str = '{"login": "alice"}') -> int:
    """Return the status of a control call, or of a read, with just these headers."""
    method = "POST" if body else "GET"
    request = requests.Request(method, sandbox.url + path, headers=headers, data=body or None).prepare()
    for name in ("Host", "Origin", "Content-Type"):
        if name not in headers:
            request.headers.pop(name, None)
    with requests.Session() as session:
        return session.send(request, timeout=10).status_code


JSON = {"Content-Type": "application/json"}


def test_this_machine_may_call(sandbox: Sandbox) -> None:
    port = sandbox.url.rpartition(":")[2]
    assert ask(sandbox, JSON) == 201
    assert ask(sandbox, {"Content-Type": "Application/JSON; charset=utf-8", "Host": f"localhost:{port}"}) == 201
    assert ask(sandbox, {**JSON, "Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}) == 201
    assert ask(sandbox, {}, "/trust", "") == 200


@pytest.mark.parametrize(
    "path", ["/tokens", "/trust", "/github/api/user", "/github/token", "/fulcio/api/v2/configuration"]
)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Host": "evil.example:{port}"}, 421),
        ({"Host": "127.0.0.1:{port}.evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://127.0.0.1:{port}.evil.example"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "TEXT/plain;charset=UTF-8"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
    ],
)
def test_a_page_in_a_browser_may_not(sandbox: Sandbox, path: str, headers: dict[str, str], status: int) -> None:
    port = sandbox.url.rpartition(":")[2]
    given = {**JSON, **{name: value.format(port=port) for name, value in headers.items()}}
    assert ask(sandbox, given, path) == status
    assert ask(sandbox, given, path, "") == status


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "application/jsonp", "application/json-seq"])
def test_a_control_call_is_json_and_sent_as_such(sandbox: Sandbox, kind: str) -> None:
    assert ask(sandbox, {"Content-Type": kind} if kind else {}) == 415


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/users", {"login": "x1", "admin": True}, "unknown: 'admin'"),
        ("/tokens", {"login": "alice", "scope": "all"}, "unknown: 'scope'"),
        ("/repositories", {"owner": "acme", "name": "x", "immutable": True}, "unknown: 'immutable'"),
        ("/refs", {"repository": "acme/app", "ref": "refs/heads/x", "force": 1}, "unknown: 'force'"),
        ("/runs", {"repository": "acme/app", "token": "x"}, "unknown: 'token'"),
        ("/jobs", {"project": "acme/app", "gateRevision": "x"}, "unknown: 'gateRevision'"),
        *(
            ("/refs", {"repository": "acme/app", "ref": ref, "revision": "a" * 40}, "is not a ref")
            for ref in (
                "main",
                "HEAD",
                "--stdin",
                "-d",
                "../x",
                "refs/../x",
                "refs/heads/",
                "refs/heads/a..b",
                "refs/a b",
            )
        ),
        *(
            ("/refs", {"repository": "acme/app", "ref": ref}, "is not a ref")
            for ref in ("refs/heads/x.lock", "refs/heads/.x", "refs/heads/x\n", "refs/heads/x~1", "refs/heads/@{0}")
        ),
        ("/refs", {"repository": "acme/app", "ref": 7}, "is not a ref"),
        ("/refs", {"repository": "acme/app", "ref": ["refs/heads/x"]}, "is not a ref"),
        ("/refs", {"repository": "acme/app", "ref": "refs/heads/x", "revision": 7}, "is not a full revision"),
        *(
            ("/refs", {"repository": "acme/app", "ref": "refs/heads/x", "revision": revision}, "is not a full revision")
            for revision in ("main", "a" * 39, "refs/heads/main", "")
        ),
        ("/refs", {"repository": "acme/app", "ref": "refs/heads/x", "revision": "a" * 40}, "a" * 40),
    ],
)
def test_what_a_control_call_does_not_know_is_refused(sandbox: Sandbox, path: str, body: object, said: str) -> None:
    answer = requests.post(sandbox.url + path, json=body, timeout=10)
    assert answer.status_code == 422
    assert said in answer.json()["message"]


def test_what_only_settings_pages_show_can_be_planted(sandbox: Sandbox) -> None:
    repository = sandbox.forge.repository("acme/app")
    assert post(sandbox, "/settings", repository="acme/app", **PLANTED) == {"repository": "acme/app"}
    settings = repository.settings
    assert (settings.archived, settings.bypassers, settings.forced) == (
        True,
        ("Team:7",),
        frozenset({"refs/heads/main"}),
    )
    assert (settings.workflows, repository.immutable_releases) == ({WORKFLOW: "disabled_inactivity"}, True)
    assert settings.variables == [VariableRecord("HTTPS_PROXY", "acme", masked=False)]
    post(sandbox, "/settings", repository="acme/app", archived=False, bypassers=[], forced=[], immutableReleases=False)
    post(sandbox, "/settings", repository="acme/app", workflows={}, variables=[])
    assert settings == Settings()


PLANTED: dict[str, Any] = {
    "archived": True,
    "bypassers": ["Team:7"],
    "forced": ["refs/heads/main"],
    "workflows": {WORKFLOW: "disabled_inactivity"},
    "immutableReleases": True,
    "variables": [{"key": "HTTPS_PROXY", "group": "acme", "masked": False}],
}


@pytest.mark.parametrize("wrong", [{"archived": "yes"}, {"variables": [{"name": "X"}]}, {"forced": "main"}])
def test_a_switch_of_the_wrong_kind_is_refused(sandbox: Sandbox, wrong: dict[str, Any]) -> None:
    answer = requests.post(f"{sandbox.url}/settings", json={"repository": "acme/app", **wrong}, timeout=10)
    assert answer.status_code == 422
    assert sandbox.forge.repository("acme/app").settings == Settings()
