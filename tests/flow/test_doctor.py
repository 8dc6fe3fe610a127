"""`doctor` at both forges: nothing on the healthy repository, and of each fault that is planted alone exactly that."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import worlds
from tests.flow.patients import PIPELINE, PROMOTE, RELEASE, TAGS, Patient, of_the_pages

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF, POLICY_PATH
from counterseal_sandbox.demo.site import MAIN, NAME
from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.settings import VariableRecord
from counterseal_sandbox.http import Response
from counterseal_sandbox.service import DEFAULT_GATE_REVISION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from counterseal_sandbox.http import Request

Plant = "Callable[[Patient], None]"
OTHER = "0dd5" * 10

pytestmark = pytest.mark.slow(seconds=0.5)


@contextmanager
def patient(folder: Path, dist: Path, kind: ForgeKind) -> Iterator[Patient]:
    with worlds.world(folder, dist, kind) as world:
        yield Patient(world)


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Iterator[Patient]:
    with patient(tmp_path_factory.mktemp("github"), dist, ForgeKind.GITHUB) as ours:
        yield ours


@pytest.fixture(scope="module")
def gitlab(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Iterator[Patient]:
    with patient(tmp_path_factory.mktemp("gitlab"), dist, ForgeKind.GITLAB) as ours:
        yield ours


@pytest.fixture(params=list(ForgeKind))
def either(request: pytest.FixtureRequest) -> Patient:
    found: Patient = request.getfixturevalue(request.param.value)
    return found


# --- plants ----------------------------------------------------------------------------------


def edits(path: str, *changes: tuple[str, str]) -> Callable[[Patient], None]:
    return lambda ill: ill.edit(path, *changes)


def sets(**values: Any) -> Callable[[Patient], None]:
    """Return what sets switches of the repository, or of its settings."""

    def plant(ill: Patient) -> None:
        for name, value in values.items():
            place = ill.repository.settings if hasattr(ill.repository.settings, name) else ill.repository
            setattr(place, name, value)

    return plant


def protects(*patterns: str) -> Callable[[Patient], None]:
    return lambda ill: ill.repository.protect(patterns)


def lets_push(ref: str, least: Role | None) -> Callable[[Patient], None]:
    return lambda ill: ill.repository.let_push(ref, least)


def removes(path: str) -> Callable[[Patient], None]:
    return lambda ill: (ill.clone / path).unlink()


def role_of_bob(ill: Patient) -> None:
    ill.repository.roles[1002] = Role.READ


def withdraws(ill: Patient) -> None:
    ill.trust = {**ill.trust, "withdrawn": [{"revision": DEFAULT_GATE_REVISION, "until": None}]}


def two_pins(ill: Patient) -> None:
    ill.trust = {**ill.trust, "released": [DEFAULT_GATE_REVISION, OTHER]}
    if ill.at_gitlab:
        ill.edit(PIPELINE, (f"revision: {DEFAULT_GATE_REVISION}, subjects", f"revision: {OTHER}, subjects"))
    else:
        ill.edit(PROMOTE, (DEFAULT_GATE_REVISION, OTHER))


def own_gate(*more: tuple[str, str]) -> Callable[[Patient], None]:
    """Return what puts a gate of the project's own in the place of counterseal's, and changes it then."""
    text = f"""\
on: {{push: {{branches: [main], paths: ["promotions/**"]}}, schedule: [{{cron: "17 * * * *"}}]}}
permissions: {{}}
jobs:
  gate:
    runs-on: ubuntu-24.04
    permissions: {{contents: write, pull-requests: write, actions: read, id-token: write}}
    steps:
      - uses: counterseal/counterseal/actions/gate@{DEFAULT_GATE_REVISION}
  other:
    runs-on: ubuntu-24.04
    permissions: {{contents: read}}
    steps: [{{run: "true"}}]
