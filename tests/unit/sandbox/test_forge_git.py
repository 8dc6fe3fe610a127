"""Git over HTTP: who may fetch and push what, and what the forge notes of it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from counterseal_sandbox.forge.github.git import GitHttp
from counterseal_sandbox.forge.model import Forge
from counterseal_sandbox.http import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal_sandbox.forge.repository import HostedRepository


class Clone:
    """A work tree, and git as somebody's hand."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self._url = url
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "1001+alice@users.noreply.github.com")
        self.git("config", "user.name", "alice")

    def git(self, *arguments: str, ok: bool = True) -> str:
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            ("git", *arguments), cwd=self.folder, capture_output=True, text=True, check=False, env=environment
        )
        assert (done.returncode == 0) is ok, done.stderr
        return done.stdout + done.stderr

    def commit(self, name: str) -> str:
        (self.folder / name).write_text(name)
        self.git("add", ".")
        self.git("commit", "-qm", name)
        return self.git("rev-parse", "HEAD").strip()

    def url(self, token: str | None) -> str:
        return self._url.replace("http://", f"http://x-access-token:{token}@") if token else self._url

    def push(self, token: str | None, *what: str, ok: bool = True) -> str:
        return self.git("push", self.url(token), *what, ok=ok)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    running = LoopbackServer()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def repository(server: LoopbackServer, tmp_path: Path) -> HostedRepository:
    forge = Forge(tmp_path / "state")
    GitHttp(forge, server)
    for login in ("alice", "bob", "carol"):
        forge.create_account(login)
    return forge.create_repository("alice/app", collaborators={"bob": "write", "carol": "read"})


def forge_of(repository: HostedRepository) -> Forge:
    assert isinstance(repository.forge, Forge)
    return repository.forge


@pytest.fixture
def clone(server: LoopbackServer, repository: HostedRepository, tmp_path: Path) -> Clone:
    made = Clone(tmp_path / "clone", f"{server.url}/github/git/alice/app.git")
    made.commit("first")
    made.push(forge_of(repository).token("alice"), "main")
    return made


def test_a_push_is_in_the_log_with_its_actor(repository: HostedRepository, clone: Clone) -> None:
    sha = clone.commit("second")
    clone.push(forge_of(repository).token("bob"), "main", "main:refs/heads/work")
    assert repository.branch("main") == repository.branch("work") == sha
    alice, bob = forge_of(repository).account("alice"), forge_of(repository).account("bob")
    assert [(each.ref, each.kind, each.account) for each in repository.activity] == [
        ("refs/heads/main", "branch_creation", alice.id),
        ("refs/heads/main", "push", bob.id),
        ("refs/heads/work", "branch_creation", bob.id),
    ]


def test_heads_of_change_requests_follow_pushes(repository: HostedRepository, clone: Clone) -> None:
    token = forge_of(repository).token("bob")
    clone.git("checkout", "-qb", "work")
    clone.commit("second")
    clone.push(token, "work")
    change = repository.changes.open(forge_of(repository).account("bob"), "work", "main", title="t")
    old = change.head
    clone.git("commit", "-q", "--amend", "-m", "again")
    clone.push(token, "--force", "work")
    assert change.head == clone.git("rev-parse", "HEAD").strip() != old
    assert repository.git.resolve("refs/pull/1/head") == change.head
    assert [each.kind for each in change.timeline] == ["head_ref_force_pushed"]
    clone.push(token, ":work")
    assert change.state == "closed"


def test_a_direct_push_of_a_change_merges_it(repository: HostedRepository, clone: Clone) -> None:
    clone.git("checkout", "-qb", "work")
    head = clone.commit("second")
    token = forge_of(repository).token("bob")
    clone.push(token, "work")
    change = repository.changes.open(forge_of(repository).account("bob"), "work", "main", title="t")
    clone.push(token, "work:main")
    assert (change.merged, change.merge_commit, change.merged_by) == (
        True,
        head,
        forge_of(repository).account("bob").id,
    )


