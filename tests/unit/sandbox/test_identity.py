"""The sandbox's OIDC issuer answers as GitHub's does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
from tests.unit.sandbox.keyless_world import CLAIMS, World, serving

from counterseal.sandbox.http import HttpError
from counterseal.sandbox.identity import OPTIONAL_CLAIMS, REQUIRED_CLAIMS, RunCredentials

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


def verified(world: World, token: str, audience: str) -> dict[str, Any]:
    """Read a token as a stranger does: by discovery and the published keys."""
    issuer = world.keyless.issuer.url
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
