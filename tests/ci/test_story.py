"""The whole story with the page's three workflows: candidate, staging, too early, deny, again, allow, publish.

One test, because each act stands on the one before. act runs the steps as GitHub's runner does; tokens, permissions,
identities and branch protection are the sandbox's.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.flow import recorded
from tests.flow.stopping import revoke, started, stop

from counterseal_sandbox.demo.site import NAME, TAG
from counterseal_sandbox.demo.world import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ci.act import Outcome
    from tests.ci.newcomer import Newcomer
    from tests.flow.worlds import FlowWorld

pytestmark = [pytest.mark.slow, pytest.mark.act]

# Read by people, by a shell, by the runner's log and by markdown.
REASON = (
    'weekly"; touch pwned; $(touch pwned) `touch pwned` ${{ secrets.GITHUB_TOKEN }}\n::set-output name=published::x'
)


def test_the_story(here: Newcomer) -> None:
    candidate(here)
    staging(here)
    too_early(here)
    production(here)
    replaced_afterwards(here)
    swept_again(here)
    no_trace(here)
    consumer(here)


def candidate(here: Newcomer) -> None:
    """The tag is pushed."""
    released = here.release()
    assert released.jobs == {"build": "success", "candidate": "success"}, released.text
    assert "2 statements, 2 file signatures" in released.log
    assert here.world.release()["draft"]


def staging(here: Newcomer) -> None:
    """Requested, approved by alice, merged."""
    number = here.world.request("staging", REASON)
    here.world.review("alice", number)
    here.world.merge("bob", number)
    allowed = here.promote()
    assert decisions(allowed) == [("staging", "allow", 1)], allowed.text
    assert allowed.jobs == {"gate": "success"}, "nothing was published, so nothing goes to the index"


def too_early(here: Newcomer) -> None:
    """Merged before security has looked, against the preview."""
    number = here.world.request("production")
    here.world.review("alice", number)
    preview = here.preview(number)
    assert preview.jobs == {"preview": "success"}, preview.text
    assert "missing 1 of security" in preview.log
    (before,) = comments(here, number)
    assert "carol" not in before
    here.world.review("carol", number)
    assert here.preview(number, event="pull_request_review").jobs == {"preview": "success"}
    (after,) = comments(here, number)
    assert "carol" in after, "one comment, kept up to date"
    here.world.merge("bob", number)
    denied = here.promote()
    assert denied.jobs == {"gate": "failure"}, denied.text
    assert decisions(denied) == [("production", "deny", 2)]
    assert any("missing 1 of security" in each for each in denied.errors)


def production(here: Newcomer) -> None:
    """Asked again, approved by both, published, handed on to the index."""
    number = here.world.request("production", "because", "--again")
    here.world.review("alice", number)
    here.world.review("dora", number)
    here.world.merge("bob", number)
    published = here.promote()
    assert published.jobs == {"gate": "success", "pypi": "success"}, published.text
    assert decisions(published) == [("production", "allow", 3)]
    assert json.loads(published.outputs("gate")["published"]) == [TAG]
    assert (here.act.artifacts / "pypi").read_text().split() == ["app-1.2.0-py3-none-any.whl", "app-1.2.0.tar.gz"]
    assert not here.world.release()["draft"]


def replaced_afterwards(here: Newcomer) -> None:
    """Somebody who may write replaces a wheel of the published release: the job that hands it on stops before."""
    (here.act.artifacts / "pypi").unlink()
    wheel = "app-1.2.0-py3-none-any.whl"
    (asset,) = (each for each in here.world.release()["assets"] if each["name"] == wheel)
    right = here.world.client.call("GET", asset["url"], raw=True)
    here.world.hands.upload(wheel, b"something else")
    handed_on = here.custom(handing_on(here))
    assert handed_on.jobs == {"pypi": "failure"}, handed_on.text
    assert f"not verified: {wheel}" in handed_on.log
    assert not (here.act.artifacts / "pypi").exists()
    here.world.hands.upload(wheel, right)
    assert here.custom(handing_on(here)).jobs == {"pypi": "success"}


def handing_on(here: Newcomer) -> str:
    """Return the page's job that hands a release on, for a tag and without its gate."""
    whole = yaml.safe_load(here.workflows["promote.yml"])
    job = {name: each for name, each in whole["jobs"]["pypi"].items() if name not in {"needs", "if"}}
    job["strategy"] = {"matrix": {"tag": [TAG]}}
    return yaml.safe_dump({"on": "push", "permissions": {}, "jobs": {"pypi": job}})