@pytest.mark.parametrize("what", [("--force", "HEAD~1:main"), (":main",), ("--force", "--atomic", "HEAD~1:main")])
def test_protected_branches_are_neither_rewound_nor_deleted(
    repository: HostedRepository, clone: Clone, what: tuple[str, ...]
) -> None:
    token, sha = forge_of(repository).token("alice"), clone.commit("second")
    clone.push(token, "main")
    said = clone.push(token, *what, ok=False)
    assert "GH006: Protected branch update failed for refs/heads/main" in said
    assert "hook declined" in said
    assert repository.branch("main") == sha


def test_an_atomic_push_moves_notes_and_branch_or_nothing(repository: HostedRepository, clone: Clone) -> None:
    token = forge_of(repository).token("bob")
    notes, both = (
        "refs/notes/counterseal",
        ("refs/notes/counterseal", "refs/notes/counterseal:refs/heads/counterseal-ledger"),
    )
    clone.git("notes", "--ref=counterseal", "add", "-m", "one")
    clone.push(token, "--atomic", *both)
    one = repository.git.resolve(notes)
    assert one == repository.branch("counterseal-ledger")
    clone.git("notes", "--ref=counterseal", "add", "-f", "-m", "two")
    clone.push(token, "--atomic", *both)
    two = repository.git.resolve(notes)
    said = clone.push(token, "--atomic", f"+{one}:{notes}", f"+{one}:refs/heads/counterseal-ledger", ok=False)
    assert "hook declined" in said
    assert repository.git.resolve(notes) == repository.branch("counterseal-ledger") == two != one
    clone.push(token, f"+{one}:{notes}")  # nothing protects a notes ref
    assert repository.git.resolve(notes) == one


def test_the_heads_of_change_requests_are_not_pushed_to(repository: HostedRepository, clone: Clone) -> None:
    said = clone.push(forge_of(repository).token("alice"), "main:refs/pull/1/head", ok=False)
    assert "rejected" in said
    assert repository.git.resolve("refs/pull/1/head") is None


def test_who_may_push(repository: HostedRepository, clone: Clone) -> None:
    forge = forge_of(repository)
    clone.commit("second")
    for token in (
        forge.token("carol"),
        forge.run_token(repository, {"contents": "read"}),
        forge.run_token(repository, {}),
    ):
        assert "403" in clone.push(token, "main", ok=False)
    clone.push(None, "main", ok=False)
    clone.push("wrong", "main", ok=False)
    other = forge.create_repository("bob/other")
    assert "403" in clone.push(forge.run_token(other, {"contents": "write"}), "main", ok=False)
    clone.push(forge.run_token(repository, {"contents": "write"}), "main")
    assert repository.activity[-1].account == forge.accounts.actions_bot.id


def test_who_may_fetch(repository: HostedRepository, clone: Clone) -> None:
    forge = forge_of(repository)
    clone.git("ls-remote", clone.url(None))
    repository.private = True
    clone.git("ls-remote", clone.url(None), ok=False)
    clone.git("ls-remote", clone.url("wrong"), ok=False)
    outsider = forge.create_account("mallory")
    clone.git("ls-remote", clone.url(forge.token(outsider.login)), ok=False)
    clone.git("ls-remote", clone.url(forge.token("carol")))
    clone.git("ls-remote", clone.url(forge.run_token(repository, {})), ok=False)
    clone.git("ls-remote", clone.url(forge.run_token(repository, {"contents": "read"})))


def test_a_partial_clone_and_any_commit_by_its_id(repository: HostedRepository, clone: Clone, tmp_path: Path) -> None:
    tip = clone.git("rev-parse", "HEAD").strip()
    clone.git("clone", "-q", "--bare", "--filter=blob:none", clone.url(None), str(tmp_path / "partial"))
    missing = clone.git("-C", str(tmp_path / "partial"), "rev-list", "--objects", "--missing=print", "--all")
    assert "?" in missing
    clone.git("fetch", "-q", "--depth=1", clone.url(None).removesuffix(".git"), tip)


def test_what_is_no_git_is_written_down(server: LoopbackServer, repository: HostedRepository) -> None:
    import requests

    answer = requests.get(f"{server.url}/github/git/alice/app.git/objects/info/packs", timeout=10)
    assert answer.status_code == 501
    assert forge_of(repository).unknown_calls == ["git GET /alice/app.git/objects/info/packs"]
