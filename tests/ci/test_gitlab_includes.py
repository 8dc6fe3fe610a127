"""Templates as another project includes them, read by gitlab-ci-local: which jobs it gets, and what is refused."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci import newcomer
from tests.ci.test_gitlab_templates import GIVEN, ONE_GIVEN
from tests.ci.test_parity import VERBS
from tools import template_pages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ci.gitlab_local import Local
    from tests.ci.newcomer import Product

pytestmark = [pytest.mark.gitlab, pytest.mark.slow]


def include(verb: str, *, ref: str = "", **inputs: object) -> dict[str, Any]:
    """Return an include of a template with its required inputs, and others; by project if a ref is given."""
    required = {name for name, each in template_pages.template(verb)[0].items() if "default" not in each}
    given = {name: GIVEN[name] for name in required} | {name.replace("_", "-"): each for name, each in inputs.items()}
    path = f"/gitlab-templates/{verb}.yml"
    if not ref:
        return {"local": path, "inputs": given}
    return {"project": "counterseal/counterseal", "ref": ref, "file": path, "inputs": given}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, product: Product) -> Path:
    """Another project, which has a copy of the templates for `include: local`."""
    folder = tmp_path_factory.mktemp("app")
    newcomer.git(folder, "init", "-q", "-b", "main")
    target = folder / "gitlab-templates"
    target.mkdir()
    for verb in VERBS:
        (target / f"{verb}.yml").write_text((product.folder / "gitlab-templates" / f"{verb}.yml").read_text())
    newcomer.git(folder, "add", "-A")
    newcomer.git(folder, "commit", "-q", "-m", "app")
    newcomer.git(folder, "remote", "add", "origin", str(folder))
    newcomer.git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    return folder


def pipeline(clone: Path, *includes: dict[str, Any], **rest: Any) -> str:
    """Write a pipeline file that includes these, and return its name."""
    name = "pipeline.yml"
    (clone / name).write_text(yaml.safe_dump({"include": list(includes), **rest}))
    return name


def running(local: Local, clone: Path, file: str, **variables: str) -> set[str]:
    """Return the jobs that a pipeline has, by its variables."""
    return {each["name"] for each in local.listed(clone, variables, file) if each["when"] != "never"}


def test_a_project_gets_the_same_jobs_by_each_kind_of_include(local: Local, clone: Path, product: Product) -> None:
    tag = {"CI_COMMIT_TAG": "v1.2.0"}
    here = local.listed(clone, tag, pipeline(clone, *map(include, VERBS)))
    there = local.listed(clone, tag, pipeline(clone, *(include(verb, ref=product.sha) for verb in VERBS)))
    assert here == there
    names = [f"counterseal-{name}" for name in (*VERBS, "preview", "emergency")]
    assert sorted(each["name"] for each in here) == sorted(names)


def test_one_include_brings_all_that_a_project_needs(local: Local, clone: Path, product: Product) -> None:
    """Of another project: what it includes itself is looked for there, and not in the project that includes it."""
    asked = {"project": "counterseal/counterseal", "ref": product.sha, "file": "/gitlab-templates/all.yml"}
    shutil.rmtree(clone / "gitlab-templates")
    file = pipeline(clone, asked | {"inputs": ONE_GIVEN})
    assert running(local, clone, file, CI_COMMIT_TAG="v1", CI_COMMIT_BRANCH="") == {
        f"counterseal-{verb}" for verb in ("sbom", "sign", "candidate")
    }
    for source in ("push", "web", "schedule"):
        found = running(local, clone, file, CI_COMMIT_BRANCH="main", CI_PIPELINE_SOURCE=source)
        assert found == {"counterseal-gate", "counterseal-verify"}, source
    assert running(local, clone, file, CI_COMMIT_BRANCH="topic", CI_PIPELINE_SOURCE="push") == set()
    newcomer.git(clone, "checkout", "-q", "--", "gitlab-templates")


def test_what_runs_where(local: Local, clone: Path) -> None:
    file = pipeline(clone, *map(include, VERBS))
    assert running(local, clone, file, CI_COMMIT_TAG="v1", CI_COMMIT_BRANCH="") == {
        "counterseal-sbom", "counterseal-sign", "counterseal-candidate", "counterseal-request", "counterseal-verify"
    }  # fmt: skip
    for source in ("push", "web", "schedule"):
        found = running(local, clone, file, CI_COMMIT_BRANCH="main", CI_PIPELINE_SOURCE=source)
        assert found >= {"counterseal-gate", "counterseal-publish"}, source
        assert not found & {"counterseal-sbom", "counterseal-sign", "counterseal-candidate", "counterseal-preview"}
        assert ("counterseal-request" in found) == (source == "web")
    for source in ("push", "web", "schedule"):
        assert running(local, clone, file, CI_COMMIT_BRANCH="topic", CI_PIPELINE_SOURCE=source) == {
            "counterseal-verify"
        }
    for source in ("api", "trigger", "pipeline", "parent_pipeline", "chat", "external", "ondemand_dast_scan", "webide"):
        found = running(local, clone, file, CI_COMMIT_BRANCH="main", CI_PIPELINE_SOURCE=source)
        assert not found & {"counterseal-gate", "counterseal-publish"}, source


def test_a_preview_is_for_merge_requests_that_touch_requests(local: Local, clone: Path) -> None:
    newcomer.git(clone, "switch", "-q", "-c", "topic")
    file = pipeline(clone, include("gate"))
    event = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_BRANCH": "", "CI_MERGE_REQUEST_IID": "7"}
    assert running(local, clone, file, **event) == set()
    (clone / "promotions").mkdir()
    (clone / "promotions" / "a.json").write_text("{}")
    newcomer.git(clone, "add", "promotions")
    newcomer.git(clone, "commit", "-q", "-m", "request")
    assert running(local, clone, file, **event) == {"counterseal-preview"}
    newcomer.git(clone, "switch", "-q", "main")


def test_a_pipeline_with_an_action_stops_something_and_decides_nothing(
    local: Local, clone: Path, product: Product
) -> None:
    file = pipeline(clone, include("gate", action="hold", stage="staging", reason="it leaks"))
    for source in ("web", "api"):
        assert running(local, clone, file, CI_COMMIT_BRANCH="main", CI_PIPELINE_SOURCE=source) == {
            "counterseal-emergency"
        }
        assert running(local, clone, file, CI_COMMIT_BRANCH="topic", CI_PIPELINE_SOURCE=source) == set()
    for source in ("push", "schedule", "trigger", "pipeline", "chat"):
        assert running(local, clone, file, CI_COMMIT_BRANCH="main", CI_PIPELINE_SOURCE=source) == set()
    asked = {"project": "counterseal/counterseal", "ref": product.sha, "file": "/gitlab-templates/all.yml"}
    file = pipeline(clone, asked | {"inputs": {**ONE_GIVEN, "action": "revoke", "target": f"artifact:{'ab' * 32}"}})
    found = running(local, clone, file, CI_COMMIT_BRANCH="main", CI_PIPELINE_SOURCE="api")
    assert found == {"counterseal-emergency"}
    assert "counterseal-gate" not in running(local, clone, file, CI_COMMIT_BRANCH="main", CI_PIPELINE_SOURCE="web")


def test_with_preview_there_is_no_gate(local: Local, clone: Path) -> None:
    file = pipeline(clone, include("gate", preview=True))
    assert running(local, clone, file, CI_COMMIT_BRANCH="main") == set()


def test_one_template_twice_and_a_job_of_ones_own(local: Local, clone: Path) -> None:
    mine = {"extends": ".other-sign", "stage": "build", "variables": {"MORE": "1"}}
    changed = {"tags": ["mine"], "needs": []}
    file = pipeline(
        clone,
        include("sign"),
        include("sign", job_name="other", job_stage="build", subjects="b"),
        **{"mine": mine, "counterseal-sign": changed},
    )
    found = yaml.safe_load(local.preview(clone, {"CI_COMMIT_TAG": "v1"}, file))
    given = {
        name: re.findall(r"COUNTERSEAL_SUBJECTS=(.*)", str(each.get("script"))[:600])
        for name, each in found.items()
        if name != "stages"
    }
    subjects = {name: text[0].split("\\n")[0] for name, text in given.items()}
    assert subjects == {"counterseal-sign": "dist/*", "other-sign": "b", "mine": "b"}
    assert found["counterseal-sign"]["tags"] == ["mine"]
    assert found["counterseal-sign"]["id_tokens"] == {"SIGSTORE_ID_TOKEN": {"aud": "sigstore"}}
    assert found["mine"]["variables"]["MORE"] == "1"


@pytest.mark.parametrize(
    ("verb", "inputs", "message"),
    [
        ("gate", {"revision": None}, "`revision` input: required value has not been provided"),
        ("gate", {"revision": "main"}, "`revision` input: `main` does not match required regex"),
        ("gate", {"revision": "5EA1" * 10}, "does not match required regex"),
        ("gate", {"revision": "5ea1" * 10 + "0"}, "does not match required regex"),
        ("gate", {"source": "--upload-pack=touch pwned"}, "`source` input"),
        ("gate", {"source": "https://user:pass@host/x.git"}, "`source` input"),
        ("gate", {"stage": "a\nscript: [touch pwned]"}, "`stage` input"),
        ("gate", {"job-name": 'x": {script: [a]}, "y'}, "`job-name` input"),
        ("gate", {"preview": "perhaps"}, "`preview` input: provided value is not a boolean"),
        ("sign", {"output": "../x\n"}, "`output` input"),
        ("sign", {"subjects": None}, "`subjects` input: required value has not been provided"),
        ("request", {"valid-days": "many"}, "`valid-days` input: provided value is not a number"),
    ],
)
def test_a_bad_input(local: Local, clone: Path, verb: str, inputs: dict[str, object], message: str) -> None:
    asked = include(verb)
    given = asked["inputs"] | inputs
    asked["inputs"] = {name: value for name, value in given.items() if value is not None}
    assert message in local.refused(clone, pipeline(clone, asked))
