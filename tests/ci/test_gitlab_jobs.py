"""Jobs of the templates, run by gitlab-ci-local: getting ready, outputs, and what a job says that lacks something."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci import newcomer
from tests.ci.act import ROOT
from tests.ci.test_gitlab_includes import include
from tests.ci.test_gitlab_templates import ID_TOKENS
from tests.ci.test_parity import VERBS
from tests.flow import worlds
from tools import template_pages

from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ci.gitlab_local import Local, Outcome
    from tests.ci.newcomer import Product

pytestmark = [pytest.mark.gitlab, pytest.mark.slow]

TAGGED = {"CI_COMMIT_TAG": "v1.2.0", "CI_COMMIT_BRANCH": "", "GITLAB_CI": "true"}
MERGED = {"CI_COMMIT_BRANCH": "main", "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "web"}
HOSTILE = "\"; touch pwned; '$(touch pwned)' `touch pwned` $CI_JOB_TOKEN ${HOME} %0A #: - {a: b}"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, product: Product) -> Iterator[str]:
    """Where jobs get counterseal from: a forge on this machine, over HTTP."""
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield newcomer.serve(sandbox, product)


@pytest.fixture
def app(tmp_path: Path, product: Product) -> Path:
    """The example project, built, in a clone of its own, with the templates in it."""
    folder = tmp_path / "app"
    shutil.copytree(ROOT / "examples" / "app", folder)
    shutil.copytree(worlds.build(tmp_path / "build"), folder / "dist", dirs_exist_ok=True)
    shutil.copytree(product.folder / "gitlab-templates", folder / "gitlab-templates")
    newcomer.git(folder, "init", "-q", "-b", "main")
    newcomer.git(folder, "add", "-A", "-f")
    newcomer.git(folder, "commit", "-q", "-m", "app")
    newcomer.git(folder, "remote", "add", "origin", str(folder))
    newcomer.git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    return folder


def run(
    local: Local,
    app: Path,
    *includes: dict[str, Any],
    variables: dict[str, str],
    jobs: tuple[str, ...] = (),
    more: dict[str, Any] | None = None,
) -> Outcome:
    """Return what a pipeline of these includes, and more jobs, came to; no folder of a job is left behind."""
    (app / "pipeline.yml").write_text(yaml.safe_dump({"include": list(includes), **(more or {})}))
    outcome = local.run(app, *jobs, variables=variables, file="pipeline.yml")
    assert "Traceback" not in outcome.text
    assert list(local.folder.glob("run-*/tmp.*")) == [], "each job clears away what it brought"
    return outcome


def test_outputs_reach_later_jobs_and_the_summary_is_an_artifact(
    local: Local, app: Path, product: Product, source: str
) -> None:
    step = include("sbom", revision=product.sha, source=source)
    later = {"stage": "deploy", "script": ['echo "got $counterseal_sbom $counterseal_sbom_digest"']}
    outcome = run(local, app, step, more={"later": later}, variables=TAGGED)
    assert outcome.jobs == {"counterseal-sbom": "PASS", "later": "PASS"}, outcome.text
    made = outcome.artifact("counterseal-sbom", "counterseal-out/sbom.cdx.json")
    assert json.loads(made.read_text())["bomFormat"] == "CycloneDX"
    variables = outcome.variables("counterseal-sbom")
    assert set(variables) == {"counterseal_sbom", "counterseal_sbom_digest"}
    assert " ".join(["got", *variables.values()]) in outcome.log("later")
    assert outcome.artifact("counterseal-sbom", "counterseal.md").read_text().startswith("```\nsbom: ")


def test_no_text_of_an_input_is_run(local: Local, app: Path, product: Product, source: str) -> None:
    """Every text input of every template; each job may fail, and none may do more than that."""
    steps = []
    for verb in VERBS:
        inputs, _ = template_pages.template(verb)
        free = [name for name, each in inputs.items() if "\\\\x00" in repr(each.get("regex", ""))]
        assert free or verb in {"publish", "gate"}
        hostile = {name.replace("-", "_"): HOSTILE for name in free}
        steps.append(include(verb, revision=product.sha, source=source, **hostile))
    names = tuple(f"counterseal-{verb}" for verb in VERBS)
    outcome = run(local, app, *steps, jobs=names, variables=TAGGED)
    assert set(outcome.jobs) <= set(names), outcome.text
    assert "PASS" not in outcome.jobs.values(), outcome.text
    for name in outcome.jobs:
        assert "error: " in outcome.log(name), outcome.log(name)
    assert list(app.rglob("pwned")) + list(local.folder.rglob("pwned")) == []


@pytest.mark.parametrize("verb", ["sign", "request", "gate", "publish"])
def test_a_job_without_its_token_shows_the_lines(
    local: Local, app: Path, product: Product, source: str, verb: str
) -> None:
    """gitlab-ci-local gives no job an ID token, as GitLab gives none to a job that asks for none."""
    asked = {"stage": "staging"} if verb == "request" else {}
    step = include(verb, revision=product.sha, source=source, **asked)
    outcome = run(local, app, step, jobs=(f"counterseal-{verb}",), variables=TAGGED if verb == "sign" else MERGED)
    assert set(outcome.jobs.values()) <= {"FAIL", "WARN"}
    said = outcome.log(f"counterseal-{verb}")
    assert "this process has no CI identity to s" in said, said
    lines = said[said.index("    id_tokens:") :].splitlines()[:3]
    assert yaml.safe_load("\n".join(lines)) == {"id_tokens": ID_TOKENS[verb]}


def test_another_commit_than_there_is(local: Local, app: Path, source: str) -> None:
    outcome = run(local, app, include("sbom", revision="a" * 40, source=source), variables=TAGGED)
    assert outcome.jobs == {"counterseal-sbom": "FAIL"}
    assert f"error: no commit {'a' * 40} at {source}" in outcome.log("counterseal-sbom")


def test_no_variable_from_elsewhere_chooses_what_runs_or_what_it_is_told(
    local: Local, app: Path, product: Product, source: str
) -> None:
    """Variables of a project, a pipeline and an earlier job's report win over a job's own; not over its script."""
    evil = app / "evil"
    evil.mkdir()
    for name in (
        "git",
        "python3",
        "mktemp",
    ):  # the runner itself would find a shell there; GitLab's names it by its path
        (evil / name).write_text(f"#!/bin/sh\ntouch {app}/pwned\n")
        (evil / name).chmod(0o755)
    (app / "run.sh").write_text(f"touch {app}/pwned\n")
    foreign = {
        "COUNTERSEAL_SOURCE": str(evil),
        "COUNTERSEAL_REVISION": "a" * 40,
        "COUNTERSEAL_SUBJECTS": "other",
        "COUNTERSEAL_OUTPUT": "elsewhere",
        "COUNTERSEAL_DRY_RUN": "true",
        "source": str(evil),
        "revision": "a" * 40,
        "PATH": f"{evil}:/usr/bin:/bin",
        "RUNNER_TEMP": str(evil),
        "PYTHONPATH": str(evil),
    }
    earlier = {
        "stage": ".pre",
        "script": [
            "printf '%s\\n' " + " ".join(f"'{name}={value}'" for name, value in foreign.items()) + " > evil.env"
        ],
        "artifacts": {"reports": {"dotenv": "evil.env"}},
    }
    step = include("sbom", revision=product.sha, source=source)
    outcome = run(local, app, step, more={"earlier": earlier}, variables=TAGGED)
    assert outcome.jobs == {"earlier": "PASS", "counterseal-sbom": "PASS"}, outcome.text
    assert outcome.artifact("counterseal-sbom", "counterseal-out/sbom.cdx.json").exists()
    outcome = run(local, app, step, variables=TAGGED | {each: foreign[each] for each in foreign if each != "PATH"})
    assert outcome.jobs == {"counterseal-sbom": "PASS"}, outcome.text
    assert outcome.artifact("counterseal-sbom", "counterseal-out/sbom.cdx.json").exists()
    assert not (app / "pwned").exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"COUNTERSEAL_POLICY": "other.yml"},
        {"https_proxy": "http://127.0.0.1:9", "no_proxy": "*"},
        {"GIT_CONFIG_GLOBAL": "/dev/null"},
        {"PYTHONPATH": "/somewhere"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_what_steers_a_gate_is_refused(
    local: Local, app: Path, product: Product, source: str, settings: dict[str, str]
) -> None:
    step = include("gate", revision=product.sha, source=source)
    outcome = run(local, app, step, variables=MERGED | settings)
    assert outcome.jobs == {"counterseal-gate": "FAIL"}
    assert f"the variable {next(iter(settings))} is set in a gate" in outcome.log("counterseal-gate"), outcome.text