def swept_again(here: Newcomer) -> None:
    """Scenario 32: a second attempt of the run says again what is recorded, and does nothing but audit by schedule."""
    before = recorded.kinds(here.world)
    again = here.promote(event="schedule", attempt=2)
    assert again.jobs == {"gate": "success"}, "no matrix without tags"
    assert decisions(again) == [("production", "allow", 3)]
    assert again.outputs("gate")["published"] == "[]"
    assert recorded.kinds(here.world) == [*before, "audit"]


def decisions(outcome: Outcome) -> list[tuple[str, str, int]]:
    """Return stage, outcome and sequence of what a run decided."""
    found: list[dict[str, Any]] = json.loads(outcome.outputs("gate")["decisions"])
    return [(each["stage"], each["outcome"], each["sequence"]) for each in found]


def comments(here: Newcomer, number: int) -> list[str]:
    """Return the comments on a change request."""
    path = f"/repos/{NAME}/issues/{number}/comments"
    found: Any = here.world.client.as_person(here.world.people["bob"], "GET", path)
    return [str(each["body"]) for each in found]


def no_trace(here: Newcomer) -> None:
    """No injected command ran, and no secret is in what any run printed."""
    assert list(here.folder.rglob("pwned")) == []
    for path in here.act.folder.glob("run-*/out"):
        text = path.read_text()
        secret = (path.parent / "secrets").read_text().split('"')[1]
        assert secret not in text
        assert "eyJ" not in text, "a JWT"


def consumer(here: Newcomer) -> None:
    """The released files are verified by the action, in a workflow of somebody who has them."""
    folder = here.act.artifacts / "verify"
    folder.mkdir()
    client = here.world.client
    for asset in here.world.release()["assets"]:
        (folder / asset["name"]).write_bytes(client.call("GET", asset["url"], raw=True))
    write_json(folder / "trust.json", client.trust())
    good = verify(here, folder)
    assert good.jobs == {"job": "success"}, good.text
    assert "verified: app-1.2.0-py3-none-any.whl, production" in good.log
    assert newest(here.world) in good.log, "it asks for what is known by now"
    assert "warning: github.com/acme/app is not pinned here" in good.log
    assert "counterseal pin --repository github.com/acme/app" in good.log
    archive = folder / "app-1.2.0.tar.gz"
    right = archive.read_bytes()
    archive.write_bytes(b"something else")
    tampered = verify(here, folder)
    assert tampered.jobs == {"job": "failure"}
    assert "not verified: app-1.2.0.tar.gz" in tampered.log
    archive.write_bytes(right)
    taken_back(here, folder)


def taken_back(here: Newcomer, folder: Path) -> None:
    """One file is revoked afterwards: the action, which fetches the newest state, refuses the release."""
    digest = hashlib.sha256((folder / "app-1.2.0-py3-none-any.whl").read_bytes()).hexdigest()
    stop(here.world, started(here.world, revoke(f"artifact:{digest}"), gateRevision=here.product.sha))
    refused = verify(here, folder)
    assert refused.jobs == {"job": "failure"}
    assert f"the artifact {digest}, which the release rests on, was revoked until 20" in refused.log
    assert "do not use the file" in refused.log
    offline = verify(here, folder, state='""')
    assert offline.jobs == {"job": "success"}, "what the release itself says is as old as the release"
    assert "the release's own copy, as of ledger entry" in offline.log


def newest(world: FlowWorld) -> str:
    """Return what a verdict says that knows the ledger as it is now."""
    return f"6 knowledge            as of ledger entry {len(recorded.kinds(world)) - 1} ("


def verify(here: Newcomer, folder: Path, state: str = "") -> Outcome:
    """Run the verify action on two files in a folder; nothing is said of the state unless it is named."""
    text = f"""
on: push
permissions: {{}}
jobs:
  job:
    runs-on: ubuntu-24.04
    permissions: {{}}
    steps:
      - uses: counterseal/counterseal/actions/verify@SHA
        with:
          files: {folder}/app-1.2.0-py3-none-any.whl {folder}/app-1.2.0.tar.gz
          stage: production
          repository: github.com/{NAME}
          trust: {folder}/trust.json
          sandbox: "true"
"""
    return here.custom(text + (f"          state: {state}\n" if state else ""))
