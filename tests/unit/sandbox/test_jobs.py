"""Jobs of GitLab CI: what one finds in its environment, and what its tokens say."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from counterseal.adapters.gitlab.ci import GitLabEnvironment
from counterseal.adapters.http import oidc
from counterseal.errors import ServiceError
from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = "acme/tools/app"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        client = SandboxClient(running.url)
        client.control("/users", login="acme", kind="Organization", id=2000)
        for login, number in (("alice", 1001), ("bob", 1002)):
            client.person(login, number)
        roles = {"alice": "maintainer", "bob": "developer"}
        client.control("/repositories", forge="gitlab", owner="acme", name="tools/app", collaborators=roles)
        project = running.forge.gitlab_project(PROJECT)
        tip = project.write_file("main", ".gitlab-ci.yml", b"{}\n", running.forge.account("alice"))
        project.move_ref("refs/tags/v1.0.0", tip, running.forge.account("alice"))
        yield running


def job(sandbox: Sandbox, **more: Any) -> Mapping[str, str]:
    order = {"project": PROJECT, "ref": "refs/heads/main", "source": "push", "actor": "alice"}
    return SandboxClient(sandbox.url).job(**(order | more))


def claims(environment: Mapping[str, str]) -> dict[str, Any]:
    part = environment["SIGSTORE_ID_TOKEN"].split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "==")))


def test_the_variables_of_a_job_on_a_branch(sandbox: Sandbox) -> None:
    found = dict(job(sandbox, jobId=302, pipelineId=41))
    project = sandbox.forge.gitlab_project(PROJECT)
    assert found.pop("SIGSTORE_ID_TOKEN").count(".") == 2
    assert found.pop("CI_JOB_TOKEN").startswith("glcbt-")
    assert found == {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER_HOST": "gitlab.com",
        "CI_SERVER_URL": f"{sandbox.url}/gitlab",
        "CI_API_V4_URL": f"{sandbox.url}/gitlab/api/v4",
        "CI_CONFIG_PATH": ".gitlab-ci.yml",
        "CI_PROJECT_ID": str(project.id),
        "CI_PROJECT_PATH": PROJECT,
        "CI_PROJECT_NAMESPACE": "acme/tools",
        "CI_PROJECT_URL": f"{sandbox.url}/gitlab/git/{PROJECT}",
        "CI_PROJECT_VISIBILITY": "public",
        "CI_REPOSITORY_URL": f"{sandbox.url}/gitlab/git/{PROJECT}.git",
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_SHA": project.branch("main"),
        "CI_COMMIT_REF_NAME": "main",
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_REF_PROTECTED": "true",
        "CI_PIPELINE_ID": "41",
        "CI_PIPELINE_SOURCE": "push",
        "CI_JOB_ID": "302",
        "CI_JOB_URL": f"{sandbox.url}/gitlab/git/{PROJECT}/-/jobs/302",
        "GITLAB_USER_ID": "1001",
        "GITLAB_USER_LOGIN": "alice",
    }


def test_a_job_is_what_its_token_says(sandbox: Sandbox) -> None:
    told = GitLabEnvironment(job(sandbox, source="web", actor="bob", configFile="ci/gate.yml")).run()
    project = sandbox.forge.gitlab_project(PROJECT)
    assert told.sandbox
    assert (told.repository.host, told.repository.id, told.repository.name) == ("gitlab.com", project.id, PROJECT)
    assert (told.ref, told.ref_protected, told.revision) == ("refs/heads/main", True, project.branch("main"))
    assert (told.event, told.actor.id, told.actor.login) == ("web", 1002, "bob")
    assert told.config_ref == f"{PROJECT}//ci/gate.yml@refs/heads/main"
    assert told.runner_environment == "gitlab-hosted"


def test_all_claims_of_a_tags_job_in_an_environment(sandbox: Sandbox) -> None:
    environment = job(sandbox, ref="refs/tags/v1.0.0", environment="prod-eu", runnerEnvironment="self-hosted")
    assert environment["CI_COMMIT_TAG"] == environment["CI_COMMIT_REF_NAME"] == "v1.0.0"
    assert "CI_COMMIT_BRANCH" not in environment
    assert environment["CI_ENVIRONMENT_NAME"] == "prod-eu"
    project, said = sandbox.forge.gitlab_project(PROJECT), claims(environment)
    for name in ("iat", "nbf", "exp", "jti"):
        assert said.pop(name)
    place = {
        "namespace_id": said["namespace_id"],
        "namespace_path": "acme/tools",
        "project_id": str(project.id),
        "project_path": PROJECT,
    }
    assert said == {
        "iss": f"{sandbox.url}/gitlab",
        "aud": "sigstore",
        "sub": f"project_path:{PROJECT}:ref_type:tag:ref:v1.0.0",
        **place,
        **{f"job_{name}": value for name, value in place.items()},
        "project_visibility": "public",
        "user_id": "1001",
        "user_login": "alice",
        "user_email": "alice@people.example",
        "user_access_level": "maintainer",
        "pipeline_id": environment["CI_PIPELINE_ID"],
        "pipeline_source": "push",
        "job_id": environment["CI_JOB_ID"],
        "ref": "v1.0.0",
        "ref_type": "tag",
        "ref_path": "refs/tags/v1.0.0",
        "ref_protected": "false",
        "runner_id": 1,
        "runner_environment": "self-hosted",
        "sha": project.branch("main"),
        "ci_config_ref_uri": f"gitlab.com/{PROJECT}//.gitlab-ci.yml@refs/tags/v1.0.0",
        "ci_config_sha": project.branch("main"),
        "environment": "prod-eu",
        "environment_protected": "false",
        "environment_action": "start",
        "deployment_tier": "production",
    }


def test_two_jobs_are_two_in_number_and_in_tokens(sandbox: Sandbox) -> None:
    one, two = job(sandbox), job(sandbox)
    for name in ("CI_JOB_ID", "CI_PIPELINE_ID", "CI_JOB_TOKEN", "SIGSTORE_ID_TOKEN"):
        assert one[name] != two[name]


def test_tokens_are_there_only_if_asked_for(sandbox: Sandbox) -> None:
    assert "SIGSTORE_ID_TOKEN" not in job(sandbox, idToken=False)
    other = job(sandbox, idToken={"OTHER": "https://vault.example"})
    assert "SIGSTORE_ID_TOKEN" not in other
    assert oidc.decode(other["OTHER"])["aud"] == "https://vault.example"
    assert "COUNTERSEAL_GITLAB_TOKEN" not in job(sandbox)
    assert job(sandbox, apiToken=True)["COUNTERSEAL_GITLAB_TOKEN"].startswith("glpat-")


def test_a_job_of_a_merge_request(sandbox: Sandbox) -> None:
    project, bob = sandbox.forge.gitlab_project(PROJECT), sandbox.forge.account("bob")
    project.move_branch("work", str(project.branch("main")), bob)
    head = project.write_file("work", "x", b"x", bob)
    number = project.changes.open(bob, "work", "main", title="Work").number
    for ref in ("refs/heads/work", f"refs/merge-requests/{number}/head"):
        found = job(sandbox, ref=ref, source="merge_request_event", actor="bob")
        assert found["CI_MERGE_REQUEST_IID"] == str(number)
        assert (found["CI_COMMIT_SHA"], found["CI_COMMIT_REF_NAME"]) == (head, "work")
        assert not {"CI_COMMIT_BRANCH", "CI_COMMIT_TAG"} & set(found)
        said = claims(found)
        assert (said["ref"], said["ref_type"], said["ref_path"]) == ("work", "branch", "refs/heads/work")
        assert (said["ref_protected"], said["pipeline_source"]) == ("false", "merge_request_event")


def test_a_job_of_a_forks_merge_request_speaks_for_the_fork(sandbox: Sandbox) -> None:
    project, mallory = sandbox.forge.gitlab_project(PROJECT), sandbox.forge.create_account("mallory")
    fork = sandbox.forge.fork(project, "mallory")
    fork.move_branch("evil", str(project.branch("main")), mallory)
    fork.write_file("evil", ".gitlab-ci.yml", b"{evil: 1}\n", mallory)
    number = project.changes.open(mallory, "evil", "main", title="Evil", source=fork).number
    ref = f"refs/merge-requests/{number}/head"
    said = claims(job(sandbox, ref=ref, source="merge_request_event", actor="mallory"))
    assert (said["project_path"], said["job_project_path"]) == ("mallory/app", PROJECT)
    assert said["ci_config_ref_uri"] == f"gitlab.com/{fork.full_name}//.gitlab-ci.yml@refs/heads/evil"
    assert "user_access_level" not in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ref": "main"}, "give it in full"),
        ({"ref": "refs/heads/none"}, "no ref"),
        ({"ref": "refs/heads/main", "source": "merge_request_event"}, "no open merge request"),
        ({"project": "acme/none"}, "Not Found"),
        ({"actor": "nobody"}, "no account"),
    ],
)
def test_jobs_that_make_no_sense(sandbox: Sandbox, more: dict[str, Any], said: str) -> None:
    with pytest.raises(ServiceError) as caught:
        job(sandbox, **more)
    assert said in caught.value.why


def test_a_repository_is_at_one_forge(sandbox: Sandbox) -> None:
    client = SandboxClient(sandbox.url)
    client.control("/repositories", owner="acme", name="hub", collaborators={"alice": "maintain"})
    with pytest.raises(ServiceError, match="/jobs: 404"):
        job(sandbox, project="acme/hub")
    answer = requests.get(f"{sandbox.url}/github/api/repos/acme/tools", timeout=10)
    assert answer.status_code == 404
    for name, said in (("hub", "exists already"), ("tools//x", "not an owner/name"), ("../x", "not an owner/name")):
        with pytest.raises(ServiceError) as caught:
            client.control("/repositories", forge="gitlab", owner="acme", name=name)
        assert said in caught.value.why
    with pytest.raises(ServiceError) as caught:
        client.control("/repositories", forge="gitlab", owner="acme", name="y", collaborators={"alice": "maintain"})
    assert "guest, reporter, developer, maintainer, owner" in caught.value.why
