"""A gate of one's own on GitHub, with the page's job: it decides and publishes, and the verdict says whose it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.ci import newcomer
from tests.ci.test_story import decisions
from tests.flow import stories, worlds

from counterseal.identifiers import POLICY_PATH
from counterseal_sandbox.demo.site import NAME, TAG
from counterseal_sandbox.demo.world import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ci.act import Outcome
    from tests.ci.newcomer import Newcomer, Product

pytestmark = [pytest.mark.slow, pytest.mark.act]

WORKFLOW = ".github/workflows/promote.yml"
WHEEL = "app-1.2.0-py3-none-any.whl"
_SECTION = re.compile(r"## A gate of your own\n.*?```yaml\n(.*?)```.*?`(gate: \{github: .*?\})`", re.DOTALL)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], Path], product: Product) -> Iterator[Newcomer]:
    """A newcomer who put the page's job and its line of policy in place, with a candidate."""
    (found,) = _SECTION.findall(newcomer.PAGE.read_text())
    job, line = found
    dist = worlds.build(tmp_path_factory.mktemp("build"))
    with newcomer.newcomer(tmp_path_factory.mktemp("newcomer"), tool("act"), product) as made:
        text = re.sub(r"(?ms)^  gate:\n.*?(?=^  \S)", job, made.workflows["promote.yml"])
        text = re.sub(r"(?ms)^  pypi:\n.*", "", text)  # it may sign, and so would be the gate
        text = text.replace("@SHA", f"@{product.sha}")
        policy = stories.read(made.world, POLICY_PATH).decode()
        assert policy.count("gate: counterseal\n") == 1
        stories.write(made.world, "main", WORKFLOW, text.encode())
        stories.bring_policy(made.world, policy.replace("gate: counterseal", line).encode())
        newcomer.with_candidate(made.world, dist)
        yield made


def promote(here: Newcomer, identity: str = "promote.yml", **changes: str) -> Outcome:
    """Run the own gate, with the permissions that its workflow gives it, and the identity of a workflow."""
    clone = here.clone()
    given = yaml.safe_load((clone / WORKFLOW).read_text())["jobs"]["gate"]["permissions"]
    run = here.start(identity, "gate", **({"permissions": given} | changes))
    return here.act.run(clone, "push", run=run, workflow="promote.yml")


def merged(here: Newcomer, stage: str, *people: str) -> None:
    number = here.world.request(stage)
    for login in people:
        here.world.review(login, number)
    here.world.merge("bob", number)


def test_an_own_gate_decides_and_publishes(here: Newcomer, tmp_path: Path) -> None:
    merged(here, "staging", "alice")
    assert decisions(promote(here)) == [("staging", "allow", 1)]
    merged(here, "production", "alice", "dora")
    published = promote(here)
    assert published.jobs == {"gate": "success"}, published.text
    assert json.loads(published.outputs("gate")["published"]) == [TAG]
    for asset in here.world.release()["assets"]:
        (tmp_path / asset["name"]).write_bytes(here.world.client.call("GET", asset["url"], raw=True))
    write_json(tmp_path / "trust.json", here.world.client.trust())
    asked = ["verify", WHEEL, "--stage", "production", "--repository", f"github.com/{NAME}"]
    asked += ["--trust", "trust.json", "--sandbox"]
    named = [f"--gate-identity=https://github.com/{NAME}/{WORKFLOW}@refs/heads/main"]
    named += [f"--gate-issuer={here.world.site.place.issuer}"]
    assert "own gate" in here.world.counterseal(*asked, *named, folder=tmp_path).output
    refused = here.world.counterseal(*asked, folder=tmp_path, code=11)
    assert "not by https://github.com/counterseal/counterseal/.github/workflows/gate.yml" in refused.output


def test_another_workflow_and_the_released_gate_are_not_this_one(here: Newcomer) -> None:
    for outcome in (promote(here, "other.yml"), promote(here, gateRevision=here.product.sha)):
        assert outcome.jobs["gate"] == "failure"
        assert "this run is not a gate" in "\n".join((outcome.log, *outcome.errors))


def test_no_other_job_of_an_own_gates_file_may_sign(here: Newcomer) -> None:
    """Whatever has `id-token: write` there is the gate."""
    jobs = yaml.safe_load((here.clone() / WORKFLOW).read_text())["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["gate", "emergency"]
    for name in ("gate", "emergency"):
        (step,) = jobs[name]["steps"]
        assert step["uses"].startswith("counterseal/counterseal/actions/gate@")
