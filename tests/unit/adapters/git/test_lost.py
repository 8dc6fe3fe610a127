"""Commits that no ref of a real remote points to any more are brought by their ids, or are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit import git_remotes as remotes
from tests.unit.git_remotes import git

from counterseal import ledger
from counterseal.adapters.git.ledger import GitLedgerStore
from counterseal.adapters.git.lost import GitLostTips
from counterseal.errors import FormatError, LedgerError, ServiceError
from counterseal.identifiers import MIRROR_REF, NOTES_REF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal_sandbox.http import LoopbackServer


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return remotes.bare(tmp_path / "remotes" / "app.git")


@pytest.fixture
def server(remote: Path) -> Iterator[LoopbackServer]:
    server = remotes.serve(remote.parent)
    yield server
    server.stop()


@pytest.fixture
def tips(tmp_path: Path, server: LoopbackServer) -> GitLostTips:
    return GitLostTips(f"{server.url}/git/app.git", tmp_path / "lost.git", token=None, user="x-access-token")


@pytest.fixture
def lost(tmp_path: Path, remote: Path) -> list[str]:
    """Return three commits of a ledger of which the remote has no ref any more, oldest first."""
    store = GitLedgerStore(str(remote), tmp_path / "gate.git", token=None)
    commits = []
    for number in range(3):
        assert store.push(store.fetch(), ledger.note_key(number), b'{"n":%d}' % number, f"entry {number}")
        commits.append(str(store.fetch().mirror))
    for ref in (NOTES_REF, MIRROR_REF):
        git(remote, "update-ref", "-d", ref)
    return commits


def test_a_commit_without_a_ref(tips: GitLostTips, lost: list[str]) -> None:
    assert tips.bring(lost[1])
    assert tips.history(lost[1]) == [lost[1], lost[0]]
    stored = tips.stored(lost[1])
    assert (stored.notes, stored.mirror, stored.removed) == (lost[1], lost[1], None)
    assert {line.line for line in stored.lines} == {b'{"n":0}', b'{"n":1}'}
    assert tips.bring(lost[2])
    assert tips.history(lost[2], [lost[1]]) == [lost[2]]
    assert len(tips.stored(lost[2]).lines) == 3


def test_a_commit_that_the_remote_has_lost(remote: Path, tips: GitLostTips, lost: list[str]) -> None:
    git(remote, "reflog", "expire", "--expire=now", "--all")
    git(remote, "gc", "--quiet", "--prune=now")
    assert not tips.bring(lost[2])
    assert not tips.bring("12" * 20)


def test_what_took_something_away_is_told(remote: Path, tips: GitLostTips, lost: list[str]) -> None:
    made = git(remote, "commit-tree", f"{lost[0]}^{{tree}}", "-p", lost[2], "-m", "tidy up").strip()
    assert tips.bring(made)
    assert "removed" in str(tips.stored(made).removed)


def test_what_is_no_note(remote: Path, tips: GitLostTips) -> None:
    blob = git(remote, "hash-object", "-w", "config").strip()
    tree = git(remote, "mktree", data=f"100644 blob {blob}\tREADME.md\n".encode()).strip()
    made = git(remote, "commit-tree", tree, "-m", "hello").strip()
    assert tips.bring(made)
    with pytest.raises(LedgerError, match=r"'README\.md' in the ledger's notes is not a note"):
        tips.stored(made)


@pytest.mark.parametrize("name", ["--upload-pack=evil", "refs/heads/main", "ab" * 19, "", "AB" * 20])
def test_a_name_that_is_no_commit_comes_not_near_git(tips: GitLostTips, name: str) -> None:
    for ask in (tips.bring, tips.history, tips.stored):
        with pytest.raises(FormatError, match="is not a commit id"):
            ask(name)


def test_a_remote_that_is_away_has_lost_nothing(tmp_path: Path, lost: list[str]) -> None:
    away = GitLostTips(str(tmp_path / "nowhere.git"), tmp_path / "x.git", token=None, user="x-access-token")
    with pytest.raises(ServiceError, match=f"git could not fetch {lost[0][:12]}"):
        away.bring(lost[0])
