"""The CI run, told by the token of a real issuer on loopback."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.loopback import ok, raw_servers
from tests.unit.sandbox.keyless_world import CLAIMS, DIGEST, SAN, SHA, WORKFLOW, World, serving

from counterseal.adapters.github.ci import GitHubEnvironment
from counterseal.adapters.http import oidc
from counterseal.adapters.http.oidc import REQUEST_AUDIENCE
from counterseal.adapters.sigstore.signer import SigstoreSigner
from counterseal.errors import CountersealError, ServiceError, UsageError
from counterseal.model import Actor, ActorKind, Repository, Run
from counterseal_sandbox.http import Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.ports import Environment

REAL = "https://token.actions.githubusercontent.com"


@pytest.fixture
def world() -> Iterator[World]:
    with serving() as each:
        yield each


def environ(world: World, **claims: str) -> dict[str, str]:
    run = world.keyless.issuer.start_run({**CLAIMS, **claims}, may_sign=True)
    assert run is not None
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": run.request_url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": run.request_token}


def answering(world: World, answer: Response) -> None:
    world.server.interceptors.append(lambda prefix, _: answer if prefix == "/github" else None)


def token_with(claims: Any) -> Response:
    """Return the answer of a token service that signs nothing."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return json_response({"value": f"e30.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}.c2ln"})


def claims_of(world: World) -> dict[str, Any]:
    return {**CLAIMS, "iss": world.keyless.issuer.url, "sub": "repo:ACME/app", "aud": "sigstore"}


def test_the_run_is_what_the_token_says(world: World) -> None:
    environment: Environment = GitHubEnvironment({**environ(world), "GITHUB_TRIGGERING_ACTOR": "bob"})
    assert environment.run() == Run(
        issuer=world.keyless.issuer.url,
        sandbox=True,
        repository=Repository("github.com", 777, "ACME/app"),
        ref="refs/tags/v1.2.0",
        ref_protected=True,
        revision=SHA,
        event="push",
        signer_ref=WORKFLOW,
        signer_digest=SHA,
        config_ref=WORKFLOW,
        config_digest=SHA,
        runner_environment="github-hosted",
        run_id=5001,
        attempt=2,
        actor=Actor("github.com", 1001, "alice"),
        triggering_login="bob",
        url="https://github.com/ACME/app/actions/runs/5001/attempts/2",
        visibility="public",
    )


def test_an_unprotected_ref_is_told_apart(world: World) -> None:
    assert not GitHubEnvironment(environ(world, ref_protected="false")).run().ref_protected


def test_an_app_is_a_bot(world: World) -> None:
    run = GitHubEnvironment(environ(world, actor="github-actions[bot]", actor_id="41898282")).run()
    assert run.actor == Actor("github.com", 41898282, "github-actions[bot]", ActorKind.BOT)
    assert run.triggering_login == "github-actions[bot]"


def test_other_variables_choose_nothing(world: World) -> None:
    found = environ(world)
    honest = GitHubEnvironment(found).run()
    lies = {
        "GITHUB_REPOSITORY": "mallory/app",
        "GITHUB_REPOSITORY_ID": "1",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_SERVER_URL": "https://forge.example",
        "GITHUB_API_URL": "https://api.forge.example",
        "COUNTERSEAL_SANDBOX": "0",
    }
    assert GitHubEnvironment({**found, **lies}).run() == honest


def test_its_token_signs(world: World) -> None:
    environment = GitHubEnvironment(environ(world))
    bundle = SigstoreSigner(world.config(), environment.token).sign_digest(DIGEST)
    assert world.verifier().verify_digest(bundle, DIGEST, "b").san == SAN


def test_who_asks_is_told_by_a_token_that_signs_nothing(world: World) -> None:
    asking = GitHubEnvironment(environ(world), REQUEST_AUDIENCE)
    assert oidc.decode(asking.token())["aud"] == REQUEST_AUDIENCE
    assert asking.run() == GitHubEnvironment(environ(world)).run()
    with pytest.raises(CountersealError):
        SigstoreSigner(world.config(), asking.token).sign_digest(DIGEST)


@pytest.mark.parametrize("gone", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "both"])
def test_without_the_permission_the_yaml_to_paste_is_shown(world: World, gone: str) -> None:
    left = {name: value for name, value in environ(world).items() if gone not in {name, "both"}}
    for call in (GitHubEnvironment(left).run, GitHubEnvironment(left).token):
        with pytest.raises(UsageError) as caught:
            call()
        assert "permissions:\n      id-token: write" in caught.value.fix


