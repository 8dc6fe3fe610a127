"""The whole story with the page's pipeline file: candidate, staging, too early, deny, again, allow, publish, verify.

One test, because each act stands on the one before. Tokens, identities and branch protection are the sandbox's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.ci import gitlab_newcomer
from tests.ci.act import ROOT
from tests.ci.test_gitlab_includes import include
from tests.flow import recorded
from tests.flow.stopping import revoke, started, stop

from counterseal_sandbox.demo.site import NAME, TAG
from counterseal_sandbox.demo.world import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ci.gitlab_local import Local, Outcome
    from tests.ci.gitlab_newcomer import Newcomer, Pipeline
    from tests.ci.newcomer import Product

pytestmark = [pytest.mark.gitlab, pytest.mark.slow]

GATE, VERIFY = "counterseal-gate", "counterseal-verify"
#: What comes of a pipeline of the default branch in which nothing fails.
QUIET = {GATE: "PASS", VERIFY: "PASS", "released": "PASS"}
PAGE = ROOT / "docs" / "verify-without-us" / "README.md"
LINES = re.compile(r"## A release on GitLab\n.*?```sh\n(.*?)```", re.DOTALL)
# Read by people, by a shell, by the job's log and by Markdown.
REASON = 'weekly"; touch pwned; $(touch pwned) `touch pwned` $CI_JOB_TOKEN ::set-output name=published::x'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, local: Local, product: Product) -> Iterator[Newcomer]:
    """A newcomer's project, in which nothing ran yet."""
    with gitlab_newcomer.newcomer_project(tmp_path_factory.mktemp("newcomer"), local, product) as found:
        yield found


def test_the_story(project: Newcomer, tool: Callable[[str], Path]) -> None:
    candidate(project)
    staging(project)
    too_early(project)
    production(project)
    swept_again(project)
    no_trace(project)
    consumer(project)
    stranger(project, [tool(name) for name in ("cosign", "jq", "openssl", "curl")])


def candidate(project: Newcomer) -> None:
    """The tag is pushed."""
    released = project.release()
    expected = ("build", "counterseal-sbom", "counterseal-sign", "counterseal-candidate")
    assert released.jobs == dict.fromkeys(expected, "PASS"), released.text
    assert "2 statements, 2 file signatures" in released.log("counterseal-sign")
    assert released.variables("counterseal-candidate")["counterseal_tag"] == TAG


def staging(project: Newcomer) -> None:
    """Requested, approved by alice, merged."""
    number = project.world.request("staging", REASON)
    project.world.review("alice", number)
    project.world.merge("bob", number)
    allowed = project.promote()
    assert decisions(allowed) == [("staging", "allow", 1)], allowed.text
    assert allowed.jobs == QUIET
    assert allowed.log("released") == "", "nothing was published, so nothing follows"


def too_early(project: Newcomer) -> None:
    """Merged before security has looked, against the preview."""
    number = project.world.request("production")
    project.world.review("alice", number)
    preview = project.preview(number)
    assert preview.jobs == {"counterseal-preview": "PASS"}, preview.text
    assert "missing 1 of security" in preview.log("counterseal-preview")
    project.world.review("carol", number)
    assert "carol" in project.preview(number).log("counterseal-preview")
    project.world.merge("bob", number)
    denied = project.promote()
    assert denied.jobs == QUIET | {GATE: "FAIL"}, denied.text
    assert decisions(denied) == [("production", "deny", 2)]
    assert "missing 1 of security" in denied.log(GATE)
    assert "missing 1 of security" in denied.artifact(GATE, "counterseal.md").read_text()


def production(project: Newcomer) -> None:
    """Asked again, approved by both, published, handed on."""
    number = project.world.request("production", "because", "--again")
    project.world.review("alice", number)
    project.world.review("dora", number)
    project.world.merge("bob", number)
    published = project.promote()
    assert published.jobs == QUIET, published.text
    assert decisions(published) == [("production", "allow", 4)], "the project's own gate audited at 3"
    assert json.loads(published.variables(GATE)["counterseal_published"]) == [TAG]
    assert f"published: {TAG} (production)" in published.artifact(GATE, "counterseal.md").read_text()
    files = ("app-1.2.0-py3-none-any.whl", "app-1.2.0.tar.gz")
    assert published.log("released").splitlines() == [f"released dist/{TAG}/{name}" for name in files]
    assert all(f"verified: {name}, production" in published.log(VERIFY) for name in files)
    replaced_afterwards(project)


def replaced_afterwards(project: Newcomer) -> None:
    """Somebody who may write replaces a wheel of the published release: nothing is handed on."""
    wheel = "app-1.2.0-py3-none-any.whl"
    right = project.world.hands.read(wheel)
    project.world.hands.upload(wheel, b"something else")
    job = project.world.client.job(project=NAME, ref="refs/heads/main", source="push", actor="bob", idToken=False)
    variables = {**job, "counterseal_published": json.dumps([TAG])}
    handed_on = project.local.run(project.clone(), VERIFY, variables=variables)
    assert handed_on.jobs == {VERIFY: "FAIL"}, handed_on.text
    assert f"not verified: {wheel}" in handed_on.log(VERIFY)
    project.world.hands.upload(wheel, right)


