"""What `doctor` sees of a repository in which everything is well, at each forge; tests change one part of it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from counterseal import policy
from counterseal.evaluation import RULES
from counterseal.forges import ForgeKind
from counterseal.identifiers import GATE_WORKFLOW, POLICY_PATH
from counterseal.model import (
    AccessToken,
    Actor,
    Permission,
    Project,
    ProjectSettings,
    RefRules,
    Repository,
    Schedule,
    Trust,
    Variable,
    Visibility,
)
from counterseal.project.checks import CHECKS, CloneState, InLedger, Member, Seen
from counterseal.project.pipelines import parse_pipeline, parse_workflow

if TYPE_CHECKING:
    from counterseal.project.checks import Observation
    from counterseal.project.pipelines import Pipeline

NOW: Final = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PIN: Final = "5ea1" * 10
MAIN: Final = "refs/heads/main"
HOSTS: Final = {ForgeKind.GITHUB: "github.com", ForgeKind.GITLAB: "gitlab.com"}
RELEASE: Final = f"""\
on: {{push: {{tags: ["v*"]}}}}
jobs:
  build: {{permissions: {{contents: read}}, steps: [{{run: make}}]}}
  candidate:
    permissions: {{contents: write, id-token: write}}
    steps:
      - uses: counterseal/counterseal/actions/sign@{PIN}
      - uses: counterseal/counterseal/actions/candidate@{PIN}
"""
PROMOTE: Final = f"""\
on: {{push: {{branches: [main]}}, schedule: [{{cron: "17 * * * *"}}]}}
jobs:
  gate:
    permissions: {{contents: write, pull-requests: write, actions: read, id-token: write}}
    uses: counterseal/counterseal/{GATE_WORKFLOW}@{PIN}
"""
PIPELINE: Final = f"""\
include:
  - {{project: counterseal/counterseal, ref: {PIN}, file: /gitlab-templates/all.yml, inputs: {{revision: {PIN}}}}}
build: {{script: [make]}}
"""
_IDENTITIES: Final = {
    ForgeKind.GITHUB: "{builder: {github: {workflow: .github/workflows/release.yml, refs: [refs/tags/v*]}}, "
    "gate: counterseal}",
    ForgeKind.GITLAB: "{builder: {gitlab: {file: .gitlab-ci.yml, refs: [refs/tags/v*]}}, "
    "gate: {gitlab: {project: 777, file: .gitlab-ci.yml, ref: refs/heads/main}}}",
}


def policy_of(kind: ForgeKind, *changes: tuple[str, str]) -> Any:
    """Return the policy, with text of it replaced."""
    text = f"""\
apiVersion: counterseal/v1
ledger: {{id: {HOSTS[kind]}/777/{"5d1c" * 8}}}
people: {{maintainers: [{{id: 1001, login: alice}}, {{id: 1002, login: bob}}, {{id: 1003, login: carol}}]}}
identities: {_IDENTITIES[kind]}
stages: {{production: {{publish: true, rules: {{enough-reviews: {{count: 1, from: {{maintainers: 1}}}}}}}}}}
"""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return policy.load(text.encode(), rules=RULES, name=POLICY_PATH)


def files(kind: ForgeKind, **texts: str) -> dict[str, Pipeline]:
    """Return the workflow or pipeline files, with other texts for some."""
    if kind is ForgeKind.GITLAB:
        return {".gitlab-ci.yml": parse_pipeline(".gitlab-ci.yml", texts.get("pipeline", PIPELINE).encode())}
    given = {"release": RELEASE, "promote": PROMOTE, **texts}
    paths = {name: f".github/workflows/{name}.yml" for name in given}
    return {paths[name]: parse_workflow(paths[name], text.encode()) for name, text in given.items()}


def seen(kind: ForgeKind, **changes: Any) -> Seen:
    """Return what is seen, with some parts changed."""
    host, gitlab = HOSTS[kind], kind is ForgeKind.GITLAB
    page = f"https://{host}/acme/app"
    guarded = RefRules(True, True, (), (), False, False, False, True)
    ledger = RefRules(True, False, ("Developers",), (), False, False)
    owner = Actor(host, 1001, "alice")
    schedules = [Schedule(file, MAIN, True, "active") for file in files(ForgeKind.GITHUB)]
    whole = Seen(
        host=host,
        name="acme/app",
        policy=policy_of(kind),
        pipelines=files(kind),
        trust=Trust({host: f"https://{host}"}, (PIN,), {}, sandbox=False),
        project=Project(
            Repository(host, 777, "acme/app"), Visibility.PUBLIC, MAIN, None, False, page, Permission.ADMIN
        ),
        members=[
            Member(login, number, ("maintainers",), Actor(host, number, login), Permission.WRITE)
            for login, number in (("alice", 1001), ("bob", 1002), ("carol", 1003))
        ],
        branch=guarded,
        ledger_branch=ledger,
        tags={"refs/tags/v*": guarded},
        settings=ProjectSettings(None, None, False, True, "no_one_allowed")
        if gitlab
        else ProjectSettings(True, False, False),
        schedules=[Schedule("", MAIN, True, "active", owner, Permission.WRITE)] if gitlab else schedules,
        variables=[Variable("COUNTERSEAL_GITLAB_TOKEN", "project", True, True)] if gitlab else [],
        inherited=[],
        tokens=[AccessToken("reads", ("read_api",), Permission.TRIAGE, True, NOW + timedelta(days=200))]
        if gitlab
        else [],
        gate_inputs=frozenset({"COUNTERSEAL_STAGE", "COUNTERSEAL_GITLAB_TOKEN"}),
        clone=CloneState(False, "b" * 40, "git version 2.47.3"),
        forge_ledger="b" * 40,
        ledger=InLedger(0, NOW - timedelta(days=1)),
        clock=timedelta(seconds=2),
        root_age=timedelta(days=3),
        now=NOW,
    )
    return dataclasses.replace(whole, **changes)


def said(topic: str, found: Seen) -> list[Observation]:
    """Return everything that is not well about a topic."""
    return [each for each in CHECKS[topic](found) if each.mark != "well"]
