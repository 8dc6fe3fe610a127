"""A repository in which everything is as counterseal needs it, at each forge, for `doctor` to find nothing in it."""

from __future__ import annotations

import copy
import json
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.ci.newcomer import blocks
from tests.flow.worlds import ROOT

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF, POLICY_PATH
from counterseal_sandbox.demo.site import MAIN, NAME
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.settings import VariableRecord
from counterseal_sandbox.service import DEFAULT_GATE_REVISION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.demo.shell import ProcessResult
    from counterseal_sandbox.forge.repository import HostedRepository

TAGS = "refs/tags/v*"
TOKEN = "COUNTERSEAL_GITLAB_TOKEN"
PIPELINE = ".gitlab-ci.yml"
RELEASE, PROMOTE = ".github/workflows/release.yml", ".github/workflows/promote.yml"
_SWITCHES = (
    "private", "actions_may_approve", "immutable_releases", "job_token_may_push", "roles", "schedules", "settings",
)  # fmt: skip


PREVIEW = ".github/workflows/preview.yml"
GITHUB_FILES = {
    RELEASE: f"""\
on:
  push:
    tags: ["v*"]
permissions: {{}}
jobs:
  build:
    runs-on: ubuntu-24.04
    permissions:
      contents: read # the source
    steps:
      - run: make
  candidate:
    needs: build
    runs-on: ubuntu-24.04
    permissions:
      contents: write
      id-token: write # the signature
    steps:
      - uses: counterseal/counterseal/actions/sbom@{DEFAULT_GATE_REVISION}
      - uses: counterseal/counterseal/actions/sign@{DEFAULT_GATE_REVISION}
      - uses: counterseal/counterseal/actions/candidate@{DEFAULT_GATE_REVISION}
""",
    PROMOTE: f"""\
on:
  push:
    branches: [main]
    paths: ["promotions/**"]
  schedule: [{{cron: "17 * * * *"}}]
permissions: {{}}
jobs:
  gate:
    permissions: {{contents: write, pull-requests: write, actions: read, id-token: write}}
    uses: counterseal/counterseal/.github/workflows/gate.yml@{DEFAULT_GATE_REVISION}
""",
    PREVIEW: f"""\
on: pull_request
permissions: {{}}
jobs:
  preview:
    runs-on: ubuntu-24.04
    permissions: {{contents: read, pull-requests: write}}
    steps:
      - uses: counterseal/counterseal/actions/gate@{DEFAULT_GATE_REVISION}
        with: {{preview: "true"}}
""",
}
GITLAB_FILES = {
    PIPELINE: f"""\
include:
  - project: counterseal/counterseal
    ref: {DEFAULT_GATE_REVISION}
    file: /gitlab-templates/candidate.yml
    inputs: {{revision: {DEFAULT_GATE_REVISION}, subjects: dist/*}}
  - project: counterseal/counterseal
    ref: {DEFAULT_GATE_REVISION}
    file: /gitlab-templates/gate.yml
    inputs: {{revision: {DEFAULT_GATE_REVISION}}}
build:
  script: [make]
"""
}


def of_the_pages(kind: ForgeKind) -> dict[str, str]:
    """Return the files that the page of a forge shows."""
    if kind is ForgeKind.GITHUB:
        return {f".github/workflows/{name}": text for name, text in blocks(DEFAULT_GATE_REVISION).items()}
    page = (ROOT / "docs" / "how-to-gitlab.md").read_text(encoding="utf-8")
    match = re.search(r"`\.gitlab-ci\.yml`\n.*?```yaml\n(.*?)```", page, re.DOTALL)
    assert match
    return {PIPELINE: re.sub(r"\bSHA\b", DEFAULT_GATE_REVISION, match[1])}


class Patient:
    """The repository, and a clone of it that carol, who administers it, asks about."""

    def __init__(self, world: FlowWorld) -> None:
        self.world = world
        self.repository: HostedRepository = world.sandbox.forge.repository(NAME)
        self.clone = world.folder / "patient"
        self.trust = world.client.trust()
        self.at_gitlab = world.kind is ForgeKind.GITLAB
        alice = world.sandbox.forge.account("alice")
        files = dict(GITLAB_FILES if self.at_gitlab else GITHUB_FILES)
        policy = (world.checkout / POLICY_PATH).read_text(encoding="utf-8")
        files[POLICY_PATH] = policy.replace("security: [", "security: [{id: 1001, login: alice}, ")
        self.repository.commit_files("main", {name: text.encode() for name, text in files.items()}, alice, "Set up")
        self._settings()
        world.git("clone", "-q", world.clone_url, str(self.clone), folder=world.folder)

    def _settings(self) -> None:
        repository, settings = self.repository, self.repository.settings
        forge = self.world.sandbox.forge
        repository.roles[1003] = Role.ADMIN
        repository.protect((MAIN, LEDGER_REF, TAGS))
        repository.only_by_change_requests()
        settings.stale_approvals, settings.last_push_approved = False, True
        repository.immutable_releases = True
        if self.at_gitlab:
            settings.fork_pipelines_run_here = False
            settings.variables.append(VariableRecord(TOKEN))
            forge.project_token(repository)
            repository.schedules.clear()
            repository.schedule(forge.account("alice"), MAIN)

    # --- one fault, for once -----------------------------------------------------------------

    @contextmanager
    def ill(self, plant: Callable[[Patient], None]) -> Iterator[None]:
        """Plant a fault, and heal it afterwards."""
        saved = {name: copy.deepcopy(getattr(self.repository, name)) for name in _SWITCHES}
        refs, protected = self.repository.git.refs(), self.repository.protected
        pushers, trust = dict(self.repository._pushers), dict(self.trust)
        healthy = self.clone
        self.clone = healthy.with_name("ill")
        shutil.copytree(healthy, self.clone)
        try:
            plant(self)
            yield
        finally:
            shutil.rmtree(self.clone)
            self.clone, self.trust = healthy, trust
            for name, value in saved.items():
                setattr(self.repository, name, value)
            self.repository._pushers = pushers
            self.repository.git.let_push(pushers)
            self.repository.protect(protected)
            for ref in self.repository.git.refs().keys() - refs.keys():
                self.repository.git.set_ref(ref, None)
            self.world.sandbox.server.interceptors.clear()

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replace text in a file of the clone; each has to be there."""
        place = self.clone / path
        text = place.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        place.write_text(text, encoding="utf-8")

    # --- the doctor --------------------------------------------------------------------------

    def says(self, *arguments: str, form: str = "json", login: str = "carol") -> ProcessResult:
        """Return what the doctor says to somebody."""
        return self.asked(self.world.person(login), *arguments, form=form)

    def asked(self, environment: Mapping[str, str], *arguments: str, form: str = "json") -> ProcessResult:
        """Return what the doctor says in an environment."""
        return self.world.cli("doctor", *self.options(), "--format", form, *arguments, environment=environment)

    def options(self) -> tuple[str, ...]:
        """Return which clone it is asked about, and whom it trusts."""
        trust: Path = self.world.folder / "trust.json"
        trust.write_text(json.dumps(self.trust), encoding="utf-8")
        return ("--folder", str(self.clone), "--trust", str(trust), "--sandbox")

    def findings(self, login: str = "carol") -> list[dict[str, Any]]:
        """Return everything that the doctor does not find well."""
        result = self.says(login=login)
        found: list[dict[str, Any]] = json.loads(result.output)["findings"]
        ill = [each for each in found if each["mark"] != "well"]
        assert result.exit_code == (2 if any(each["mark"] == "fault" for each in ill) else 0), result.errors
        return ill
