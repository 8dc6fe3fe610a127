"""A pipeline that somebody starts with an action, as gitlab-ci-local runs it: one job, and what a later one is told."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci import gitlab_newcomer
from tests.ci.gitlab_newcomer import PAGE
from tests.ci.test_gitlab_includes import include
from tests.flow import recorded, stories

from counterseal_sandbox.demo.site import MAIN, NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ci.gitlab_local import Local
    from tests.ci.gitlab_newcomer import Newcomer, Pipeline
    from tests.ci.newcomer import Product

pytestmark = [pytest.mark.gitlab, pytest.mark.slow]

EMERGENCY, GATE = "counterseal-emergency", "counterseal-gate"
WHY = "a build machine was broken into: $(touch pwned) `touch pwned` $CI_JOB_TOKEN"
_TELL = re.compile(r"```yaml\n(tell:\n.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, local: Local, product: Product) -> Iterator[Newcomer]:
    """A newcomer's project, in which nothing ran yet."""
    with gitlab_newcomer.newcomer_project(tmp_path_factory.mktemp("newcomer"), local, product) as found:
        yield found


def started(project: Newcomer, by: str, source: str, **inputs: str) -> Pipeline:
    """Let somebody start a pipeline of the gate's template with inputs, and of the page's job that tells people.

    gitlab-ci-local hands no inputs to a pipeline; so they stand in the include, as the page's file hands them on.
    """
    (text,) = _TELL.findall(PAGE.read_text())
    asked = include("gate", ref=project.product.sha, revision=project.product.sha, source=project.source, **inputs)
    clone = project.clone()
    (clone / ".gitlab-ci.yml").write_text(yaml.safe_dump({"include": [asked], **yaml.safe_load(text)}))
    project.world.git("add", "-A", folder=clone)
    return project.pipeline(clone, source=source, actor=by)


def asks(project: Newcomer, by: str, **inputs: str) -> dict[str, str]:
    """Let somebody start the job of the template for requests, which has the token of a bot; return its outputs."""
    stories.newcomer(project.world, "project_702_bot", 1702, kind="Bot")
    clone, job = project.clone(), "counterseal-request"
    given = {"ref": project.product.sha, "revision": project.product.sha, "source": project.source, **inputs}
    (clone / ".gitlab-ci.yml").write_text(yaml.safe_dump({"include": [include("request", **given)]}))
    project.world.git("add", "-A", folder=clone)
    identity = {"COUNTERSEAL_ID_TOKEN": "counterseal-request"}
    run = project.world.client.job(project=NAME, ref=MAIN, source="web", actor=by, idToken=identity)
    token = {"COUNTERSEAL_TOKEN": project.world.people["project_702_bot"].token}
    outcome = project.local.run(clone, job, variables={**run, **token})
    assert outcome.jobs == {job: "PASS"}, outcome.text
    return outcome.variables(job)


def events(pipeline: Pipeline, job: str) -> list[dict[str, Any]]:
    """Return what a job says that it recorded beside decisions."""
    told: list[dict[str, Any]] = json.loads(pipeline.variables(job)["counterseal_events"])
    return told


def test_later_jobs_are_told_what_was_recorded(project: Newcomer) -> None:
    held = started(project, "carol", "web", action="hold", stage="staging", reason=WHY, hours="2")
    assert held.jobs == {EMERGENCY: "PASS", "tell": "PASS"}, held.text
    assert recorded.kinds(project.world) == ["genesis", "hold"]
    assert recorded.statements(project.world)[-1]["predicate"]["body"]["reason"] == WHY
    (told,) = events(held, EMERGENCY)
    assert (told["kind"], told["sequence"], told["request"]) == ("hold", 1, None)
    assert held.variables(EMERGENCY)["counterseal_entry"] == "1"
    assert held.log("tell").splitlines() == [told["what"]]
    assert told["what"].startswith("hold: staging is held until 20")
    assert list(project.folder.rglob("pwned")) == []
    asked = asks(project, "carol", kind="resume", entry="1", reason="it was another machine")
    for login in ("alice", "bob", "dora"):
        project.world.review(login, int(asked["counterseal_number"]))
    project.world.merge("bob", int(asked["counterseal_number"]))
    ended = started(project, "bob", "push")
    assert ended.jobs == {GATE: "PASS", "tell": "PASS"}, ended.text
    assert ended.log("tell").splitlines() == ["resume: 1 hold is ended"]
    (told,) = events(ended, GATE)
    assert (told["kind"], told["request"]) == ("resume", asked["counterseal_path"])
