"""What the checks of `doctor` say beyond the faults that the flow tests plant: what is not seen, and what is odd."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.project.checks.healthy import (
    HOSTS,
    MAIN,
    NOW,
    PIN,
    PIPELINE,
    PROMOTE,
    RELEASE,
    files,
    policy_of,
    said,
    seen,
)

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF
from counterseal.model import (
    AccessToken,
    Actor,
    Permission,
    ProjectSettings,
    RefRules,
    Repair,
    Schedule,
    Trust,
    Variable,
)
from counterseal.project.checks import CHECKS, InLedger, Mark, Member, Unseen

GITHUB, GITLAB = ForgeKind.GITHUB, ForgeKind.GITLAB
BOTH = pytest.mark.parametrize("kind", [GITHUB, GITLAB])
NOT = Unseen("the rules: GitHub refused", "HTTP 403", "another token")
PARTS = (
    "project", "branch", "ledger_branch", "settings", "schedules", "variables", "inherited", "tokens", "forge_ledger",
    "ledger", "clock", "root_age",
)  # fmt: skip


def marks(found: list[Any]) -> list[tuple[str, str]]:
    return [(each.check, each.mark.value) for each in found]


@BOTH
def test_the_healthy_one(kind: ForgeKind) -> None:
    assert [said(topic, seen(kind)) for topic in CHECKS] == [[]] * len(CHECKS)


@BOTH
@pytest.mark.parametrize("part", PARTS)
def test_what_is_not_seen_is_never_well(kind: ForgeKind, part: str) -> None:
    whole, less = seen(kind), seen(kind, **{part: NOT})
    found = [each for topic in CHECKS for each in said(topic, less)]
    if kind is GITHUB and part in {"variables", "inherited", "tokens"}:
        assert found == [], "GitHub has no such thing"
        return
    assert {each.mark for each in found} == {Mark.UNSEEN}
    assert ("the rules: GitHub refused: HTTP 403", "another token") in {(each.why, each.fix) for each in found}
    well = {each.what for topic in CHECKS for each in CHECKS[topic](less) if each.mark is Mark.WELL}
    assert well < {each.what for topic in CHECKS for each in CHECKS[topic](whole)}


@BOTH
def test_every_flag_that_is_hidden_is_said_to_be(kind: ForgeKind) -> None:
    hidden = RefRules(protected=True)
    found = seen(kind, branch=hidden, ledger_branch=hidden, settings=ProjectSettings(), tags={"refs/tags/v*": NOT})
    names = {each.check for topic in CHECKS for each in said(topic, found)}
    shared = {"branch-by-request", "ledger-branch", "tags", "forks"}
    own = {"job-token", "pipeline-variables"} if kind is GITLAB else {"immutable-releases", "actions-may-approve"}
    assert names >= shared | own
    assert {each.mark for topic in CHECKS for each in said(topic, found)} == {Mark.UNSEEN}


# --- files ---------------------------------------------------------------------------------------


@BOTH
def test_a_file_that_cannot_be_read_is_not_seen(kind: ForgeKind) -> None:
    broken = files(kind, pipeline="a: [", release="a: [", promote="a: [")
    found = said("files", seen(kind, pipelines=broken))
    assert ("builder-file", "unseen") in marks(found)
    assert "cannot be read" in found[0].why
    assert said("who may sign", seen(kind, pipelines=broken)) == []


@pytest.mark.parametrize(
    ("trigger", "fits"),
    [
        ('on: {push: {tags: ["v*"]}}', True),
        ('on: {push: {tags: ["v*.*.*"]}}', True),
        ('on: {push: {tags: ["**"]}}', True),
        ("on: push", True),
        ("on: [push, pull_request]", True),
        ("on: {push: }", True),
        ('on: {push: {tags: ["!v*"]}}', False),
        ('on: {push: {tags: ["release/*"]}}', False),
        ("on: {push: {branches: [main]}}", False),
        ("on: {push: {branches-ignore: [main]}}", False),
        ("on: workflow_dispatch", False),
    ],
)
def test_what_starts_a_builder(trigger: str, fits: bool) -> None:
    text = RELEASE.replace('on: {push: {tags: ["v*"]}}', trigger)
    found = said("files", seen(GITHUB, pipelines=files(GITHUB, release=text)))
    assert marks(found) == ([] if fits else [("builder-trigger", "fault")])


def test_a_builder_that_people_start_needs_no_tag() -> None:
    by_hand = policy_of(GITHUB, ("refs: [refs/tags/v*]", "refs: [refs/tags/v*], triggers: [workflow_dispatch]"))
    text = RELEASE.replace('on: {push: {tags: ["v*"]}}', "on: workflow_dispatch")
    assert said("files", seen(GITHUB, policy=by_hand, pipelines=files(GITHUB, release=text))) == []


@BOTH
def test_a_file_without_counterseal(kind: ForgeKind) -> None:
    nothing = files(
        kind, release='on: {push: {tags: ["v*"]}}\njobs: {build: {steps: []}}\n', pipeline="build: {script: [make]}\n"
    )
    found = said("files", seen(kind, pipelines=nothing))
    assert ("builder-file", "fault") in marks(found)


def test_a_builder_may_stand_in_another_workflow() -> None:
    text = 'on: {push: {tags: ["v*"]}}\njobs: {all: {uses: ./.github/workflows/build.yml}}\n'
    assert said("files", seen(GITHUB, pipelines=files(GITHUB, release=text))) == []


def test_what_is_included_from_elsewhere_may_be_anything() -> None:
    text = "include: [{local: /ci/release.yml}]\nbuild: {script: [make]}\n"
    found = seen(GITLAB, pipelines=files(GITLAB, pipeline=text))
    assert said("files", found) == []
    (told,) = said("who may sign", found)
    assert (told.check, told.mark, told.what) == (
        "gate-id-token",
        Mark.UNSEEN,
        "whether jobs of another include of .gitlab-ci.yml may sign",
    )


# --- who may sign --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "loose"),
    [
        ("deploy: {script: [x], id_tokens: {T: {aud: sigstore}}}", True),
        ("deploy: {script: [x], id_tokens: {T: {aud: https://vault.example}}}", False),
        (".base: {id_tokens: {T: {aud: sigstore}}}\ndeploy: {extends: .base, script: [x]}", True),
        ("default: {id_tokens: {T: {aud: sigstore}}}\ndeploy: {script: [x]}", True),
        ("x: &x {id_tokens: {T: {aud: sigstore}}}\ndeploy: {<<: *x, script: [x]}", True),
        ("counterseal-sign: {id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}}", False),
        ("counterseal-sign: {tags: [ours]}", False),
        ("counterseal-sign: {before_script: [x]}", True),
        ("second: {extends: .counterseal-sign, variables: {A: b}}", False),
        ("second: {extends: .counterseal-gate, script: [x]}", True),
        ("counterseal-verify: {before_script: [x]}", False),
    ],
)
def test_jobs_of_a_pipeline_that_may_sign(job: str, loose: bool) -> None:
    found = said("who may sign", seen(GITLAB, pipelines=files(GITLAB, pipeline=f"{PIPELINE}{job}\n")))
    assert {each.check for each in found} == ({"gate-id-token"} if loose else set())


def own_gate(job: str) -> Any:
    text = PROMOTE.replace(
        "uses: counterseal/counterseal/.github/workflows/gate.yml",
        "steps: [{uses: counterseal/counterseal/actions/gate",
    )
    text = text.replace(f"@{PIN}", f"@{PIN}}}]")
    own = policy_of(
        GITHUB, ("gate: counterseal", f"gate: {{github: {{workflow: .github/workflows/promote.yml, ref: {MAIN}}}}}")
    )
    return seen(GITHUB, policy=own, pipelines=files(GITHUB, promote=f"{text}{job}"))


@pytest.mark.parametrize(
    ("job", "loose"),
    [
        ("", False),
        ("  pypi: {permissions: {id-token: write}, steps: [{run: x}]}\n", True),
        ("  pypi: {permissions: write-all, steps: [{run: x}]}\n", True),
        ("  pypi: {permissions: read-all, steps: [{run: x}]}\n", False),
        ("permissions: write-all\n", False),
        ("  pypi: {steps: [{run: x}]}\npermissions: write-all\n", True),
    ],
)
def test_jobs_beside_an_own_gate(job: str, loose: bool) -> None:
    found = said("who may sign", own_gate(job))
    assert {(each.check, each.mark) for each in found} - {("builder-id-token", Mark.WARNING)} == (
        {("gate-id-token", Mark.FAULT)} if loose else set()
    )


def test_an_own_gate_has_the_permissions_of_one() -> None:
    assert said("permissions", own_gate("")) == []
    short = dataclasses.replace(own_gate(""), policy=policy_of(GITHUB))
    assert said("permissions", short) == [], "a preview needs less"
    lacking = PROMOTE.replace(", actions: read", "")
    (found,) = said("permissions", seen(GITHUB, pipelines=files(GITHUB, promote=lacking)))
    assert found.what == ".github/workflows/promote.yml: the job gate lacks actions: read"
    assert found.fix == "add it beside what the job has: permissions: {actions: read}"


def test_a_job_that_names_no_permissions_has_none_that_we_need() -> None:
    text = RELEASE.replace("    permissions: {contents: write, id-token: write}\n", "")
    (found,) = said("permissions", seen(GITHUB, pipelines=files(GITHUB, release=text)))
    assert "lacks id-token: write, contents: write" in found.what


# --- pins ----------------------------------------------------------------------------------------


def test_as_long_as_there_is_no_release_pins_are_compared_with_nothing() -> None:
    (found,) = said("pins", seen(GITHUB, trust=Trust({}, (), {}, sandbox=False)))
    assert (found.mark, found.why) == (Mark.UNSEEN, "this version of counterseal knows of no release yet")


@BOTH
def test_what_is_no_release(kind: ForgeKind) -> None:
    (found,) = said("pins", seen(kind, trust=Trust({}, ("0dd5" * 10,), {}, sandbox=False)))
    assert found.mark is (Mark.WARNING if kind is GITLAB else Mark.FAULT), "an own gate's revision is in no certificate"


@pytest.mark.parametrize("pin", ["v1", "main", PIN[:12], PIN.upper(), ""])
def test_what_can_be_moved(pin: str) -> None:
    text = PROMOTE.replace(f"@{PIN}", f"@{pin}")
    (found,) = said("pins", seen(GITHUB, pipelines=files(GITHUB, promote=text)))
    assert (found.check, found.mark) == ("pin", Mark.FAULT)


def test_both_revisions_of_an_include_count() -> None:
    text = PIPELINE.replace(f"revision: {PIN}", f"revision: {'0dd5' * 10}")
    found = said("pins", seen(GITLAB, pipelines=files(GITLAB, pipeline=text), trust=Trust({}, (), {}, sandbox=False)))
    assert ("pin", "fault") in marks(found)


# --- rules, switches, what starts by itself ------------------------------------------------------


def test_the_app_that_pushes_the_ledger_may_bypass() -> None:
    shut = RefRules(True, True, ("app 15368",), ("app 15368",), False, False)
    assert said("tags and ledger branch", seen(GITHUB, ledger_branch=shut)) == []
    closed = dataclasses.replace(shut, bypassers=())
    (found,) = said("tags and ledger branch", seen(GITHUB, ledger_branch=closed))
    assert (found.mark, found.repair) == (Mark.FAULT, None)


@BOTH
def test_what_can_be_repaired(kind: ForgeKind) -> None:
    loose = RefRules(False, False, None, (), True, True)
    found = seen(kind, branch=loose, ledger_branch=loose, tags={"refs/tags/v*": loose})
    offers = {(each.repair, each.target) for topic in CHECKS for each in said(topic, found) if each.repair}
    assert offers == {
        (Repair.PROTECT_BRANCH, MAIN),
        (Repair.PROTECT_LEDGER, LEDGER_REF),
        (Repair.PROTECT_TAGS, "refs/tags/v*"),
    }


def test_the_request_action_needs_the_switch() -> None:
    asks = f"""\
