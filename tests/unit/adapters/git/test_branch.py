"""A branch in somebody's clone: made beside the working tree, pushed from a copy; nothing of theirs is lost."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.unit import git_remotes

from counterseal.adapters.git.branch import GitBranch
from counterseal.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"a/b.txt": b"one\n", "c.txt": b"\xff\r\n"}


def git(folder: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(("git", *arguments), cwd=folder, env=environment, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "surrogateescape").strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Bób <x")
    git(folder, "config", "user.email", "bob@people.example")
    (folder / "README").write_text("x")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", "--bare", str(folder), "remote.git")
    return folder


def branch(clone: Path, url: str | None = None) -> GitBranch:
    return GitBranch(clone, url or str(clone.parent / "remote.git"), None, "")


def test_bytes_arrive_as_they_are(clone: Path) -> None:
    (clone / ".gitattributes").write_text("* text eol=lf\n")
    commit = branch(clone).write("new", FILES, "Why")
    assert git(clone, "rev-parse", "HEAD", "new").split() == [commit, commit]
    assert git(clone, "rev-parse", "HEAD:c.txt") == git_remotes.git(clone, "hash-object", "--stdin", data=b"\xff\r\n")
    assert git(clone, "log", "-1", "--format=%an|%ae|%cn|%s") == "Bób x|bob@people.example|Bób x|Why"
    assert git(clone, "ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD").splitlines() == [
        "100644 README",
        "100644 a/b.txt",
        "100644 c.txt",
    ]


def test_on_the_branch_itself_it_adds_a_commit(clone: Path) -> None:
    first = branch(clone).write("new", FILES, "one")
    second = branch(clone).write("new", {"d.txt": b"two\n"}, "two")
    assert git(clone, "rev-parse", "HEAD~1") == first
    assert git(clone, "rev-parse", "HEAD") == second
    assert (clone / "d.txt").read_bytes() == b"two\n"
    assert git(clone, "status", "--porcelain") == ""


def test_what_is_staged_stays_staged_and_goes_into_no_commit(clone: Path) -> None:
    (clone / "mine").write_text("mine")
    git(clone, "add", "mine")
    branch(clone).write("new", FILES, "Why")
    assert git(clone, "status", "--porcelain") == "A  mine"
    assert "mine" not in git(clone, "ls-tree", "--name-only", "HEAD")


def test_a_file_that_git_does_not_know_is_not_overwritten(clone: Path) -> None:
    (clone / "c.txt").write_text("mine")
    with pytest.raises(UsageError, match="nothing was changed"):
        branch(clone).write("new", FILES, "Why")
    assert (clone / "c.txt").read_text() == "mine"
    assert git(clone, "symbolic-ref", "--short", "HEAD") == "main"
    assert git(clone, "branch", "--list", "new") == ""


def test_a_folder_that_is_a_link_is_not_written_through(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (clone / "a").symlink_to(tmp_path / "outside")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "link")
    with pytest.raises((ServiceError, UsageError)):
        branch(clone).write("new", FILES, "Why")
    assert list((tmp_path / "outside").iterdir()) == []


def test_hooks_and_signatures_of_the_clone_do_not_run(clone: Path, tmp_path: Path) -> None:
    for name in ("pre-commit", "post-checkout", "pre-push", "reference-transaction", "post-merge"):
        hook = clone / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
        hook.chmod(0o755)
    git(clone, "config", "commit.gpgSign", "true")
    git(clone, "config", "gpg.program", "/bin/false")
    branch(clone).write("new", FILES, "Why")
    branch(clone).write("new", {"e": b""}, "Why")
    branch(clone).push("new")
    assert not (tmp_path / "pwned").exists()


def test_it_is_pushed_where_it_was_told_and_not_where_the_clone_says(clone: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "evil.git")
    git(clone, "config", f"url.{tmp_path}/evil.git.insteadOf", str(tmp_path / "remote.git"))
    commit = branch(clone).write("new", FILES, "Why")
    branch(clone).push("new")
    branch(clone).push("new")
    assert git(tmp_path / "remote.git", "rev-parse", "new") == commit
    assert git(tmp_path / "evil.git", "for-each-ref") == ""


def test_a_branch_that_moved_at_the_forge_is_not_forced(clone: Path, tmp_path: Path) -> None:
    branch(clone).write("new", FILES, "Why")
    other = git_remotes.git(tmp_path / "remote.git", "commit-tree", "-m", "other", "main^{tree}")
    git(tmp_path / "remote.git", "update-ref", "refs/heads/new", other)
    with pytest.raises(ServiceError, match="the branch new could not be pushed") as caught:
        branch(clone).push("new")
    assert "git push -u origin new" in caught.value.fix
    assert git(tmp_path / "remote.git", "rev-parse", "new") == other


def test_nobody_commits_nameless(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(clone, "config", "--unset", "user.email")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    with pytest.raises(UsageError, match="git does not know who you are"):
        branch(clone).write("new", FILES, "Why")


def test_a_person_is_who_their_own_configuration_says(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[user]\n\tname = Global\n\temail = g@people.example\n")
    git(clone, "config", "--remove-section", "user")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    branch(clone).write("new", FILES, "Why")
    assert git(clone, "log", "-1", "--format=%an <%ae>") == "Global <g@people.example>"


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(UsageError, match="has no commit yet"):
        branch(tmp_path).write("new", FILES, "Why")
