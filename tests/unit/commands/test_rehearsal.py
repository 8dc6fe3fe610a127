"""What `sandbox --for` reads from a clone, and what it refuses before anything is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests import clones

from counterseal.adapters.git.clone import GitClone
from counterseal.commands import rehearsal
from counterseal.errors import CountersealError, UsageError
from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.commands.rehearsal import Rehearsal

OTHERS = ", ".join(f"{{id: {n}, login: {name}, host: git.example}}" for n, name in ((1, "a"), (2, "b"), (3, "c")))
GITHUB = clones.policy(ForgeKind.GITHUB)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone of a project at GitHub."""
    return clones.make(tmp_path / "app", ForgeKind.GITHUB)


def plan(folder: Path, **inputs: Any) -> Rehearsal:
    return rehearsal.plan(GitClone(folder), rehearsal.RehearsalInputs(**inputs), bytes)


def with_policy(folder: Path, *changes: tuple[str, str]) -> Rehearsal:
    text = GITHUB
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / POLICY_PATH).write_text(text)
    clones.commit(folder)
    return plan(folder)


def test_the_committed_state_is_what_is_copied(clone: Path) -> None:
    head = clones.git(clone, "rev-parse", "HEAD")
    (clone / POLICY_PATH).write_text("nonsense")
    found = plan(clone / "src", private=True, build="make")
    assert (found.name, found.number, found.revision, found.branch) == ("ACME/app", 701, head, "main")
    assert found.policy.ledger_id == f"github.com/701/{'00' * 16}"
    assert [person.login for person in found.people] == ["alice", "bob", "carol"]
    assert (found.asker, found.approvers, found.tag) == ("asker", ("alice",), "v0.0.1-rehearsal")
    assert (found.private, found.build) == (True, "make")
    assert found.warnings == ("what is not committed is not in the copy",)
    assert clones.git(clone, "status", "--porcelain") == f"M {POLICY_PATH}"


def test_a_copy_never_has_the_number_of_the_real_one(clone: Path) -> None:
    assert with_policy(clone, ("/777/", "/701/")).number == 702


def test_whoever_asks_is_nobody_of_the_policy(clone: Path) -> None:
    found = with_policy(clone, ("login: bob", "login: Asker"), ("login: carol", "login: asker-2"))
    assert found.asker == "asker-3"


def test_an_owner_whom_the_policy_names_is_that_person(clone: Path) -> None:
    clones.git(clone, "remote", "set-url", "origin", "https://token@github.com/BOB/app.git")
    assert plan(clone).name == "bob/app"


def test_an_own_gate_is_bound_to_its_branch(clone: Path) -> None:
    clones.git(clone, "switch", "-q", "-c", "set-it-up")
    assert plan(clone).branch == "set-it-up"
    own = ("gate: counterseal", "gate: {github: {workflow: .github/workflows/promote.yml, ref: refs/heads/trunk}}")
    assert with_policy(clone, own).branch == "trunk"
    clones.git(clone, "switch", "-q", "--detach")
    assert plan(clone).branch == "trunk"


def test_a_tag_that_is_there_is_not_proposed(clone: Path) -> None:
    clones.git(clone, "tag", "v0.0.1-rehearsal")
    assert plan(clone).tag == "v0.0.2-rehearsal"
    assert plan(clone, tag="v1.0.0").tag == "v1.0.0"


def test_only_people_with_an_account_there_are_asked_to_approve(clone: Path) -> None:
    others = ("{id: 1001, login: alice}", "{id: 1001, login: alice, host: git.example}")
    found = with_policy(clone, others)
    assert [person.login for person in found.people] == ["bob", "carol"]
    assert found.approvers == ("bob",)


def test_files_that_nothing_would_run_are_named(clone: Path) -> None:
    clones.git(clone, "rm", "-q", ".github/workflows/release.yml")
    clones.commit(clone)
    assert plan(clone).warnings == (
        "the builder's file .github/workflows/release.yml is not committed: in CI nothing would run",
    )


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"tag": "v1.0.0"}, "is in the clone already"),
        ({"tag": "release-1"}, "would start no build"),
        ({"tag": "v1 0"}, "would start no build"),
        ({"tag": "v1;id"}, "would start no build"),
        ({"tag": "v$(id)"}, "would start no build"),
    ],
)
def test_tags_that_could_not_be_promoted(inputs: dict[str, str], said: str, clone: Path) -> None:
    clones.git(clone, "tag", "v1.0.0")
    with pytest.raises(UsageError, match=said):
        plan(clone, **inputs)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("ledger: {id: github.com/", "ledger: {id: git.example/"), "the ledger is at git.example"),
        (("refs: [refs/tags/v*]", "refs: [refs/heads/main]"), "no tag can be proposed"),
        (("{id: 1001, login: alice}, {id: 1002, login: bob}, {id: 1003, login: carol}", OTHERS), "nobody can approve"),
        (("login: bob", "login: Alice"), "Alice is account 1001"),
    ],
)
def test_policies_that_cannot_be_rehearsed(change: tuple[str, str], said: str, clone: Path) -> None:
    with pytest.raises(CountersealError, match=said):
        with_policy(clone, change)


def test_without_a_committed_policy_there_is_nothing_to_rehearse(clone: Path, tmp_path: Path) -> None:
    clones.git(clone, "rm", "-q", POLICY_PATH)
    clones.commit(clone)
    (clone / POLICY_PATH).parent.mkdir()
    (clone / POLICY_PATH).write_text(GITHUB)
    for folder in (clone, _empty(tmp_path / "empty")):
        with pytest.raises(UsageError, match="is committed in"):
            plan(folder)


def test_a_copy_needs_the_whole_history(clone: Path, tmp_path: Path) -> None:
    clones.commit(clone)
    clones.git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", "shallow")
    with pytest.raises(UsageError, match="is a shallow clone") as caught:
        plan(tmp_path / "shallow")
    assert caught.value.fix == "git fetch --unshallow"


def test_a_link_is_no_policy(clone: Path) -> None:
    (clone / POLICY_PATH).rename(clone / "policy.yml")
    (clone / POLICY_PATH).symlink_to("../policy.yml")
    clones.commit(clone)
    with pytest.raises(UsageError, match="is committed in"):
        plan(clone)


def _empty(folder: Path) -> Path:
    folder.mkdir()
    clones.git(folder, "init", "-q")
    return folder