on: workflow_dispatch
jobs:
  ask:
    permissions: {{contents: write, pull-requests: write, id-token: write}}
    steps: [{{uses: counterseal/counterseal/actions/request@{PIN}}}]
"""
    off = seen(GITHUB, pipelines=files(GITHUB, ask=asks))
    (found,) = said("switches", off)
    assert (found.check, found.mark, found.repair) == ("actions-may-approve", Mark.FAULT, None)
    on = dataclasses.replace(off, settings=ProjectSettings(True, True, False))
    assert said("switches", on) == []


def test_a_workflow_that_is_not_on_the_branch_yet() -> None:
    found = said("what starts by itself", seen(GITHUB, schedules=[]))
    assert marks(found) == [("workflow-active", "warning")] * 2


@pytest.mark.parametrize(("permission", "mark"), [(None, Mark.FAULT), (Permission.TRIAGE, Mark.FAULT)])
def test_whoever_owns_the_schedule(permission: Permission | None, mark: Mark) -> None:
    (schedule,) = seen(GITLAB).schedules  # type: ignore[misc]
    gone = dataclasses.replace(schedule, owner=schedule.owner if permission else None, owner_permission=permission)
    (found,) = said("what starts by itself", seen(GITLAB, schedules=[gone]))
    assert (found.check, found.mark) == ("schedule-owner", mark)


def test_a_schedule_of_another_branch_is_none() -> None:
    other = Schedule("", "refs/heads/other", True, "active")
    (found,) = said("what starts by itself", seen(GITLAB, schedules=[other]))
    assert found.check == "schedule"


# --- variables and tokens ------------------------------------------------------------------------

TOKEN = Variable("COUNTERSEAL_GITLAB_TOKEN", "project", protected=True, masked=True)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("HTTPS_PROXY", True),
        ("https_proxy", True),
        ("LD_PRELOAD", True),
        ("COUNTERSEAL_TRUST", True),
        ("GIT_SSH_COMMAND", True),
        ("GIT_DEPTH", False),
        ("PIP_INDEX_URL", False),
        ("COUNTERSEAL_STAGE", False),
        ("TOKEN", False),
    ],
)
def test_variables_that_a_gate_refuses(name: str, refused: bool) -> None:
    found = said("variables", seen(GITLAB, variables=[TOKEN, Variable(name, "project", protected=True, masked=False)]))
    assert marks(found) == ([("refused-variable", "fault")] if refused else [])


def test_a_group_may_have_the_token() -> None:
    inherited = [dataclasses.replace(TOKEN, place="acme")]
    assert said("variables", seen(GITLAB, variables=[], inherited=inherited)) == []
    assert ("approvals-token", "unseen") in marks(said("variables", seen(GITLAB, variables=[], inherited=NOT)))


def token(name: str, days: int | None, *scopes: str, active: bool = True) -> AccessToken:
    expires = None if days is None else NOW + timedelta(days=days)
    return AccessToken(name, scopes or ("read_api",), Permission.TRIAGE, active, expires)


@pytest.mark.parametrize(
    ("tokens", "mark"),
    [
        ([token("a", 200)], None),
        ([token("a", None)], None),
        ([token("a", 29)], Mark.WARNING),
        ([token("a", 29), token("b", 200)], None),
        ([token("a", 0)], Mark.FAULT),
        ([token("a", 200, active=False)], Mark.FAULT),
        ([token("a", 200, "read_repository")], Mark.UNSEEN),
        ([], Mark.UNSEEN),
        ([token("COUNTERSEAL_GITLAB_TOKEN", 5), token("b", 200)], Mark.WARNING),
    ],
)
def test_when_the_token_ends(tokens: list[AccessToken], mark: Mark | None) -> None:
    assert [each.mark for each in said("tokens", seen(GITLAB, tokens=tokens))] == ([mark] if mark else [])


# --- clone and machine ---------------------------------------------------------------------------


def test_a_ledger_that_proves_false_is_a_fault() -> None:
    broken = Unseen("the ledger lost entries", "commit 1234567890ab is not an entry", broken=True)
    (found,) = said("this clone", seen(GITHUB, ledger=broken))
    assert (found.check, found.mark, found.fix) == ("ledger", Mark.FAULT, "counterseal log verify")


def test_without_a_ledger_there_is_none_to_fetch() -> None:
    assert said("this clone", seen(GITHUB, forge_ledger=None)) == []


@pytest.mark.parametrize(
    ("clock", "far"), [(61, "61 s ahead of"), (-90, "90 s behind"), (600, "10 min ahead of"), (-7200, "120 min behind")]
)
def test_a_clock_that_is_wrong(clock: int, far: str) -> None:
    (found,) = said("this machine", seen(GITHUB, clock=timedelta(seconds=clock)))
    assert found.what == f"this machine's clock is {far} the forge's"


@pytest.mark.parametrize(
    ("version", "mark"),
    [("git version 2.39.5 (Apple Git-154)", None), ("git version 2.30.2", Mark.FAULT), ("who?", Mark.UNSEEN)],
)
def test_which_git(version: str, mark: Mark | None) -> None:
    clone = dataclasses.replace(seen(GITHUB).clone, git=version)
    assert [each.mark for each in said("this machine", seen(GITHUB, clone=clone))] == ([mark] if mark else [])


def test_an_old_root_of_trust() -> None:
    (found,) = said("this machine", seen(GITHUB, root_age=timedelta(days=100)))
    assert (found.check, found.mark) == ("trust-root", Mark.WARNING)
    assert said("this machine", seen(GITHUB, root_age=None)) == [], "a sandbox's has no age"


@BOTH
def test_pages_are_the_forges(kind: ForgeKind) -> None:
    loose = RefRules(False, False, None, (), True, True)
    found = seen(kind, branch=loose, ledger_branch=loose, tags={"refs/tags/v*": loose})
    pages = {each.page for topic in CHECKS for each in said(topic, found) if each.page}
    assert pages
    assert all(page.startswith(f"https://{HOSTS[kind]}/acme/app/") for page in pages)
    nameless = dataclasses.replace(found, name="")
    assert not any(each.page for topic in CHECKS for each in said(topic, nameless))


@pytest.mark.parametrize(("days", "told"), [(1, 0), (3.9, 0), (4, 1), (60, 1)])
def test_a_heartbeat_that_stopped_is_no_attack(days: float, told: int) -> None:
    found = said("this clone", seen(GITHUB, ledger=InLedger(0, NOW - timedelta(days=days))))
    assert len(found) == told
    if found:
        assert (found[0].mark, found[0].what) == (
            "warning",
            f"the ledger's heartbeat stopped: no scheduled run has audited it for {int(days)} days",
        )
        assert "no sign of an attack" in found[0].why


def test_a_ledger_that_has_not_begun_has_no_heartbeat_yet() -> None:
    assert said("this clone", seen(GITHUB, ledger=InLedger(0, None))) == []


# --- who could hold, and end a hold ----------------------------------------------------------------


def members(host: str, *permissions: Permission | Unseen) -> list[Member]:
    known = (("alice", 1001), ("bob", 1002), ("carol", 1003))
    return [
        Member(login, number, ("maintainers",), Actor(host, number, login), permission)
        for (login, number), permission in zip(known, permissions, strict=True)
    ]


def test_with_two_people_a_hold_ends_by_time() -> None:
    two = policy_of(GITHUB, (", {id: 1003, login: carol}", ""))
    (found,) = said("people", seen(GITHUB, policy=two, members=seen(GITHUB).members[:2]))
    assert (found.check, found.mark) == ("holds-end", Mark.FAULT)
    assert "2 people are listed" in found.why
    assert "emergency: {hold: 24h}" in found.fix
    stated = dataclasses.replace(two, states_hold=True)
    told = list(CHECKS["people"](seen(GITHUB, policy=stated, members=seen(GITHUB).members[:2])))
    (found,) = (each for each in told if each.check == "holds-end")
    assert found.mark is Mark.WELL
    assert found.what.endswith("after at most 72 hours, as the policy says")


def test_nobody_who_may_write_is_left_to_end_a_hold() -> None:
    few = members("github.com", Permission.WRITE, Permission.WRITE, Permission.READ)
    told = said("people", seen(GITHUB, members=few))
    assert marks(told) == [("rights", "fault"), ("holds-end", "fault")]
    assert "2 people are listed who may write" in told[1].why
    assert told[1].page
    unknown = members("github.com", Permission.WRITE, Permission.WRITE, NOT)
    assert marks(said("people", seen(GITHUB, members=unknown))) == [("rights", "unseen")]


def test_who_may_write_and_not_merge_could_not_hold() -> None:
    some = members("gitlab.com", Permission.MAINTAIN, Permission.WRITE, Permission.ADMIN)
    (found,) = said("people", seen(GITLAB, members=some, starters=Permission.MAINTAIN))
    assert (found.check, found.mark) == ("who-may-hold", Mark.WARNING)
    assert found.what == "bob could not hold a stage or revoke anything"
    (unknown,) = said("people", seen(GITLAB, starters=NOT))
    assert (unknown.check, unknown.mark) == ("who-may-hold", Mark.UNSEEN)
