"""A newcomer's GitLab project in a sandbox: it knows nothing of this tree but the YAML of docs/how-to-gitlab.md.

gitlab-ci-local runs one job at a time here, because on GitLab each job has tokens of its own: what a job may do follows
from the job (`id_tokens`), the pipeline's ref and who started it, and is the sandbox's to say (POST /jobs).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from tests.ci import newcomer
from tests.ci.act import ROOT
from tests.ci.gitlab_local import Local, Outcome
from tests.ci.newcomer import Product
from tests.flow.worlds import FlowWorld

from counterseal.forges import ForgeKind, sandbox_host
from counterseal_sandbox.demo import world as demo_world
from counterseal_sandbox.demo.shell import Shell
from counterseal_sandbox.demo.site import MAIN, NAME, TAG
from counterseal_sandbox.service import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "how-to-gitlab.md"
#: The project's number: the first is counterseal's own.
NUMBER = 702
_BLOCK = re.compile(r"`\.gitlab-ci\.yml`\n.*?```yaml\n(.*?)```", re.DOTALL)


def pipeline_file(sha: str, source: str, trust: Path, issuer: str) -> str:
    """Return the pipeline file that the page shows, for one commit of counterseal that is at `source`.

    Its include verifies, too, and has to trust a sandbox here.
    """
    (text,) = _BLOCK.findall(PAGE.read_text())
    assert text.count("revision: SHA") == text.count("ref: SHA") == text.count("  - project:") == 1
    assert text.count("ACME/app") == 2
    text = text.replace("ref: SHA", f"ref: {sha}")
    text = text.replace("      revision: SHA\n", f"      revision: {sha}\n      source: {source}\n")
    text = text.replace("ACME/app", NAME).replace('repository-id: "777"', f'repository-id: "{NUMBER}"')
    told = f"      gate-issuer: {issuer}\n      trust: {trust}\n      sandbox: true\n"
    content: str = text.replace("      gate-issuer: https://gitlab.com\n", told)
    assert told in content
    return content


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """What the jobs of a pipeline came to, in the order in which they ran."""

    outcomes: Mapping[str, Outcome]

    @property
    def jobs(self) -> dict[str, str]:
        """Return the result of each job that ran."""
        return {name: outcome.jobs[name] for name, outcome in self.outcomes.items()}

    @property
    def text(self) -> str:
        """Return all that gitlab-ci-local said."""
        return "\n".join(outcome.text for outcome in self.outcomes.values())

    def log(self, job: str) -> str:
        """Return what a job printed."""
        return self.outcomes[job].log(job)

    def variables(self, job: str) -> dict[str, str]:
        """Return the variables of a job's dotenv report."""
        return self.outcomes[job].variables(job)

    def artifact(self, job: str, name: str) -> Path:
        """Return the path of an artifact of a job."""
        return self.outcomes[job].artifact(job, name)


@dataclasses.dataclass(frozen=True)
class Newcomer:
    """The newcomer's world, and gitlab-ci-local in it."""

    world: FlowWorld
    local: Local
    product: Product
    source: str
    folder: Path

    def clone(self, ref: str = "main") -> Path:
        """Return a fresh clone at a branch or tag."""
        target = Path(tempfile.mkdtemp(prefix="clone-", dir=self.folder))
        self.world.git("clone", "-q", "--branch", ref, self.world.clone_url, str(target), folder=self.folder)
        return target

    def pipeline(
        self, clone: Path, *, settings: Mapping[str, str] | None = None, api_token: bool = True, **order: Any
    ) -> Pipeline:
        """Return what the pipeline of a clone came to.

        Args:
            clone: The project at what the pipeline is about.
            settings: Variables of the project, beside those that this machine needs.
            api_token: Whether the project has COUNTERSEAL_GITLAB_TOKEN.
            order: What is said to POST /jobs: ref, source, actor, …
        """
        whole = {"project": NAME, "ref": MAIN, "source": "push", "actor": "bob"} | order
        probe = {**self._job(whole, idToken=False), **(settings or {})}
        rows = self.local.listed(clone, probe)
        written = yaml.safe_load(self.local.preview(clone, probe))
        stages = written["stages"]
        outcomes: dict[str, Outcome] = {}
        for row in sorted(rows, key=lambda job: stages.index(job["stage"])):
            name = row["name"]
            # A job that needs others waits for these alone, and does not run if one of them did not.
            needs = written[name].get("needs") or list(outcomes)
            before = [need["job"] if isinstance(need, dict) else need for need in needs]
            passed = all(job in outcomes and outcomes[job].jobs.get(job) != "FAIL" for job in before)
            if row["when"] != "always" and (row["when"] != "on_success" or not passed):
                continue
            asked = {key: token["aud"] for key, token in written[name].get("id_tokens", {}).items()}
            tokens = {"idToken": asked, "apiToken": api_token}
            variables = {**self._job(whole, **tokens), **(settings or {}), "STUB_PYTHON": sys.executable}
            outcomes[name] = self.local.run(clone, name, variables=variables)
        return Pipeline(outcomes)

    def _job(self, order: Mapping[str, Any], **tokens: Any) -> dict[str, str]:
        return dict(self.world.client.job(**order, **tokens))

    def release(self, **order: Any) -> Pipeline:
        """Push the tag: build, SBOM, signatures, candidate."""
        return self.pipeline(self.clone(TAG), **{"ref": f"refs/tags/{TAG}", **order})

    def promote(self, **order: Any) -> Pipeline:
        """Run the gate, as a merge or the schedule does."""
        return self.pipeline(self.clone(), **order)

    def preview(self, number: int, **order: Any) -> Pipeline:
        """Open or change a promotion request, or run its pipeline again."""
        branch = self.world.site.branch_of(self.world.people["bob"], number)
        request: dict[str, Any] = {
            "ref": f"refs/heads/{branch}",
            "source": "merge_request_event",
        }
        return self.pipeline(self.clone(branch), **(request | order))


@contextlib.contextmanager
def newcomer_project(folder: Path, local: Local, product: Product) -> Iterator[Newcomer]:
    """Give a newcomer's project with the page's pipeline file, tagged; nothing ran yet."""
    folder.mkdir(exist_ok=True)
    (folder / "home").mkdir()
    (folder / "runs").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    with Sandbox(folder / "sandbox", released=(product.sha,)) as sandbox:
        source = newcomer.serve(sandbox, product)
        example = folder / "example"
        shutil.copytree(ROOT / "examples" / "app", example)
        trust, site = folder / "trust.json", sandbox_host(sandbox.url, ForgeKind.GITLAB)
        (example / ".gitlab-ci.yml").write_text(pipeline_file(product.sha, source, trust, site.issuer))
        demo = demo_world.make_world(Shell(path, folder / "home"), sandbox.url, folder, example, kind=ForgeKind.GITLAB)
        demo_world.write_json(trust, demo.client.trust())
        fields = {field.name: getattr(demo, field.name) for field in dataclasses.fields(demo)}
        assert demo.repository_id == NUMBER
        own = dataclasses.replace(local, folder=folder / "runs")
        yield Newcomer(FlowWorld(**fields, sandbox=sandbox), own, product, source, folder)
