"""The job of GitLab that we are in: from its token, and from nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.sandbox.keyless_world import DIGEST, SHA, serving

from counterseal.adapters.gitlab.ci import GitLabEnvironment
from counterseal.adapters.http.oidc import REQUEST_AUDIENCE
from counterseal.adapters.sigstore.signer import SigstoreSigner
from counterseal.errors import CountersealError, ServiceError, UsageError
from counterseal.model import Actor, Repository, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.sandbox.keyless_world import World

CLAIMS: dict[str, Any] = {
    "sub": "project_path:acme/tools/app:ref_type:branch:ref:main",
    "namespace_id": "72",
    "namespace_path": "acme/tools",
    "project_id": "777",
    "project_path": "acme/tools/app",
    "project_visibility": "public",
    "pipeline_id": "41",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "main",
    "ref_path": "refs/heads/main",
    "ref_type": "branch",
    "ref_protected": "true",
    "runner_id": 1,
    "runner_environment": "gitlab-hosted",
    "sha": SHA,
    "ci_config_ref_uri": "gitlab.com/acme/tools/app//.gitlab-ci.yml@refs/heads/main",
    "ci_config_sha": SHA,
    "user_id": "1002",
    "user_login": "bob",
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as each:
        yield each


def environ(world: World, token: str | None = None, **changes: Any) -> dict[str, str]:
    given = world.keyless.gitlab.token({**CLAIMS, **changes}, "sigstore") if token is None else token
    return {"SIGSTORE_ID_TOKEN": given, "CI_API_V4_URL": f"{world.server.url}/gitlab/api/v4"}


def run(world: World, **changes: Any) -> Run:
    return GitLabEnvironment(environ(world, **changes)).run()


def test_every_field_of_a_run(world: World) -> None:
    assert run(world) == Run(
        issuer=f"{world.server.url}/gitlab",
        sandbox=True,
        repository=Repository("gitlab.com", 777, "acme/tools/app"),
        ref="refs/heads/main",
        ref_protected=True,
        revision=SHA,
        event="push",
        signer_ref="acme/tools/app//.gitlab-ci.yml@refs/heads/main",
        signer_digest=SHA,
        config_ref="acme/tools/app//.gitlab-ci.yml@refs/heads/main",
        config_digest=SHA,
        runner_environment="gitlab-hosted",
        run_id=302,
        attempt=1,
        actor=Actor("gitlab.com", 1002, "bob"),
        triggering_login="bob",
        url="https://gitlab.com/acme/tools/app/-/jobs/302",
        visibility="public",
        pipeline=41,
    )


def test_a_tag(world: World) -> None:
    found = run(world, ref="v1.2.0", ref_type="tag", ref_protected="false")
    assert (found.ref, found.ref_protected) == ("refs/tags/v1.2.0", False)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"ref_type": "merge_request"}, "neither branch nor tag"),
        ({"ref_protected": "yes"}, "neither true nor false"),
        ({"ref_protected": True}, "'ref_protected' is malformed"),
        ({"project_id": "seven"}, "'project_id' is malformed"),
        ({"project_path": "acme/../app"}, "'project_path' is malformed"),
        ({"project_path": "app"}, "'project_path' is malformed"),
        ({"sha": SHA[:12]}, "'sha' is not a full revision"),
        ({"ci_config_sha": None}, "'ci_config_sha' is missing"),
        ({"ci_config_ref_uri": None}, "'ci_config_ref_uri' is missing"),
        ({"ci_config_ref_uri": "gitlab.example/a/b//.gitlab-ci.yml@refs/heads/main"}, "not of gitlab.com"),
        ({"user_login": "bob\u202e"}, "'user_login' is malformed"),
    ],
    ids=str,
)
def test_a_claim_that_is_not_what_it_should_be(world: World, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ServiceError) as caught:
        run(world, **changes)
    assert what in caught.value.what
    assert caught.value.fix


def test_without_a_token_the_yaml_to_paste_is_shown() -> None:
    with pytest.raises(UsageError, match="no CI identity") as caught:
        GitLabEnvironment({"GITLAB_CI": "true"}).run()
    assert "id_tokens:\n      SIGSTORE_ID_TOKEN:\n        aud: sigstore" in (caught.value.fix or "")


def test_a_token_for_somebody_else(world: World) -> None:
    token = world.keyless.gitlab.token(CLAIMS, "https://vault.example")
    with pytest.raises(UsageError, match=r"vault\.example") as caught:
        GitLabEnvironment(environ(world, token)).run()
    assert "aud: sigstore" in (caught.value.fix or "")


@pytest.mark.parametrize("token", ["", "a.b", "a.!.c", "a.e30.c", "x" * 70_000])
def test_what_is_no_token(world: World, token: str) -> None:
    with pytest.raises((ServiceError, UsageError)):
        GitLabEnvironment(environ(world, token)).run()


def test_api_and_issuer_belong_together(world: World) -> None:
    found = environ(world)
    for api in ("https://gitlab.com/api/v4", "http://127.0.0.1:9/gitlab/api/v4", "https://gitlab.example/api/v4"):
        with pytest.raises(UsageError, match="CI_API_V4_URL is not what GitLab sets") as caught:
            GitLabEnvironment({**found, "CI_API_V4_URL": api}).run()
        assert api in (caught.value.why or "")


def test_a_token_of_github_is_none_of_a_job(world: World) -> None:
    with pytest.raises(ServiceError, match="cannot have issued it"):
        GitLabEnvironment(environ(world, world.token())).run()
    with pytest.raises(UsageError, match="not known"):
        GitLabEnvironment(environ(world, _with_issuer(world, "https://gitlab.example"))).run()


def _with_issuer(world: World, issuer: str) -> str:
    import jwt

    return jwt.encode({**CLAIMS, "iss": issuer, "aud": "sigstore"}, world.keyless.keys.oidc, "RS256")


# --- who asks for a promotion ---------------------------------------------------------------------


def asking(world: World, audience: str = REQUEST_AUDIENCE) -> dict[str, str]:
    token = world.keyless.gitlab.token(CLAIMS, audience)
    return {"COUNTERSEAL_ID_TOKEN": token, "CI_API_V4_URL": f"{world.server.url}/gitlab/api/v4"}


def test_who_asks_is_told_by_a_token_that_signs_nothing(world: World) -> None:
    environment = GitLabEnvironment(asking(world), REQUEST_AUDIENCE)
    assert environment.run() == run(world)
    with pytest.raises(CountersealError) as refused:
        SigstoreSigner(world.config(), environment.token).sign_digest(DIGEST)
    assert refused.value.exit_code == 1
    with pytest.raises(UsageError, match="no CI identity to sign with"):
        GitLabEnvironment(asking(world)).token()


def test_a_job_that_may_sign_says_who_asks_by_that(world: World) -> None:
    assert GitLabEnvironment(environ(world), REQUEST_AUDIENCE).run() == run(world)


def test_without_a_token_who_asks_is_not_known(world: World) -> None:
    with pytest.raises(UsageError, match="no CI identity to say who asks") as caught:
        GitLabEnvironment({"GITLAB_CI": "true"}, REQUEST_AUDIENCE).run()
    assert "id_tokens:\n      COUNTERSEAL_ID_TOKEN:\n        aud: counterseal-request" in (caught.value.fix or "")
    with pytest.raises(UsageError, match="COUNTERSEAL_ID_TOKEN is for the audience 'sigstore'"):
        GitLabEnvironment(asking(world, "sigstore"), REQUEST_AUDIENCE).run()