@pytest.mark.parametrize(
    "url", ["http://tokens.example/x", "ftp://127.0.0.1/", "http://127.0.0.1@evil.example/", "x", "http://["]
)
def test_a_token_is_not_asked_for_in_the_clear(url: str) -> None:
    given = {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-secret"}
    with pytest.raises(UsageError, match="https") as caught:
        GitHubEnvironment(given).token()
    assert "secret-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        json_response({"message": "no"}, 403),
        Response(307, b"", {"Location": "https://evil.example/"}),
        Response(200, b""),
        Response(200, b"<html>"),
        json_response([]),
        json_response({}),
        json_response({"value": 1}),
        Response(200, b'{"value": "' + b"a" * 100_000 + b'"}'),
        Response(200, b'{"value": "a", "value": "b"}'),
    ],
    ids=["403", "redirect", "empty", "html", "list", "no value", "number", "large", "twice"],
)
def test_a_token_service_that_answers_garbage(world: World, answer: Response) -> None:
    found = environ(world)
    answering(world, answer)
    for call in (GitHubEnvironment(found).run, GitHubEnvironment(found).token):
        with pytest.raises(ServiceError, match="identity token") as caught:
            call()
        assert found["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] not in str(caught.value)


def test_a_service_that_recovers_is_asked_again(world: World) -> None:
    answers = [Response(503, b"later"), Response(502, b"later")]
    world.server.interceptors.append(lambda *_: answers.pop() if answers else None)
    assert GitHubEnvironment(environ(world), pause=lambda _: None).token().count(".") == 2
    assert answers == []


def test_a_service_that_is_not_there(world: World) -> None:
    found = environ(world)
    found["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://127.0.0.1:9/github/token"
    pauses: list[float] = []
    with pytest.raises(ServiceError, match="identity token"):
        GitHubEnvironment(found, pause=pauses.append).token()
    assert len(pauses) == 3


def test_a_token_that_drips_is_not_waited_for(world: World) -> None:
    """Each byte comes in time, and the whole would after two seconds."""
    token = ok(b"%100s" % b'{"value": "a.b.c"}')
    with raw_servers() as serve:
        found = environ(world)
        found["ACTIONS_ID_TOKEN_REQUEST_URL"] = serve(*[token] * 4, drip=0.02, whole=len(token) - 100) + "/token"
        with pytest.raises(ServiceError, match="identity token") as caught:
            GitHubEnvironment(found, timeout=0.2, pause=lambda _: None).token()
    assert caught.value.why == "no answer in time"


def test_a_service_that_wants_us_to_wait_long_is_not_waited_for(world: World) -> None:
    found = environ(world)
    answering(world, Response(429, b"", {"Retry-After": "3600"}))
    with pytest.raises(ServiceError, match="identity token of this run: the service asks to wait 3600 seconds"):
        GitHubEnvironment(found).token()


@pytest.mark.parametrize(
    "name",
    [
        "actor",
        "actor_id",
        "event_name",
        "iss",
        "job_workflow_ref",
        "job_workflow_sha",
        "ref",
        "ref_protected",
        "repository",
        "repository_id",
        "run_attempt",
        "run_id",
        "runner_environment",
        "sha",
        "workflow_ref",
        "workflow_sha",
    ],
)
@pytest.mark.parametrize("value", [None, "", 7, True, ["x"], "two\nlines"])
def test_a_claim_that_is_missing_or_malformed_is_named(world: World, name: str, value: Any) -> None:
    claims = claims_of(world)
    claims[name] = value
    if value is None:
        del claims[name]
    found = environ(world)
    answering(world, token_with(claims))
    with pytest.raises(ServiceError, match=name):
        GitHubEnvironment(found).run()


def test_a_ref_with_hidden_characters_is_what_somebody_pushed(world: World) -> None:
    found = environ(world)
    answering(world, token_with(claims_of(world) | {"ref": "refs/tags/v1\u202e\u200b"}))
    with pytest.raises(UsageError, match=r"not shown: 'refs/tags/v1\\u202e\\u200b'") as caught:
        GitHubEnvironment(found).run()
    assert "name it with letters" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repository_id", "-1"),
        ("repository_id", "1e3"),
        ("actor_id", "٣"),
        ("run_id", "9" * 30),
        ("sha", "HEAD"),
        ("sha", "A" * 40),
        ("job_workflow_sha", "a" * 39),
        ("repository", "ACME"),
        ("repository", "ACME/app/../x"),
        ("repository", "ACME/app\u202e"),
        ("ref_protected", "True"),
        ("ref_protected", "1"),
    ],
)
def test_a_claim_in_another_form_is_named(world: World, name: str, value: str) -> None:
    found = environ(world)
    answering(world, token_with({**claims_of(world), name: value}))
    with pytest.raises(ServiceError, match=name):
        GitHubEnvironment(found).run()


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"\xff", b'{"iss": "a", "iss": "b"}', b"{" * 1000])
def test_a_token_without_claims(world: World, payload: bytes) -> None:
    found = environ(world)
    answering(world, token_with(payload))
    with pytest.raises(ServiceError, match="identity token"):
        GitHubEnvironment(found).run()


@pytest.mark.parametrize("token", ["", "abc", "..", "a.b!.c", "a.\u00e9.c"])
def test_a_token_that_is_no_jwt(world: World, token: str) -> None:
    found = environ(world)
    answering(world, json_response({"value": token}))
    with pytest.raises(ServiceError, match="identity token"):
        GitHubEnvironment(found).run()


def test_a_loopback_service_cannot_speak_for_the_real_issuer(world: World) -> None:
    found = environ(world)
    answering(world, token_with({**claims_of(world), "iss": REAL}))
    with pytest.raises(ServiceError, match="cannot have issued"):
        GitHubEnvironment(found).run()


def test_a_sandbox_cannot_speak_for_another_sandbox(world: World) -> None:
    found = environ(world)
    answering(world, token_with({**claims_of(world), "iss": "http://127.0.0.1:1/github"}))
    with pytest.raises(ServiceError, match="cannot have issued"):
        GitHubEnvironment(found).run()


def test_the_request_is_made_as_github_wants_it(world: World) -> None:
    seen: list[Request] = []
    world.server.interceptors.append(lambda _, request: seen.append(request))
    found = environ(world)
    GitHubEnvironment(found).token()
    assert dict(seen[0].query) == {"api-version": "2.0", "audience": "sigstore"}
    assert seen[0].headers["authorization"] == f"bearer {found['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"