def swept_again(project: Newcomer) -> None:
    """The schedule finds nothing to decide, and audits."""
    before = recorded.kinds(project.world)
    again = project.promote(source="schedule")
    assert again.jobs == QUIET, again.text
    assert again.variables(GATE)["counterseal_published"] == "[]"
    assert recorded.kinds(project.world) == [*before, "audit"]


def decisions(pipeline: Pipeline) -> list[tuple[str, str, int]]:
    """Return stage, outcome and sequence of what a gate decided."""
    found: list[dict[str, Any]] = json.loads(pipeline.variables(GATE)["counterseal_decisions"])
    return [(each["stage"], each["outcome"], each["sequence"]) for each in found]


def no_trace(project: Newcomer) -> None:
    """No injected command ran, and no secret is in what any job printed."""
    assert list(project.folder.rglob("pwned")) == []
    for path in project.local.folder.glob("run-*/out"):
        assert "eyJ" not in path.read_text(), "a JWT"


def consumer(project: Newcomer) -> None:
    """The released files are verified by the template, in a pipeline of somebody who has them."""
    clone = project.clone()
    client = project.world.client
    for name, url in project.world.site.downloads().items():
        (clone / name).write_bytes(client.call("GET", url, raw=True))
    write_json(clone / "trust.json", client.trust())
    good = verify(project, clone)
    assert good.jobs == {"counterseal-verify": "PASS"}, good.text
    said = good.log("counterseal-verify")
    assert "verified: app-1.2.0-py3-none-any.whl, production" in said
    number = len(recorded.kinds(project.world)) - 1
    assert f"6 knowledge            as of ledger entry {number} (" in said, "it asks for what is known by now"
    assert "is not pinned here" in said
    assert "counterseal pin --repository gitlab.com/acme/app" in said
    archive = clone / "app-1.2.0.tar.gz"
    right = archive.read_bytes()
    archive.write_bytes(b"something else")
    tampered = verify(project, clone)
    assert tampered.jobs == {"counterseal-verify": "FAIL"}
    assert "not verified: app-1.2.0.tar.gz" in tampered.log("counterseal-verify")
    archive.write_bytes(right)
    taken_back(project, clone)


def taken_back(project: Newcomer, clone: Path) -> None:
    """One file is revoked afterwards: the template, which fetches the newest state, refuses the release."""
    digest = hashlib.sha256((clone / "app-1.2.0-py3-none-any.whl").read_bytes()).hexdigest()
    stop(project.world, started(project.world, revoke(f"artifact:{digest}")))
    refused = verify(project, clone)
    assert refused.jobs == {"counterseal-verify": "FAIL"}
    said = refused.log("counterseal-verify")
    assert f"the artifact {digest}, which the release rests on, was revoked until 20" in said
    assert "do not use the file" in said
    offline = verify(project, clone, state="")
    assert offline.jobs == {"counterseal-verify": "PASS"}, "what the release itself says is as old as the release"
    assert "the release's own copy, as of ledger entry" in offline.log("counterseal-verify")


def stranger(project: Newcomer, programs: list[Path]) -> None:
    """With the page's own lines, somebody who has none of our code downloads and verifies."""
    world, folder = project.world, project.folder / "stranger"
    folder.mkdir()
    (lines,) = LINES.findall(PAGE.read_text())
    here = lines.replace("https://gitlab.com/$REPO", f"{world.site.place.git}/$REPO").replace("ACME/app", NAME)
    here = here.replace("REPO_ID=777", f"REPO_ID={world.repository_id}").replace(
        "bash verify", f"bash {PAGE.parent}/verify"
    )
    assert here.count(world.site.place.git) == 1
    (folder / "trusted_root.jsonl").write_text(json.dumps(world.client.trust()["trustConfig"]["trustedRoot"]) + "\n")
    path = os.pathsep.join(dict.fromkeys([*(str(each.parent) for each in programs), "/usr/bin", "/bin"]))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "ISSUER": world.site.place.issuer},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"verified: app-1.2.0-py3-none-any.whl, production, {TAG} of {NAME}"), done.stdout


def verify(project: Newcomer, clone: Path, **more: str) -> Outcome:
    """Run the verify template on two files in a clone, which has to have them committed for jobs to see them."""
    flags = project.world.site.who_decides()
    named = {
        name.removeprefix("--").replace("-", "_"): value for name, value in zip(flags[::2], flags[1::2], strict=True)
    }
    asked = include(
        "verify",
        ref=project.product.sha,
        revision=project.product.sha,
        source=project.source,
        files="app-1.2.0-py3-none-any.whl app-1.2.0.tar.gz",
        stage="production",
        repository=f"gitlab.com/{NAME}",
        trust="trust.json",
        sandbox=True,
        **named,
        **more,
    )
    (clone / "verify.yml").write_text(yaml.safe_dump({"include": [asked]}))
    project.world.git("add", "-A", "-f", ".", ":!.gitlab-ci-local", folder=clone)
    return project.local.run(clone, variables={"CI": "true", "GITLAB_CI": "true"}, file="verify.yml")
