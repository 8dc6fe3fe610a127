"""The sandbox's OIDC issuers answer as GitHub's and GitLab's do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
from tests.unit.sandbox.keyless_world import CLAIMS, GITLAB_CLAIMS, World, serving

from counterseal_sandbox import gitlab_identity
from counterseal_sandbox.http import HttpError
from counterseal_sandbox.identity import OPTIONAL_CLAIMS, REQUIRED_CLAIMS, RunCredentials

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as each:
        yield each


def ask(run: RunCredentials, **query: str) -> requests.Response:
    return requests.get(
        run.request_url, params=query, headers={"Authorization": f"bearer {run.request_token}"}, timeout=5
    )


def started(world: World, **claims: str) -> RunCredentials:
    run = world.keyless.issuer.start_run({**CLAIMS, **claims}, may_sign=True)
    assert run is not None
    return run


def verified(world: World, token: str, audience: str, issuer: str | None = None) -> dict[str, Any]:
    """Read a token as a stranger does: by discovery and the published keys."""
    issuer = issuer or world.keyless.issuer.url
    found = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).json()
    assert found["issuer"] == issuer
    key = jwt.PyJWKSet.from_dict(requests.get(found["jwks_uri"], timeout=5).json())[
        jwt.get_unverified_header(token)["kid"]
    ]
    claims: dict[str, Any] = jwt.decode(token, key, ["RS256"], audience=audience, issuer=issuer)
    return claims


def test_a_run_gets_its_claims_signed_for_the_audience_it_names(world: World) -> None:
    claims = verified(world, ask(started(world), audience="sigstore").json()["value"], "sigstore")
    assert {name: claims[name] for name in CLAIMS} == CLAIMS
    assert claims["sub"] == "repo:ACME/app:ref:refs/tags/v1.2.0"
    assert (claims["ref_type"], claims["repository_owner"]) == ("tag", "ACME")
    assert 0 < claims["exp"] - claims["iat"] <= 300


def test_every_claim_that_is_announced_is_in_a_token(world: World) -> None:
    run = started(world, environment="production", check_run_id="8")
    claims = verified(world, ask(run, audience="sigstore").json()["value"], "sigstore")
    assert {*REQUIRED_CLAIMS, *OPTIONAL_CLAIMS} <= set(claims)
    assert claims["sub"] == "repo:ACME/app:environment:production"


def test_without_an_audience_the_owner_is_the_audience(world: World) -> None:
    verified(world, ask(started(world)).json()["value"], "https://github.com/ACME")


def test_two_runs_do_not_get_each_others_identity(world: World) -> None:
    first, second = started(world, run_id="1"), started(world, run_id="2")
    tokens = [ask(run, audience="sigstore").json()["value"] for run in (first, second)]
    assert [verified(world, token, "sigstore")["run_id"] for token in tokens] == ["1", "2"]


def test_a_run_without_the_permission_gets_nothing_to_ask_with(world: World) -> None:
    assert world.keyless.issuer.start_run(CLAIMS, may_sign=False) is None


@pytest.mark.parametrize("header", [{}, {"Authorization": "bearer guessed"}, {"Authorization": "basic {token}"}])
def test_who_does_not_hold_the_request_token_is_refused(world: World, header: dict[str, str]) -> None:
    run = started(world)
    headers = {name: value.format(token=run.request_token) for name, value in header.items()}
    assert requests.get(run.request_url, headers=headers, timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ({name: value for name, value in CLAIMS.items() if name != "run_id"}, "run_id"),
        ({**CLAIMS, "is_admin": "true"}, "is_admin"),
        ({**CLAIMS, "iss": "https://token.actions.githubusercontent.com"}, "iss"),
        ({**CLAIMS, "run_id": 5001}, "run_id"),
    ],
)
def test_claims_that_github_would_not_make_are_refused(world: World, claims: Any, named: str) -> None:
    with pytest.raises(HttpError, match=named):
        world.keyless.issuer.start_run(claims, may_sign=True)


@pytest.mark.parametrize(("method", "path"), [("POST", "/token"), ("GET", "/authorize")])
def test_anything_else_is_501_with_the_name_of_the_call(world: World, method: str, path: str) -> None:
    answer = requests.request(method, world.keyless.issuer.url + path, timeout=5)
    assert answer.status_code == 501
    assert f"{method} /github{path}" in answer.json()["message"]


# --- GitLab --------------------------------------------------------------------------------------


def test_a_job_of_gitlab_gets_its_claims_for_as_long_as_it_may_run(world: World) -> None:
    issuer = world.keyless.gitlab
    claims = verified(world, issuer.job_token(GITLAB_CLAIMS), "sigstore", issuer.url)
    assert {name: claims[name] for name in GITLAB_CLAIMS} == GITLAB_CLAIMS
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["jti"] != verified(world, issuer.job_token(GITLAB_CLAIMS), "sigstore", issuer.url)["jti"]


def test_gitlabs_discovery_names_its_keys_and_every_claim(world: World) -> None:
    found = requests.get(f"{world.keyless.gitlab.url}/.well-known/openid-configuration", timeout=5).json()
    assert found["jwks_uri"] == f"{world.server.url}/gitlab/oauth/discovery/keys"
    assert {*gitlab_identity.REQUIRED_CLAIMS, *gitlab_identity.OPTIONAL_CLAIMS} <= set(found["claims_supported"])


def test_nobody_asks_gitlab_for_a_token(world: World) -> None:
    run = started(world)
    url = run.request_url.replace("/github/", "/gitlab/")
    answer = requests.get(url, headers={"Authorization": f"bearer {run.request_token}"}, timeout=5)
    assert (answer.status_code, "GET /gitlab/token" in answer.json()["message"]) == (501, True)


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ({name: value for name, value in GITLAB_CLAIMS.items() if name != "job_id"}, "job_id"),
        ({**GITLAB_CLAIMS, "repository": "acme/app"}, "repository"),
        ({**GITLAB_CLAIMS, "iss": "https://gitlab.com"}, "iss"),
        ({**GITLAB_CLAIMS, "ref_protected": True}, "ref_protected"),
        ({**GITLAB_CLAIMS, "runner_id": "1"}, "runner_id"),
    ],
)
def test_claims_that_gitlab_would_not_make_are_refused(world: World, claims: Any, named: str) -> None:
    with pytest.raises(HttpError, match=named):
        world.keyless.gitlab.job_token(claims)