"""

    def plant(ill: Patient) -> None:
        ill.edit(POLICY_PATH, ("gate: counterseal", f"gate: {{github: {{workflow: {PROMOTE}, ref: {MAIN}}}}}"))
        (ill.clone / PROMOTE).write_text(text, encoding="utf-8")
        ill.edit(PROMOTE, *more)

    return plant


def shallow(ill: Patient) -> None:
    tip = ill.world.git("rev-parse", "HEAD", folder=ill.clone)
    (ill.clone / ".git" / "shallow").write_text(f"{tip}\n", encoding="ascii")


def has_a_ledger(ill: Patient) -> None:
    ill.repository.git.set_ref(LEDGER_REF, ill.repository.branch("main"))


def waits_for_a_gate(ill: Patient) -> None:
    for name in ("one", "two"):
        (ill.clone / "promotions").mkdir(exist_ok=True)
        (ill.clone / "promotions" / f"{name}.json").write_text("{}", encoding="ascii")
        ill.world.git("add", "promotions", folder=ill.clone)
        ill.world.git("commit", "-q", "-m", name, folder=ill.clone)


def clock_is_late(ill: Patient) -> None:
    def intercept(_: str, request: Request) -> Response | None:
        if not request.path.endswith(("/rate_limit", f"/{NAME}")):
            return None
        server, ahead = ill.world.sandbox.server, datetime.now(UTC) + timedelta(minutes=10)
        interceptors = list(server.interceptors)
        server.interceptors.clear()
        prefix = "/gitlab/api/v4" if ill.at_gitlab else "/github/api"
        honest = server.answer(request.method, prefix + request.encoded, request.headers, request.body)
        server.interceptors.extend(interceptors)
        date = {"Date": format_datetime(ahead, usegmt=True)}
        return Response(honest.status, honest.body, {**honest.headers, **date})

    ill.world.sandbox.server.interceptors.append(intercept)


def schedule_of(login: str | None, *, active: bool = True) -> Callable[[Patient], None]:
    def plant(ill: Patient) -> None:
        ill.repository.schedules = []
        if login is not None:
            schedule = ill.repository.schedule(ill.world.sandbox.forge.account(login), MAIN)
            ill.repository.schedules = [
                type(schedule)(schedule.id, MAIN, "@hourly", schedule.owner, schedule.created_at, active)
            ]

    return plant


def variable(record: VariableRecord) -> Callable[[Patient], None]:
    return lambda ill: ill.repository.settings.variables.append(record)


def token_ends(days: int) -> Callable[[Patient], None]:
    def plant(ill: Patient) -> None:
        (token,) = ill.repository.settings.tokens
        ends = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
        ill.repository.settings.tokens = [
            type(token)(token.id, token.account, token.name, token.scopes, token.created_at, ends)
        ]

    return plant


def signing_job(name: str, *lines: str) -> Callable[[Patient], None]:
    def plant(ill: Patient) -> None:
        place = ill.clone / PIPELINE
        body = "".join(f"  {line}\n" for line in lines)
        place.write_text(f"{place.read_text(encoding='utf-8')}\n{name}:\n{body}", encoding="utf-8")

    return plant


def other_ledger(ill: Patient) -> None:
    ill.edit(POLICY_PATH, ("com/701/", "com/702/"))
    if ill.at_gitlab:
        ill.edit(POLICY_PATH, ("project: 701", "project: 702"))


def too_few(ill: Patient) -> None:
    ill.edit(POLICY_PATH, ("security: [{id: 1001, login: alice}, ", "security: ["))


def bob_may_only_write(ill: Patient) -> None:
    ill.repository.roles[1002] = Role.WRITE


BOTH = {
    "no policy": (removes(POLICY_PATH), "policy", "fault"),
    "a policy that cannot be read": (edits(POLICY_PATH, ("stages:", "stagse:")), "policy", "fault"),
    "another repository's ledger": (other_ledger, "ledger-id", "fault"),
    "names that may not be public": (sets(private=True), "publish-names", "fault"),
    "an archived repository": (sets(archived=True), "archived", "fault"),
    "two revisions": (two_pins, "pin", "fault"),
    "a withdrawn release": (withdraws, "release", "fault"),
    "a number that is another account's": (
        edits(POLICY_PATH, ("{id: 1002, login: bob}", "{id: 1009, login: bob}")),
        "account",
        "fault",
    ),
    "an approver who may not write": (role_of_bob, "rights", "fault"),
    "too few approvers": (too_few, "enough-people", "warning"),
    "a branch that nothing protects": (protects(LEDGER_REF, TAGS), "branch-protected", "fault"),
    "a branch that people push to": (lets_push(MAIN, Role.WRITE), "branch-by-request", "fault"),
    "a branch that may be forced": (lambda ill: ill.repository.let_force([MAIN]), "branch-forced", "fault"),
    "tags that may be moved": (protects(MAIN, LEDGER_REF), "tags", "warning"),
    "a ledger that may be rewound": (protects(MAIN, TAGS), "ledger-branch", "warning"),
    "a ledger that is shut": (lets_push(LEDGER_REF, None), "ledger-branch", "fault"),
    "a shallow clone": (shallow, "shallow", "warning"),
    "a ledger that was not fetched": (has_a_ledger, "ledger-fetched", "warning"),
    "requests that nobody decided": (waits_for_a_gate, "undecided", "warning"),
    "a clock that is late": (clock_is_late, "clock", "warning"),
}  # fmt: skip
GITHUB = {
    "no builder": (removes(RELEASE), "builder-file", "fault"),
    "a builder for other tags": (edits(RELEASE, ('tags: ["v*"]', 'tags: ["release-*"]')), "builder-trigger", "fault"),
    "no gate": (removes(PROMOTE), "gate-file", "fault"),
    "a gate that no merge starts": (edits(PROMOTE, ("branches: [main]", "branches: [dev]")), "gate-trigger", "fault"),
    "a gate without a sweep": (
        edits(PROMOTE, ('  schedule: [{cron: "17 * * * *"}]\n', "")),
        "gate-trigger",
        "warning",
    ),
    "a pin that can be moved": (edits(RELEASE, (f"sign@{DEFAULT_GATE_REVISION}", "sign@v1")), "pin", "fault"),
    "a gate that the policy does not accept": (
        edits(POLICY_PATH, ("gate: counterseal", f"gate: {{counterseal: {{revisions: [{OTHER}]}}}}")),
        "gate-revision",
        "fault",
    ),
    "a job that may not sign": (
        edits(RELEASE, ("      id-token: write # the signature\n", "")),
        "permissions",
        "fault",
    ),
    "a build that may sign": (
        edits(RELEASE, ("      contents: read # the source", "      contents: read\n      id-token: write")),
        "builder-id-token",
        "warning",
    ),
    "another job that signs as the gate": (
        own_gate(("{contents: read}", "{contents: read, id-token: write}")),
        "gate-id-token",
        "fault",
    ),
    "a gate with a proxy": (
        own_gate(("permissions: {}\n", "permissions: {}\nenv: {HTTPS_PROXY: http://proxy.example}\n")),
        "refused-variable",
        "fault",
    ),
    "people past the rules": (sets(bypassers=("RepositoryRole:5",)), "branch-bypass", "warning"),
    "approvals that outlive a push": (sets(stale_approvals=True), "stale-approvals", "warning"),
    "releases that can be changed": (sets(immutable_releases=False), "immutable-releases", "warning"),
    "workflows that approve": (sets(actions_may_approve=True), "actions-may-approve", "warning"),
    "forks that start workflows": (sets(fork_approval="first_time_contributors_new_to_github"), "forks", "warning"),
    "a stopped cron": (sets(workflows={PROMOTE: "disabled_inactivity"}), "workflow-active", "fault"),
}  # fmt: skip
GITLAB = {
    "no pipeline": (removes(PIPELINE), "builder-file", "fault"),
    "a job's token that may not push": (sets(job_token_may_push=False), "job-token", "fault"),
    "variables that anybody sets": (sets(pipeline_variables="developer"), "pipeline-variables", "fault"),
    "forks that run here": (sets(fork_pipelines_run_here=True), "forks", "warning"),
    "no schedule": (schedule_of(None), "schedule", "warning"),
    "a schedule that is turned off": (schedule_of("alice", active=False), "schedule", "warning"),
    "a schedule of somebody who left": (schedule_of("acme"), "schedule-owner", "fault"),
    "a proxy for all jobs": (variable(VariableRecord("HTTPS_PROXY")), "refused-variable", "fault"),
    "a proxy of the group": (variable(VariableRecord("HTTPS_PROXY", "acme")), "refused-variable", "fault"),
    "no token for approvals": (sets(variables=[]), "approvals-token", "fault"),
    "a token that jobs print": (
        sets(variables=[VariableRecord("COUNTERSEAL_GITLAB_TOKEN", masked=False)]),
        "approvals-token",
        "warning",
    ),
    "a token that ends soon": (token_ends(10), "token-expiry", "warning"),
    "a token that has ended": (token_ends(-1), "token-expiry", "fault"),
    "a job of yours that signs": (
        signing_job("deploy", "script: [deploy]", "id_tokens: {T: {aud: [sigstore, https://other.example]}}"),
        "gate-id-token",
        "fault",
    ),
    "a script in the gate's job": (signing_job("counterseal-gate", "before_script: [ours]"), "gate-id-token", "fault"),
    "a short pin": (edits(PIPELINE, (f"ref: {DEFAULT_GATE_REVISION}", "ref: main")), "pin", "fault"),
}  # fmt: skip


# --- the tests -------------------------------------------------------------------------------


def test_nothing_is_wrong_with_the_healthy_one(either: Patient) -> None:
    assert either.findings() == []
    result = either.says(form="text")
    assert (result.exit_code, result.errors) == (0, "")
    assert result.output.startswith(f"{NAME} at {either.world.site.place.host}: ")


def check(ill: Patient, plant: Callable[[Patient], None], name: str, mark: str) -> None:
    with ill.ill(plant):
        found = ill.findings()
        assert {(each["check"], each["mark"]) for each in found} == {(name, mark)}, found
        for each in found:
            assert each["fix"]
        text = ill.says(form="text").output
        assert f"  {'✗' if mark == 'fault' else '!'} {found[0]['what'][:60]}" in text


@pytest.mark.parametrize("fault", BOTH)
def test_a_fault_that_both_forges_know(either: Patient, fault: str) -> None:
    check(either, *BOTH[fault])


@pytest.mark.parametrize("fault", GITHUB)
def test_a_fault_at_github(github: Patient, fault: str) -> None:
    check(github, *GITHUB[fault])


@pytest.mark.parametrize("fault", GITLAB)
def test_a_fault_at_gitlab(gitlab: Patient, fault: str) -> None:
    check(gitlab, *GITLAB[fault])


def test_the_files_of_the_pages_are_healthy(either: Patient) -> None:
    def plant(ill: Patient) -> None:
        for name, text in of_the_pages(ill.world.kind).items():
            (ill.clone / name).write_text(text, encoding="utf-8")

    with either.ill(plant):
        assert either.findings() == []


def test_an_own_gate_can_be_healthy(github: Patient) -> None:
    with github.ill(own_gate()):
        assert github.findings() == []


# --- what is not seen ------------------------------------------------------------------------


def test_what_a_token_is_not_shown_is_never_well(either: Patient) -> None:
    with either.ill(bob_may_only_write):
        found = either.findings("bob")
    assert {each["mark"] for each in found} == {"unseen"}
    assert {each["check"] for each in found} >= ({"tags", "job-token"} if either.at_gitlab else {"immutable-releases"})
    assert all(each["why"] and each["fix"] for each in found)


def test_without_a_token_the_clone_is_looked_at(either: Patient) -> None:
    nobody = {name: value for name, value in either.world.person("carol").items() if not name.endswith("_TOKEN")}
    result = either.asked(nobody)
    found = json.loads(result.output)["findings"]
    assert result.exit_code == 0
    assert {each["mark"] for each in found} == {"well", "unseen"}
    assert "pin" in {each["check"] for each in found if each["mark"] == "well"}
    text = either.asked(nobody, form="text").output
    assert text.count("no token for the forge") == 1


def test_a_forge_that_refuses_is_asked_once(either: Patient) -> None:
    server, asked = either.world.sandbox.server, []

    def count(prefix: str, request: Request) -> None:
        asked.append(f"{prefix}{request.path}")

    server.interceptors.append(count)
    wrong = {
        name: "wrong" if name.endswith("_TOKEN") else value for name, value in either.world.person("carol").items()
    }
    result = either.asked(wrong, form="text")
    server.interceptors.clear()
    assert (result.exit_code, result.output.count("HTTP 401")) == (0, 1)
    assert len([path for path in asked if "/api" in path]) == 1


def test_foreign_text_acts_nowhere(github: Patient) -> None:
    evil = "evil\\e[31m\\n::error::x"
    with github.ill(edits(RELEASE, ("\n  candidate:", f'\n  "{evil}":'), ("id-token: write", "id-token: none"))):
        for form in ("text", "markdown", "json"):
            output = github.says(form=form).output
            assert "\x1b" not in output
            assert "\n::error" not in output


# --- --fix -----------------------------------------------------------------------------------


def test_nothing_is_changed_where_nobody_can_be_asked(github: Patient) -> None:
    with github.ill(sets(immutable_releases=False)):
        for environment in ({}, {"GITHUB_ACTIONS": "true"}, {"CI": "true"}):
            result = github.asked({**github.world.person("carol"), **environment}, "--fix", form="text")
            assert (result.exit_code, result.output) == (2, "")
            assert "needs a terminal" in result.errors
        assert not github.repository.immutable_releases


def on_a_terminal(ill: Patient, answers: str) -> tuple[int, str]:
    """Return how `doctor --fix` ended on a terminal, and what was seen there."""
    ours, theirs = pty.openpty()
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "counterseal", "doctor", "--fix", *ill.options()]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**kept, **ill.world.person("carol"), "TERM": "dumb"}
    ) as process:
        os.close(theirs)
        os.write(ours, answers.encode())
        seen = b""
        while True:
            try:
                seen += (more := os.read(ours, 4096))
            except OSError:  # what a terminal says when nobody is on the other side any more
                break
            if not more:
                break
    os.close(ours)
    return process.returncode, seen.decode()


def everything_loose(ill: Patient) -> None:
    repository = ill.repository
    repository.protect(())
    repository.let_push(MAIN, Role.WRITE)
    repository.immutable_releases, repository.actions_may_approve = False, True
    repository.settings.pipeline_variables = "developer"
    repository.settings.stale_approvals = repository.settings.last_push_approved = False
    repository.settings.workflows = {PROMOTE: "disabled_inactivity"}


def test_fixes_are_shown_asked_for_and_made(either: Patient) -> None:
    with either.ill(everything_loose):
        before = either.repository.protected
        code, seen = on_a_terminal(either, "n\n" * 9)
        assert (code, either.repository.protected) == (2, before)
        assert seen.count("make this call? [y/N]:") == (4 if either.at_gitlab else 6)
        code, seen = on_a_terminal(either, "\x04")  # the end of what is typed
        assert (code, either.repository.protected) == (130, before)
        code, seen = on_a_terminal(either, "y\n" * 9)
        assert "POST http" in seen
        assert set(either.repository.protected) == {MAIN, LEDGER_REF, TAGS}
        assert either.findings() == []
        assert code == 0, seen
        assert "nothing that --fix could change" in on_a_terminal(either, "")[1]
