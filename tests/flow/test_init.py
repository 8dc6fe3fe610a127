"""`init` at both forges: what it sees, proposes, writes and refuses to write, and that a promotion follows from it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import termios
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.flow import worlds
from tests.flow.newcomers import PYTHON, Newcomer, newcomer

from counterseal import policy as policies
from counterseal.cli.main import main
from counterseal.evaluation import rules
from counterseal.forges import ForgeKind
from counterseal.identifiers import INIT_BRANCH, POLICY_PATH, UPGRADE_BRANCH
from counterseal_sandbox.service import DEFAULT_GATE_REVISION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

    from counterseal.model import Policy

pytestmark = [pytest.mark.slow(seconds=0.4), pytest.mark.forges(*ForgeKind)]

OTHER = "0dd5" * 10
WRITTEN = {
    ForgeKind.GITHUB: {
        POLICY_PATH,
        ".github/workflows/release.yml",
        ".github/workflows/promote.yml",
        ".github/workflows/preview.yml",
        ".github/CODEOWNERS",
        "README.md",
    },
    ForgeKind.GITLAB: {POLICY_PATH, ".gitlab-ci.yml", ".gitlab/CODEOWNERS", "README.md"},
}


@pytest.fixture
def fresh_project(shared: FlowWorld, tmp_path: Path) -> Newcomer:
    return newcomer(shared, tmp_path)


def policy_of(project: Newcomer) -> Policy:
    return policies.load(project.show(POLICY_PATH).encode(), rules=rules.RULES)


# --- what it writes --------------------------------------------------------------------------


def test_it_writes_a_branch_and_a_second_run_changes_nothing(fresh_project: Newcomer) -> None:
    project = fresh_project
    before, main = project.paths(), project.git("rev-parse", "main")
    told = project.init()
    written = WRITTEN[project.world.kind]
    assert {file["path"] for file in told["files"]} == written
    assert project.git("symbolic-ref", "--short", "HEAD") == INIT_BRANCH
    assert project.paths() == before | written
    assert project.git("rev-parse", "main", f"{INIT_BRANCH}~1").split() == [main, main]
    assert project.git("status", "--porcelain") == ""
    assert project.git("log", "-1", "--format=%an <%ae>") == "bob <bob@people.example>"
    assert told["repository"] == {"host": project.host, "name": project.name, "id": project.hosted.id}
    assert (told["revision"], told["tags"], told["defaultRef"]) == (DEFAULT_GATE_REVISION, "v*", "refs/heads/main")
    commit = project.git("rev-parse", "HEAD")
    again = project.init()
    assert (again["files"], again["pastes"], again["change"]["commit"]) == ([], [], None)
    assert set(again["kept"]) == written
    assert project.git("rev-parse", "HEAD") == commit


def test_what_it_wrote_passes_the_check_with_the_forge(fresh_project: Newcomer) -> None:
    fresh_project.init()
    checked = fresh_project.says("policy", "check")
    assert f"(of {fresh_project.name})" in checked.output
    assert "!" not in checked.output, "no file is missing, and somebody is left to approve"
    people = {group: {each.login for each in members} for group, members in policy_of(fresh_project).groups.items()}
    assert people == {"maintainers": {"alice", "bob", "carol"}, "meta": {"alice", "bob", "carol"}}


def test_without_writing_it_prints_everything(fresh_project: Newcomer) -> None:
    head = fresh_project.git("rev-parse", "HEAD")
    shown = fresh_project.says("init", "--dry-run").output
    assert all(f"--- {path}" in shown for path in WRITTEN[fresh_project.world.kind])
    assert "nothing was written" in shown
    assert fresh_project.git("rev-parse", "HEAD") == head
    assert fresh_project.git("branch", "--list", INIT_BRANCH) == ""


def test_what_people_edited_stays(fresh_project: Newcomer) -> None:
    fresh_project.init()
    path = fresh_project.clone / POLICY_PATH
    edited = path.read_text().replace("count: 2, from: {maintainers: 2}", "count: 1, from: {maintainers: 1}")
    path.write_text(edited)
    (fresh_project.clone / "README.md").write_text("# mine now\n")
    fresh_project.git("commit", "-q", "-am", "ours")
    told = fresh_project.init("--preset", "regulated")
    assert [file["path"] for file in told["files"]] == ["README.md"]
    assert fresh_project.show(POLICY_PATH) == edited
    assert fresh_project.show("README.md").startswith("# mine now\n\n<!-- counterseal: verify -->")


def test_what_is_not_committed_is_not_lost(fresh_project: Newcomer) -> None:
    (fresh_project.clone / "README.md").write_text("# half a thought\n")
    (fresh_project.clone / "new.txt").write_text("x")
    failed = fresh_project.says("init", "--yes", code=2)
    assert "nothing was changed" in failed.errors
    assert "commit or stash" in failed.errors
    assert (fresh_project.clone / "README.md").read_text() == "# half a thought\n"
    assert fresh_project.git("symbolic-ref", "--short", "HEAD") == "main"
    fresh_project.git("checkout", "-q", "README.md")
    fresh_project.init()
    assert (fresh_project.clone / "new.txt").read_text() == "x"


def test_a_branch_of_that_name_is_not_written_over(fresh_project: Newcomer) -> None:
    fresh_project.git("branch", INIT_BRANCH)
    assert f"git switch {INIT_BRANCH}" in fresh_project.says("init", "--yes", code=2).errors


def test_it_writes_through_no_link_out_of_the_clone(shared: FlowWorld, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    project = newcomer(shared, tmp_path)
    for name in (".github", ".gitlab", ".counterseal"):
        (project.clone / name).symlink_to(outside)
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "links")
    result = project.world.cli("init", "--yes", environment=project.environment(), folder=project.clone)
    assert result.exit_code != 0
    assert list(outside.iterdir()) == []
    assert "Traceback" not in result.errors


# --- a change request ------------------------------------------------------------------------


def test_it_opens_a_change_request_that_lists_what_is_left(fresh_project: Newcomer) -> None:
    told = fresh_project.init("--open")
    number, url = told["change"]["number"], told["change"]["url"]
    change = fresh_project.hosted.changes.get(number)
    assert change.title == "Let counterseal decide what is promoted"
    assert str(number) in url
    assert all(setting["page"] in change.body for setting in told["settings"])
    assert change.head == fresh_project.git("rev-parse", INIT_BRANCH)
    again = fresh_project.init("--open")
    assert (again["change"]["number"], again["change"]["commit"]) == (number, None)


def test_a_change_request_brings_nothing_but_its_own(fresh_project: Newcomer) -> None:
    fresh_project.git("switch", "-q", "-c", "work")
    assert "git switch main" in fresh_project.says("init", "--yes", "--open", code=2).errors
    assert fresh_project.git("branch", "--list", INIT_BRANCH) == ""


def test_settings_that_are_right_are_left_out(shared: FlowWorld, tmp_path: Path) -> None:
    role = "maintainer" if shared.kind is ForgeKind.GITLAB else "admin"  # GitHub shows who may bypass to no others
    project = newcomer(shared, tmp_path, people={"alice": role, "bob": role})
    before = {setting["what"] for setting in project.init("--dry-run")["settings"]}
    project.hosted.only_by_change_requests()
    after = {setting["what"] for setting in project.init("--dry-run")["settings"]}
    assert after < before
    assert any("main" in what for what in before - after)


# --- from nothing to an allow ----------------------------------------------------------------


@pytest.mark.parametrize("preset", ["two-person", "solo"])
def test_from_nothing_to_a_decision_by_what_it_prints(built: FlowWorld, preset: str, tmp_path: Path) -> None:
    built.git("rm", "-q", POLICY_PATH)
    built.git("commit", "-q", "-m", "as if it had never been")
    built.git("push", "-q", "origin", "main")
    clone = tmp_path / "clone"
    built.git("clone", "-q", built.clone_url, str(clone), folder=tmp_path)
    project = Newcomer(built, "acme/app", clone)
    project.git("config", "user.name", "bob")
    project.git("config", "user.email", "bob@people.example")
    told = project.init("--preset", preset, "--open", *(("--approvers", "bob") if preset == "solo" else ()))
    built.review("alice", told["change"]["number"])
    built.merge("alice", told["change"]["number"])
    built.git("pull", "-q", "origin", "main")
    worlds.sign(built)
    stage = told["answers"]["stages"][0]
    number = built.request(stage)
    built.review("alice", number)
    built.merge("bob", number)
    asked = [step for step in told["next"] if step.startswith("counterseal request")]
    assert asked == [f'counterseal request --stage {stage} --tag v1.2.1 --reason "the first one"']
    if preset == "solo":
        (decision,) = built.gate(code=10)["decisions"]
        assert decision["decision"]["outcome"] == "deny"
        assert [warning for warning in told["warnings"] if "with one person every promotion is denied" in warning]
        assert "nobody whom the policy names can ask for production" in project.says("policy", "check").output
    else:
        (decision,) = built.gate()["decisions"]
        assert decision["decision"]["outcome"] == "allow", decision


# --- what it is told -------------------------------------------------------------------------


def test_nobody_is_asked_where_nobody_answers(fresh_project: Newcomer) -> None:
    failed = fresh_project.says("init", code=2).errors
    assert "nobody is there to answer: Who may approve promotions?" in failed
    assert "--yes takes what is proposed (here: --approvers alice,bob,carol)" in failed


def test_answers_by_options_leave_nothing_to_ask(fresh_project: Newcomer) -> None:
    gate = () if fresh_project.world.kind is ForgeKind.GITLAB else ("--gate", "own")
    options = ("--approvers", "alice,carol", "--stages", "test=0,live=1", "--publish", "none", "--meta", "alice", *gate)
    fresh_project.says("init", *options)
    policy = policy_of(fresh_project)
    assert [(stage.name, stage.publish) for stage in policy.stages] == [("test", False), ("live", False)]
    assert [person.login for person in policy.groups["meta"]] == ["alice"]
    assert policy.gate.own is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--approvers", "bob"), None),
        (("--approvers", "bob", "--stages", "live=1"), "nobody could ever get anything into live"),
        (("--stages", "live=9"), "these answers make no policy: .counterseal/policy.yml:"),
        (("--approvers", "mallory"), "nobody knows the account number of mallory"),
        (("--approvers", "alice=1002"), "alice's account is 1001, not 1002"),
        (("--approvers", "alice,alice"), "alice stands twice"),
        (("--approvers", "a b"), "no login"),
        (("--approvers", "alice=x"), "no account number"),
        (("--stages", "Live"), "no stage"),
        (("--stages", "live,live"), "live stands twice"),
        (("--stages", ","), "names 0 stages"),
        (("--preset", "solo", "--stages", "live=1"), "asks for no approvals"),
        (("--tags", "v*; id"), "is no pattern of tags"),
        (("--project", "nowhere"), "no project that init can build"),
        (("--repository-id", "5"), "not 5"),
        (("--revision", "main"), "is no commit id"),
    ],
)
@pytest.mark.forges(ForgeKind.GITHUB)
def test_answers_that_cannot_be(fresh_project: Newcomer, options: tuple[str, ...], said: str | None) -> None:
    result = fresh_project.says("init", "--yes", "--dry-run", *options, code=0 if said is None else 2)
    if said is not None:
        assert said in result.errors
        assert "fix:" in result.errors


def test_whoever_cannot_get_a_promotion_is_named(fresh_project: Newcomer) -> None:
    told = fresh_project.init("--dry-run", "--preset", "regulated", "--approvers", "alice,bob", "--security", "carol")
    assert [warning for warning in told["warnings"] if warning.startswith("carol cannot ask for production")]


# --- without a token, without a remote --------------------------------------------------------


def blind(project: Newcomer) -> dict[str, str]:
    return {name: value for name, value in project.environment().items() if not name.endswith("TOKEN")}


def test_without_a_token_it_says_what_it_could_not_see(fresh_project: Newcomer) -> None:
    environment = blind(fresh_project)
    assert "--repository-id NUMBER" in fresh_project.says("init", "--yes", environment=environment, code=2).errors
    number = ("--repository-id", str(fresh_project.hosted.id))
    failed = fresh_project.says("init", "--yes", *number, environment=environment, code=2).errors
    assert "--approvers alice=1001,bob=1002" in failed
    told = fresh_project.init(*number, "--approvers", "alice=1001,bob=1002", environment=environment)
    (gap,) = told["unseen"]
    assert "token" in gap["what"] + gap["why"]
    assert "default branch, people and settings of the repository were not seen" in gap["why"]
    assert len(told["settings"]) >= 5, "what nobody saw is not taken for right"
    assert "(of " in fresh_project.says("policy", "check").output


@pytest.mark.forges(ForgeKind.GITHUB)
@pytest.mark.parametrize("origin", ["https://evil.example/acme/app.git", "https://github.com.evil.example/a/b", ""])
def test_a_clone_of_elsewhere_gets_no_token(fresh_project: Newcomer, origin: str) -> None:
    fresh_project.git("remote", "set-url", "origin", origin or "/nowhere")
    given = {"GITHUB_TOKEN": "secret", "GITLAB_TOKEN": "secret"}
    failed = fresh_project.says("init", "--yes", environment=given, code=2).errors
    assert "which repository?" in failed
    assert "--repository github.com/OWNER/NAME" in failed


@pytest.mark.parametrize("host", ["github.com", "gitlab.com"])
@pytest.mark.forges(ForgeKind.GITHUB)
def test_a_clone_without_a_remote(fresh_project: Newcomer, host: str) -> None:
    fresh_project.git("remote", "remove", "origin")
    options = ("--repository", f"{host}/acme/team", "--repository-id", "9", "--approvers", "alice=1,bob=2")
    told = fresh_project.init(*options, "--revision", OTHER, environment={})
    assert told["repository"] == {"host": host, "name": "acme/team", "id": 9}
    assert [
        warning for warning in told["warnings"] if "is no release of counterseal that this version knows" in warning
    ]
    kind = ForgeKind.GITHUB if host == "github.com" else ForgeKind.GITLAB
    assert {file["path"] for file in told["files"]} == WRITTEN[kind]
    failed = fresh_project.says("init", "--repository", "evil.example/a/b", environment={}, code=2).errors
    assert "known hosts are github.com, gitlab.com" in failed


@pytest.mark.forges(ForgeKind.GITHUB)
def test_without_a_release_somebody_names_a_commit(fresh_project: Newcomer) -> None:
    options = ("--repository", "github.com/acme/x", "--repository-id", "9", "--approvers", "alice=1,bob=2")
    failed = fresh_project.says("init", "--yes", *options, environment={}, code=2).errors
    assert "no release of counterseal to pin" in failed
    assert "--revision SHA" in failed


# --- layouts ---------------------------------------------------------------------------------


def test_several_projects(shared: FlowWorld, tmp_path: Path) -> None:
    files = {"uv.lock": "", "packages/a/pyproject.toml": "", "packages/b/pyproject.toml": "", "README.md": "# x\n"}
    project = newcomer(shared, tmp_path, files)
    failed = project.says("init", "--yes", code=2).errors
    assert "which of 2 projects is released?" in failed
    assert "--project packages/a" in failed
    project.init("--project", "packages/b")
    text = project.show(next(path for path in project.paths() if path.endswith(("release.yml", ".gitlab-ci.yml"))))
    assert 'project: "packages/b"' in text
    assert 'PROJECT: "packages/b"' in text


def test_a_release_workflow_of_its_own(shared: FlowWorld, tmp_path: Path) -> None:
    gitlab = shared.kind is ForgeKind.GITLAB
    path = ".gitlab-ci.yml" if gitlab else ".github/workflows/ship.yml"
    theirs = "test: {script: [make]}\n" if gitlab else "on: {push: {tags: [v*]}}\njobs: {build: {runs-on: x}}\n"
    project = newcomer(shared, tmp_path, {**PYTHON, path: theirs})
    told = project.init()
    assert project.show(path) == theirs
    assert [paste["path"] for paste in told["pastes"]] == [path]
    assert policy_of(project).builder.workflow == path
    shown = project.says("init", "--dry-run").output
    assert f"paste into {path}: " in shown
    assert "counterseal/counterseal" in shown


def test_no_lock_file(shared: FlowWorld, tmp_path: Path) -> None:
    project = newcomer(shared, tmp_path, {"pyproject.toml": "", "README.md": ""})
    assert [warning for warning in project.init()["warnings"] if warning.startswith("no lock file for .")]


def test_no_protection(shared: FlowWorld, tmp_path: Path) -> None:
    project = newcomer(shared, tmp_path, protected=[])
    (setting, *_) = [
        each for each in project.init()["settings"] if "main" in each["what"] and "schedule" not in each["what"]
    ]
    assert setting["page"].startswith(f"https://{project.host}/{project.name}/")
    assert setting["why"] == "the gate does not decide from a branch that nothing protects"


def test_a_fork(shared: FlowWorld, tmp_path: Path) -> None:
    project, upstream = newcomer(shared, tmp_path), newcomer(shared, tmp_path)
    project.hosted.parent = upstream.hosted.id
    told = project.init()
    assert told["repository"]["id"] == project.hosted.id
    assert [warning for warning in told["warnings"] if f"is a fork of {upstream.name}" in warning]


def test_a_private_repository(shared: FlowWorld, tmp_path: Path) -> None:
    project = newcomer(shared, tmp_path, private=True)
    told = project.init()
    assert told["visibility"] == "private"
    assert [warning for warning in told["warnings"] if "init --publish-names writes it" in warning]
    assert not policy_of(project).publish_names
    project.git("switch", "-q", "main")
    project.git("branch", "-q", "-D", INIT_BRANCH)
    project.init("--publish-names")
    assert policy_of(project).publish_names


def test_another_default_branch(shared: FlowWorld, tmp_path: Path) -> None:
    project = newcomer(shared, tmp_path, branch="trunk/next")
    project.init("--open")
    if shared.kind is ForgeKind.GITHUB:
        promote = yaml.safe_load(project.show(".github/workflows/promote.yml"))
        assert promote[True]["push"]["branches"] == ["trunk/next"]
    else:
        own = policy_of(project).gate.own
        assert own is not None
        assert own.ref == "refs/heads/trunk/next"


@pytest.mark.forges(ForgeKind.GITLAB)
def test_a_subgroup(shared: FlowWorld, tmp_path: Path) -> None:
    project = newcomer(shared, tmp_path, name="team/tools/app")
    project.init()
    text = project.show(".gitlab-ci.yml")
    assert f"gate-identity: https://gitlab.com/{project.name}//.gitlab-ci.yml@refs/heads/main" in text
    assert project.name.count("/") == 3


def test_tags_without_a_letter(shared: FlowWorld, tmp_path: Path) -> None:
    project = newcomer(shared, tmp_path, tags=("1.0.0", "1.1.0"))
    told = project.init()
    assert policy_of(project).builder.refs == ("refs/tags/*.*.*",)
    assert [step for step in told["next"] if "git tag 1.1.1" in step]


def test_an_archived_repository_is_refused(shared: FlowWorld, tmp_path: Path) -> None:
    project = newcomer(shared, tmp_path)
    project.hosted.settings.archived = True
    assert "is archived" in project.says("init", "--yes", code=2).errors


# --- pins ------------------------------------------------------------------------------------


def test_pins_are_moved_and_nothing_else(fresh_project: Newcomer) -> None:
    assert "no file here pins counterseal" in fresh_project.says("init", "--upgrade", OTHER, code=2).errors
    fresh_project.init("--revision", OTHER)
    before = {path: fresh_project.show(path) for path in fresh_project.paths()}
    told = moved(fresh_project)
    assert told["revision"] == DEFAULT_GATE_REVISION
    assert fresh_project.git("symbolic-ref", "--short", "HEAD") == UPGRADE_BRANCH
    after = {path: fresh_project.show(path) for path in fresh_project.paths()}
    assert after == {path: text.replace(OTHER, DEFAULT_GATE_REVISION) for path, text in before.items()}
    assert {each["path"] for each in told["moved"]} == {path for path, text in before.items() if OTHER in text}
    again = moved(fresh_project)
    assert (again["moved"], again["change"]) == ([], None)


def moved(project: Newcomer, *arguments: str) -> Any:
    return json.loads(project.says("init", "--upgrade", "--format", "json", *arguments).output)


@pytest.mark.forges(ForgeKind.GITHUB)
def test_there_is_no_release_yet(fresh_project: Newcomer) -> None:
    options = ("--repository", "github.com/acme/x")
    failed = fresh_project.says("init", "--upgrade", *options, environment={}, code=2).errors
    assert "there is no release of counterseal yet that this version knows" in failed


# --- a terminal ------------------------------------------------------------------------------


@pytest.mark.forges(ForgeKind.GITHUB)
def test_a_person_is_asked_five_things_at_most(fresh_project: Newcomer, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ("alice,bob", "try=1,live=1", "", "alice", "own")
    shown = typed(fresh_project, answers, monkeypatch, "init")
    assert shown.count("(--") == 5
    assert "Who may approve promotions? Logins, by commas (--approvers) [alice,bob,carol]" in shown
    policy = policy_of(fresh_project)
    assert [stage.name for stage in policy.stages] == ["try", "live"]
    assert [person.login for person in policy.groups["maintainers"]] == ["alice", "bob"]
    assert [person.login for person in policy.groups["meta"]] == ["alice"]
    assert policy.gate.own is not None


@pytest.mark.forges(ForgeKind.GITHUB)
def test_of_a_private_repository_a_person_is_asked_whether_names_may_be_public(
    shared: FlowWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = newcomer(shared, tmp_path, private=True)
    shown = typed(project, ("", "", "", "yes", ""), monkeypatch, "init")
    assert shown.count("(--") == 5
    assert "May its name stand in public logs? Without that nothing is signed (--publish-names) (yes, no) [no]" in shown
    assert policy_of(project).publish_names


def typed(project: Newcomer, answers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Return what a person sees on a terminal who types these answers."""
    master, slave = os.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    os.write(master, "".join(f"{line}\n" for line in answers).encode() + b"\x04")
    with open(slave, encoding="utf-8") as keys, open(os.dup(slave), "w", encoding="utf-8") as screen:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", keys)
        with (
            contextlib.chdir(project.clone),
            contextlib.redirect_stderr(screen),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            code = main(arguments, {**project.environment(), "NO_COLOR": "1"})
        screen.flush()
        shown = os.read(master, 1 << 16).decode()
    os.close(master)
    assert code == 0, shown
    return shown
